package main

import (
	"github.com/jail-project/jail/cmd/jail/internal/search"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/launchcache"
	"github.com/jail-project/jail/seccomp"
	"github.com/jail-project/jail/seccomp/libseccomp"
)

// filterProgram gets the program of a launch's syscall filter. It is false when
// there is none, and the user was told.
func (a *app) filterProgram(l *loaded) bool {
	if l.command.Filter != nil {
		return true
	}
	program, source, err := search.Filters(l.host).Program(compile.FilterOf(l.policy))
	if err != nil {
		a.report(l.sources, diag.List{{
			Code: "filter", Summary: "the syscall filter can't be made: " + err.Error(), Subject: l.policy.Syscalls.Default.At,
		}})
		return false
	}
	if source.Warning != nil {
		a.report(l.sources, diag.List{{Severity: diag.Warning, Code: "filter-cache", Summary: source.Warning.Error()}})
	}
	l.command.Filter = program
	// A shared library can be upgraded without this binary: the filter that is kept with
	// the launch is compiled again then, like those in the cache.
	if source.From != seccomp.Shipped {
		if file := libseccomp.File(); file != "" {
			l.memory.inputs.Add(launchcache.Program, file)
		}
	}
	return true
}
