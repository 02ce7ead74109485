// A process that mostly waits need not follow how many processors its control
// group leaves to it; the runtime would start a goroutine and a thread for that.
//
//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0

// Command jail runs programs with only what their profile grants.
//
// Each verb is a file of this package: it wires the packages together and
// prints. `jail PROGRAM` is `jail run PROGRAM`; a program that has the name of
// a verb is reached with `jail run NAME` or `jail -- NAME`.
package main

import (
	"io"
	"os"

	"github.com/jail-project/jail/terminal"
)

// app is what the verbs share: the streams, and the command line as the
// user typed it, for diagnostics that point into it.
type app struct {
	out, err io.Writer
	line     commandLine
	// terminal is what the program's is to be like; nil for a program without.
	terminal *terminal.Terminal
	// caller is the launcher that has executed this program, "" for none, and programs
	// are jail's own files.
	caller   string
	programs []string
}

func main() { os.Exit(realMain(os.Args)) }
