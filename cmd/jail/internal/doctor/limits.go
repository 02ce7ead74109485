package doctor

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
func (d *Doctor) cgroups() Finding {
	f := Finding{Name: "cgroup delegation", State: Off}
	tree, err := cgroup.ReadTree()
	if err != nil {
		f.State, f.Detail, f.Remedy = Missing, output.Text(err.Error()), output.Text(d.GroupRemedy(err))
		return f
	}
	place, err := tree.Find(groupControllers(), os.Getpid())
	if err != nil {
		f.Detail = output.Text(err.Error())
		f.Remedy = "nothing, if there is a systemd user manager below; otherwise root may delegate a group: " +
			"`systemd-run --user --scope -p Delegate=yes jail ...`, or Delegate=yes in the service that jail runs in"
		return f
	}
	f.State, f.Detail = OK, output.Text("limits on memory, processor time and processes are held by groups in "+place.Dir)
	return f
}

// serviceManager tells whether the user's systemd can make control groups for
// jail.
func (d *Doctor) serviceManager() Finding {
	f := Finding{Name: "systemd user manager", State: Missing}
	tree, err := cgroup.ReadTree()
	if err == nil {
		var version string
		version, err = d.Manager(tree, groupControllers())
		if err == nil {
			f.State, f.Detail = OK, output.Text("version "+version+" makes scopes with limits on memory, processor time and processes")
			return f
		}
	}
	f.Detail, f.Remedy = output.Text(err.Error()), output.Text(d.GroupRemedy(err))
	if !errors.Is(err, systemd.ErrNoManager) && !errors.Is(err, cgroup.ErrNoTree) {
		f.State = Off
	}
	return f
}
