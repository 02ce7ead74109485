//go:build cgo

package libseccomp

import (
	"fmt"
	"os"
	"path"
	"strings"

	library "github.com/seccomp/libseccomp-golang"
)

// Version says which release of the library is in use: of a shared one that
// which was loaded, whatever this program was built with. How filters are made
// into rules for it is part of the filters' own keys, see seccomp.EncodeFilter.
func Version() string {
	major, minor, micro := library.GetLibraryVersion()
	return fmt.Sprintf("libseccomp %d.%d.%d", major, minor, micro)
}

// File is where the library lies, and "" when it is linked into this program.
// A program that another file decided about is worth no more than that file.
func File() string {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return ""
	}
	return fileIn(maps)
}

// fileIn finds the library in a list of mappings, see proc_pid_maps(5): the
// path is all that follows the fifth field.
func fileIn(maps []byte) string {
	for line := range strings.Lines(string(maps)) {
		if at := strings.IndexByte(line, '/'); at >= 0 {
			file := strings.TrimSuffix(line[at:], "\n")
			if strings.HasPrefix(path.Base(file), "libseccomp.so") {
				return file
			}
		}
	}
	return ""
}
