package main

import (
	"strconv"

	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
)

// landlockState tells which version of Landlock the kernel has, and what a jail
// lacks for it.
func landlockState(k *host.Kernel) finding {
	f := finding{Name: "Landlock", State: stateOK, Detail: output.Text("version " + strconv.Itoa(int(k.Landlock)))}
	switch {
	case k.LandlockOff:
		f.State, f.Detail = stateOff, "the kernel has it and it was switched off at boot"
	case k.Landlock == 0:
		f.State, f.Detail = stateMissing, "the kernel does not have it, or a container around this shell forbids it"
	default:
		for _, l := range k.Landlock.Summary() {
			f.Detail += output.Text("; without " + l.String())
		}
		return f
	}
	f.Remedy = output.Text(compile.NoLandlock(k) + "; a profile may say landlock: optional")
	return f
}

// landlock explains whether the jail has it and why.
func (e *explainer) landlock() {
	out := explanation{Subject: "landlock", Kind: "landlock", By: []output.Ground{}, Over: []output.Ground{}}
	use, version := &e.policy.Landlock.Use, e.host.Kernel.Landlock
	switch {
	case use.V == "off":
		out.Verdict, out.Text = "off", "not in use: mounts alone keep files apart"
	case version > 0:
		out.Verdict, out.Text = "on", output.Text("restricts the program, with version "+strconv.Itoa(int(version)))
		for _, l := range version.Summary() {
			out.Notes = append(out.Notes, output.Text("without "+l.String()))
		}
	case use.V == "optional":
		out.Verdict, out.Text = "absent", "not in use: this kernel has none"
	default:
		out.Verdict, out.Text = "missing", "this kernel has none, and no jail of this profile starts"
	}
	ruled(&out, "landlock.use: "+use.V, use.Origin)
	if least := &e.policy.Landlock.Version; least.Set && use.V == "required" {
		if int64(version) < least.V {
			out.Verdict, out.Text = "missing", output.Text("this kernel has version "+strconv.Itoa(int(version))+", and no jail of this profile starts")
		}
		ruled(&out, "landlock.version: "+strconv.FormatInt(least.V, 10), least.Origin)
	}
	e.out = append(e.out, out)
}
