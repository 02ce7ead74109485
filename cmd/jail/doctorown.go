package main

import (
	"strings"

	"github.com/jail-project/jail/cmd/jail/internal/output"
)

// standIns clears up behind launchers that were killed.
func (d *doctor) standIns() finding {
	f := finding{Name: "stand-ins", State: stateOK, Detail: "no killed jail has left any"}
	if dirs := sweep(d.Host); len(dirs) > 0 {
		f.Detail = output.Text("removed what killed jails had left in " + strings.Join(dirs, ", "))
	}
	return f
}

// records tells whether running jails are recorded.
func (d *doctor) records() finding {
	f := finding{Name: "records of jails", State: stateOff}
	place := placeOf(d.Host)
	if err := place.Usable(); err != nil {
		f.Detail = output.Text("`jail ps` and its kin find no jails: " + err.Error())
		f.Remedy = "set XDG_RUNTIME_DIR to a directory of yours with mode 0700; a directory jail in it has to be yours and of that mode too"
		return f
	}
	f.State, f.Detail = stateOK, output.Text("running jails are recorded in "+place.Path())
	return f
}
