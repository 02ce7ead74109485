package main

import (
	"errors"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/standin"
)

// compile makes a plan. For a launch, jail's own directories are made first
// where the program could make them: a jail guards what is there.
func (l *prepared) compile() (*compile.Compiled, diag.List) {
	c, problems := compile.Compile(l.policy, l.host, l.command)
	if !l.launching && slices.ContainsFunc(problems, func(d diag.Diagnostic) bool { return d.Code == compile.CodeStream }) {
		// Where what is printed goes is nothing about the plan.
		l.host.Stdio = [3]host.Stream{}
		c, problems = compile.Compile(l.policy, l.host, l.command)
	}
	if problems.HasErrors() || !l.launching {
		return c, problems
	}
	made := false
	for _, dir := range c.View.Unguarded(&l.host.Own) {
		switch err := os.MkdirAll(dir, 0o700); {
		case err == nil:
			made = true
		case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM), errors.Is(err, unix.EROFS): // nor can the program
		default:
			return c, diag.List{{Code: "own-directory", Summary: "a directory that only jail may make can't be made: " + err.Error()}}
		}
	}
	if made {
		c, problems = compile.Compile(l.policy, l.host, l.command)
	}
	return c, problems
}

// sweep removes what launchers that were killed left on the host, and returns
// the directories in which that was.
func sweep(h *host.Host) []string {
	if records := h.Own.StandIns(); records != "" {
		return standin.Sweep(records)
	}
	return nil
}
