package main

import (
	"errors"
	"os"

	"github.com/jail-project/jail/cgroup"
	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/systemd"
)

// groupControllers are what limits on memory, processor time and processes
// take.
func groupControllers() []string {
	return cgroup.Limits{Memory: 1, Processes: 1, CPU: 1}.Controllers()
}

// cgroups tells whether jail may make control groups itself.
func (d *doctor) cgroups() finding {
	f := finding{Name: "cgroup delegation", State: stateOff}
	tree, err := cgroup.ReadTree()
	if err != nil {
		f.State, f.Detail, f.Remedy = stateMissing, output.Text(err.Error()), output.Text(limitRemedy(err))
		return f
	}
	place, err := tree.Find(groupControllers(), os.Getpid())
	if err != nil {
		f.Detail = output.Text(err.Error())
		f.Remedy = "nothing, if there is a systemd user manager below; otherwise root may delegate a group: " +
			"`systemd-run --user --scope -p Delegate=yes jail ...`, or Delegate=yes in the service that jail runs in"
		return f
	}
	f.State, f.Detail = stateOK, output.Text("limits on memory, processor time and processes are held by groups in "+place.Dir)
	return f
}

// serviceManager tells whether the user's systemd can make control groups for
// jail.
func (d *doctor) serviceManager() finding {
	f := finding{Name: "systemd user manager", State: stateMissing}
	tree, err := cgroup.ReadTree()
	if err == nil {
		var version string
		version, err = managerOf(d.Host.Dirs["XDG_RUNTIME_DIR"], tree, groupControllers())
		if err == nil {
			f.State, f.Detail = stateOK, output.Text("version "+version+" makes scopes with limits on memory, processor time and processes")
			return f
		}
	}
	f.Detail, f.Remedy = output.Text(err.Error()), output.Text(limitRemedy(err))
	if !errors.Is(err, systemd.ErrNoManager) && !errors.Is(err, cgroup.ErrNoTree) {
		f.State = stateOff
	}
	return f
}
