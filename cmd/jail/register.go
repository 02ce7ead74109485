package main

import (
	"github.com/jail-project/jail/jail"
	"github.com/jail-project/jail/registry"
)

// placeOf is where this caller's running jails are recorded.
func placeOf(h *jail.Host) registry.Place {
	return registry.Place{Runtime: h.Dirs["XDG_RUNTIME_DIR"], State: h.Own.State}
}

// register records a jail for ps, enter, stop and inspect. It is called when
// the program runs, so that nobody waits for it. Without a place for records, the
// jail is only not found by those.
func register(h *jail.Host, plan *jail.Plan, process *jail.Process) *registry.Registration {
	entry, err := plan.Entry().Encode()
	if err != nil {
		return nil
	}
	record, err := registry.Register(placeOf(h), &registry.Launch{
		Profile: plan.Profile, Program: plan.Path, First: process.First(), Main: process.Pid(), Cgroup: groupOf(plan), Entry: entry,
	})
	if err != nil {
		return nil
	}
	return record
}
