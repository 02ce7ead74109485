package main

import (
	"github.com/jail-project/jail/jail"
	"github.com/jail-project/jail/registry"
)

// placeOf is where this caller's running jails are recorded.
func placeOf(h *jail.Host) registry.Place {
	return registry.Place{Runtime: h.Dirs["XDG_RUNTIME_DIR"], State: h.Own.State}
}

// records tells whether running jails are recorded.
func (d *doctor) records() finding {
	f := finding{Name: "records of jails", State: stateOff}
	place := placeOf(d.host)
	if err := place.Usable(); err != nil {
		f.Detail = text("`jail ps` and its kin find no jails: " + err.Error())
		f.Remedy = "set XDG_RUNTIME_DIR to a directory of yours with mode 0700; a directory jail in it has to be yours and of that mode too"
		return f
	}
	f.State, f.Detail = stateOK, text("running jails are recorded in "+place.Path())
	return f
}

// register records a jail for ps, enter, stop and inspect. It is called when
// the program runs, so that nobody waits for it. Without a place for records, the
// jail is only not found by those.
func register(h *jail.Host, plan *jail.Plan, process *jail.Process) *registry.Registration {
	entry, err := plan.Entry().Encode()
	if err != nil {
		return nil
	}
	group := ""
	if g, ok := plan.Group.(*limiter); ok && g.group != nil {
		group = g.group.Inside()
	}
	record, err := registry.Register(placeOf(h), &registry.Launch{
		Profile: plan.Profile, Program: plan.Path, First: process.First(), Main: process.Pid(), Cgroup: group, Entry: entry,
	})
	if err != nil {
		return nil
	}
	return record
}
