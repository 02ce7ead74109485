package main

import (
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/launch"
	"github.com/jail-project/jail/registry"
)

// placeOf is where this caller's running jails are recorded.
func placeOf(h *host.Host) registry.Place {
	return registry.Place{Runtime: h.Dirs["XDG_RUNTIME_DIR"], State: h.Own.State}
}

// register records a jail for ps, enter, stop and inspect. It is called when
// the program runs, so that nobody waits for it. Without a place for records, the
// jail is only not found by those.
func register(l *prepared, c *compile.Compiled, process *launch.Process) *registry.Registration {
	entry, err := c.Entry(process.Sockets()).Encode()
	if err != nil {
		return nil
	}
	record, err := registry.Register(placeOf(l.host), &registry.Launch{
		Profile: c.Plan.Profile, Program: c.Plan.Path, First: process.First(), Main: process.Pid(), Cgroup: l.group.inside(), Entry: entry,
	})
	if err != nil {
		return nil
	}
	return record
}
