// Command jail-filter compiles one syscall filter: it reads a filter as
// seccomp.EncodeFilter wrote it on standard input, and writes its program as
// seccomp.DecodeProgram reads it on standard output. It exits with 0, or with 1
// and one line of text on standard error.
//
// It is a program of its own because it is linked with libseccomp, whose start
// takes longer than a launch, and which is needed only for filters that nobody
// compiled before. Package compiler runs it; nothing in it is for people.
package main

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/seccomp/libseccomp"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run answers one request.
func run(args []string, in, out *os.File) error {
	if len(args) > 0 {
		return errors.New("jail-filter takes no arguments: jail runs it to compile syscall filters")
	}
	if terminal(in) || terminal(out) {
		return errors.New("jail-filter is not for terminals: jail runs it to compile syscall filters")
	}
	return libseccomp.Serve(in, out)
}

// terminal tells whether a file is one.
func terminal(file *os.File) bool {
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return err == nil
}
