package doctor

import "github.com/jail-project/jail/cmd/jail/internal/output"

// groups tells which supplementary groups of the caller count in jails, and
// whether they can be dropped.
func (d *Doctor) groups() Finding {
	f := Finding{Name: "supplementary groups", State: OK}
	if len(d.Host.Groups) == 0 {
		f.Detail = "you have none"
		return f
	}
	have := output.Numbers(d.Host.Groups)
	if d.Host.RunAs > 0 {
		f.Detail = output.Text("you have " + have + ", and no jail that root starts has any")
		return f
	}
	help, err := d.Host.Subordinate()
	if err != nil {
		f.State = Off
		f.Detail = output.Text("you have " + have + ", which count below directories that are granted, and can't be dropped: " + err.Error())
		f.Remedy = output.Text("install newgidmap (the package uidmap, shadow or shadow-utils) and have root run `usermod --add-subgids 100000-165535 " +
			d.Host.User + "`, then set identity.groups to dropped")
		return f
	}
	f.Detail = output.Text("you have " + have + ", which count below directories that are granted; identity.groups: dropped gives them up, with " + help.Program)
	return f
}
