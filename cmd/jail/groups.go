package main

import "github.com/jail-project/jail/cmd/jail/internal/output"

// groups tells which supplementary groups of the caller count in jails, and
// whether they can be dropped.
func (d *doctor) groups() finding {
	f := finding{Name: "supplementary groups", State: stateOK}
	if len(d.Host.Groups) == 0 {
		f.Detail = "you have none"
		return f
	}
	have := output.Numbers(d.Host.Groups)
	if d.Host.RunAs > 0 {
		f.Detail = output.Text("you have " + have + ", and no jail that root starts has any")
		return f
	}
	program, err := d.Host.Subordinate()
	if err != nil {
		f.State = stateOff
		f.Detail = output.Text("you have " + have + ", which count below directories that are granted, and can't be dropped: " + err.Error())
		f.Remedy = output.Text("install newgidmap (the package uidmap, shadow or shadow-utils) and have root run `usermod --add-subgids 100000-165535 " +
			d.Host.User + "`, then set identity.groups to dropped")
		return f
	}
	f.Detail = output.Text("you have " + have + ", which count below directories that are granted; identity.groups: dropped gives them up, with " + program)
	return f
}

// supplementary explains what becomes of the caller's supplementary groups.
func (e *explainer) supplementary() {
	out := explanation{Subject: "groups", Kind: "groups", By: []output.Ground{}, Over: []output.Ground{}}
	use := &e.policy.Identity.Groups
	have := output.Text(output.Numbers(e.host.Groups))
	switch _, err := e.host.Subordinate(); {
	case len(e.host.Groups) == 0:
		out.Verdict, out.Text = "none", "you have no supplementary groups"
	case e.host.RunAs > 0:
		out.Verdict, out.Text = "dropped", "dropped, as in every jail that root starts"
	case use.V == "keep":
		out.Verdict, out.Text = "kept", "kept: they count wherever a path is granted: "+have
	case use.V == "masked":
		out.Verdict, out.Text = "masked", "masked: what only they open can't be granted itself, but they count below directories that are: "+have
	case err != nil:
		out.Verdict, out.Text = "missing", output.Text("they can't be dropped, and no jail of this profile starts: "+err.Error())
	default:
		out.Verdict, out.Text = "dropped", "dropped: "+have
	}
	ruled(&out, "identity.groups: "+use.V, use.Origin)
	e.out = append(e.out, out)
}
