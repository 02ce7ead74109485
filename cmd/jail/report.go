package main

import (
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/plan"
)

// report prints diagnostics and returns the exit status that they stand for:
// 127 and 126 for a program that can't be found or executed, 125 for anything
// else.
func (a *app) report(sources *diag.Sources, list diag.List) int {
	_, _ = io.WriteString(a.err, diag.Render(list, sources, colorful(a.err))) // an error could not be reported
	status := plan.ExitFailed
	for i := range list {
		switch list[i].Code {
		case plan.CodeNotFound:
			return plan.ExitNotFound
		case plan.CodeNotExecutable:
			status = plan.ExitNotExecutable
		}
	}
	return status
}

// fail prints one error without a place.
func (a *app) fail(summary, remedy string) int {
	return a.report(nil, diag.List{{Code: "failed", Summary: summary, Remedy: remedy}})
}

// colorful tells whether colours would be seen and are wanted
// (https://no-color.org).
func colorful(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return err == nil
}
