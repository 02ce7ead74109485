// Package compiler has syscall filters compiled by the program jail-filter (see
// cmd/jail-filter), which is linked with libseccomp as jail is not.
//
// The program is part of the jail binary that `make build` makes, and is run
// from memory. A binary that was built otherwise uses the file jail-filter in
// its own directory or in /usr/libexec/jail. Nothing is looked up along PATH or
// in the current directory.
//
// What comes back is used only when it is whole and a program for the filter
// that was asked for.
package compiler

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/memfile"
	"github.com/jail-project/jail/seccomp"
)

// built holds what `make build` put into bin.
//
//go:embed bin
var built embed.FS

// The files of bin.
const (
	programFile = "bin/jail-filter"
	versionFile = "bin/version"
)

// compiler says where the program is looked for.
type compiler struct {
	built fs.FS
	files []string // absolute paths, asked in order
	limit time.Duration
}

// own is the compiler of this binary.
func own() compiler {
	c := compiler{built: built, limit: 10 * time.Second}
	if self, err := os.Executable(); err == nil {
		c.files = append(c.files, filepath.Join(filepath.Dir(self), "jail-filter"))
	}
	c.files = append(c.files, "/usr/libexec/jail/jail-filter")
	return c
}

// Compile makes the program of a filter, in another process. It takes at most
// ten seconds, and some 20 milliseconds usually.
func Compile(f seccomp.Filter) (seccomp.Program, error) { return own().compile(f) }

// Version says which program Compile runs, so that another one, or one with
// another release of libseccomp, gives another text; "" when there is none. It
// costs microseconds.
func Version() string { return own().version() }

func (c compiler) version() string {
	if text, err := fs.ReadFile(c.built, versionFile); err == nil {
		return strings.TrimSpace(string(text))
	}
	for _, path := range c.files {
		var stat unix.Stat_t
		if err := unix.Stat(path, &stat); err == nil && trusted(&stat) == nil {
			return fmt.Sprintf("%s %d %d %d", path, stat.Ino, stat.Size, stat.Ctim.Nano())
		}
	}
	return ""
}

func (c compiler) compile(f seccomp.Filter) (seccomp.Program, error) {
	request := seccomp.EncodeFilter(f)
	if len(request) > seccomp.MaxFilter {
		return nil, errors.New("the syscall filter has more rules than the kernel has room for")
	}
	executable, err := c.open()
	if err != nil {
		return nil, err
	}
	defer executable.Close()
	answer, err := run(executable, request, c.limit)
	if err != nil {
		return nil, err
	}
	program, err := seccomp.DecodeProgram(f, answer)
	if err != nil {
		return nil, fmt.Errorf("the answer of jail-filter cannot be used: %w", err)
	}
	return program, nil
}

// open returns the program, ready to be executed by its descriptor.
func (c compiler) open() (*os.File, error) {
	var problems []error
	if text, err := fs.ReadFile(c.built, programFile); err == nil {
		file, err := memfile.Executable("jail-filter", text)
		if err == nil {
			return file, nil
		}
		problems = append(problems, err)
	}
	for _, path := range c.files {
		file, err := openTrusted(path)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, err)
		}
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("the compiler of syscall filters cannot be used: %w", errors.Join(problems...))
	}
	return nil, fmt.Errorf("this jail was built without the compiler of syscall filters, and there is none at %s: "+
		"build jail with `make build`", strings.Join(c.files, " or "))
}
