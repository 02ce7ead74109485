//go:build !cgo

package libseccomp

import (
	"errors"

	"github.com/jail-project/jail/seccomp"
)

// Compile has nothing to compile with.
func Compile(seccomp.Filter) (seccomp.Program, error) {
	return nil, errors.New("this jail was built without cgo and has the filters of the shipped profiles only: " +
		"build it with CGO_ENABLED=1, a C compiler and the headers of libseccomp (libseccomp-dev)")
}

// Version is that of nothing.
func Version() string { return "" }

// File is that of nothing.
func File() string { return "" }
