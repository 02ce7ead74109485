package main

import (
	"os"

	"github.com/jail-project/jail/cmd/jail/internal/measurement"
	"github.com/jail-project/jail/score/probe"
)

// probeVerb answers the questions on standard input. It does so only where
// score has started it: made from sealed memory.
func probeVerb(a *app, name string) int {
	if !probe.Sealed() {
		return a.fail("this is a part of `jail score --measure` and cannot be used by itself", "")
	}
	if err := measurement.Serve(name, os.Stdin, os.Stdout); err != nil {
		return a.fail(err.Error(), "")
	}
	return 0
}
