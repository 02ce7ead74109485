// A process that mostly waits need not follow how many processors its control
// group leaves to it; the runtime would start a goroutine and a thread for that.
//
//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0

// Command jail-launcher is what is installed as bin/jail: a small program that
// launches a jail from what the cache has of an earlier launch of the same command
// line. Everything else it leaves to the whole program, which it executes: it reads no
// profiles, knows no flags, and starts faster for it.
package main

import (
	"os"
	"syscall"

	"github.com/jail-project/jail/cmd/internal/build"
	"github.com/jail-project/jail/cmd/internal/launcher"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/plan"
)

func main() { os.Exit(run()) }

func run() int {
	launcher.Prepare()
	self, err := os.Executable()
	if err != nil {
		return fail("cannot find jail's own file: "+err.Error(), "")
	}
	whole, marked, err := build.Beside(self)
	if err != nil {
		return fail(err.Error(), "install jail anew")
	}
	if status, done := launcher.Relaunch(os.Environ(), []string{self, whole}, os.Args, os.Stderr); done {
		return status
	}
	err = syscall.Exec(whole, os.Args, marked)
	return fail("cannot execute "+diag.Quote(whole)+", the other part of jail: "+err.Error(), "install jail anew: bin/jail and libexec/jail/jail belong together")
}

func fail(summary, remedy string) int {
	launcher.Report(os.Stderr, diag.Diagnostic{Code: "failed", Summary: summary, Remedy: remedy})
	return plan.ExitFailed
}
