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
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/terminal"
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
	if status, done := relaunch([]string{self, whole}); done {
		return status
	}
	err = syscall.Exec(whole, os.Args, marked)
	return fail("cannot execute "+diag.Quote(whole)+", the other part of jail: "+err.Error(), "install jail anew: bin/jail and libexec/jail/jail belong together")
}

// relaunch launches a jail from the cache. It reports no error: the whole program runs
// into the same one and can say more.
func relaunch(programs []string) (status int, done bool) {
	if len(os.Args) < 2 {
		return 0, false
	}
	h, err := host.Read(os.Environ(), programs...)
	if err != nil {
		return 0, false
	}
	if h.Terminal, err = terminal.Find(); err != nil {
		return 0, false
	}
	return launcher.Relaunch(h, os.Args, os.Stderr)
}

func fail(summary, remedy string) int {
	failed := diag.List{{Code: "failed", Summary: summary, Remedy: remedy}}
	_, _ = os.Stderr.WriteString(diag.Render(failed, nil, false))
	return plan.ExitFailed
}
