// Package launchcache keeps what the last launch of a command line loaded: the
// policy, and the program of its syscall filter. The next launch of the same
// command line takes both from one file, which is read and verified in a
// fraction of the time that profiles take.
//
// A cache entry is found by the Key of a Request, which holds everything that decides
// about the policy beside files. For each file, the entry has a Stamp: the result of
// stat(2) on a file that was read or listed, or that was missing. Find calls stat(2)
// again, and uses an entry only when all results are the same. Add writes an entry, but
// not when a file was changed so shortly before that a further change might not change
// its stamp. The user sees no error: without an entry, or with a damaged one, profiles
// are read.
package launchcache

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/seccomp"
	"github.com/jail-project/jail/wire"
)

// Request is all that decides, beside files, which policy a launch gets.
type Request struct {
	// Binaries are the absolute paths of jail's own programs. Their files
	// are inputs of every entry: another build loads for itself.
	Binaries []string
	UID      int
	// Config is jail's directory in the user's configuration, which HOME and
	// XDG_CONFIG_HOME decide; "" for none.
	Config string
	// Line is the command line up to the name of the program, its last
	// element: the flags, and where in the line everything stands.
	Line []string
	// Cwd is the working directory, and Path the variable PATH. They count
	// only where Line makes them: Cwd when there are flags, which may hold
	// relative paths, and Path when the program is named by a path.
	Cwd, Path string
}

// Launch is what a cache entry keeps.
type Launch struct {
	Policy *policy.Policy
	// Program is that of the filter which the policy asks for, nil for none.
	Program seccomp.Program
}

// Key is what a cache entry is found by.
type Key [sha256.Size]byte

// String is the key in hexadecimal.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// Key is different for requests that may load different policies.
func (r *Request) Key() Key {
	text := make([]byte, 0, 512)
	list := func(parts []string) {
		text = wire.AppendNumber(text, uint64(len(parts)))
		for _, part := range parts {
			text = wire.AppendBytes(text, part)
		}
	}
	text = wire.AppendBytes(text, heading)
	list(r.Binaries)
	text = wire.AppendNumber(text, uint64(r.UID))
	text = wire.AppendBytes(text, r.Config)
	list(r.Line)
	// The value of a flag that begins with "-" counts as a flag, which does no harm.
	isFlag := func(arg string) bool { return strings.HasPrefix(arg, "-") }
	if slices.ContainsFunc(r.Line[1:len(r.Line)-1], isFlag) {
		text = wire.AppendBytes(text, r.Cwd)
	}
	if strings.Contains(r.Line[len(r.Line)-1], "/") {
		text = wire.AppendBytes(text, r.Path)
	}
	return sha256.Sum256(text)
}
