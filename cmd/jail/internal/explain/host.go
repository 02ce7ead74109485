package explain

import (
	"strconv"

	"github.com/jail-project/jail/cmd/jail/internal/output"
)

// landlock explains whether the jail has it and why.
func (e *Explainer) landlock() {
	out := e.answer("landlock", "landlock")
	use, version := &e.Policy.Landlock.Use, e.Host.Kernel.Landlock
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
	out.ruled("landlock.use: "+use.V, use.Origin)
	if least := &e.Policy.Landlock.Version; least.Set && use.V == "required" {
		if int64(version) < least.V {
			out.Verdict, out.Text = "missing", output.Text("this kernel has version "+strconv.Itoa(int(version))+", and no jail of this profile starts")
		}
		out.ruled("landlock.version: "+strconv.FormatInt(least.V, 10), least.Origin)
	}
}

// supplementary explains what becomes of the caller's supplementary groups.
func (e *Explainer) supplementary() {
	out := e.answer("groups", "groups")
	use := &e.Policy.Identity.Groups
	have := output.Text(output.Numbers(e.Host.Groups))
	switch _, err := e.Host.Subordinate(); {
	case len(e.Host.Groups) == 0:
		out.Verdict, out.Text = "none", "you have no supplementary groups"
	case e.Host.RunAs > 0:
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
	out.ruled("identity.groups: "+use.V, use.Origin)
}
