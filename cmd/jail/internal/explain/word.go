package explain

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/jail-project/jail/caps"
	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/policy"
)

func (e *Explainer) variable(name string) {
	out := Explanation{Subject: output.Text(name), Kind: "variable", By: []output.Ground{}, Over: []output.Ground{}}
	env := &e.Policy.Environment
	keep := compile.Keeps(env.Keep, name)
	for i := range env.Set {
		if env.Set[i].Name != name {
			continue
		}
		out.Verdict, out.Text = "set", "set to "+output.Text(diag.Quote(env.Set[i].Text))
		ruled(&out, "environment.set: "+name, env.Set[i].Origin)
		if keep != nil {
			out.overrides(output.GroundAt("environment.keep: "+keep.Text, keep.At))
		}
		e.Answers = append(e.Answers, out)
		return
	}
	if keep == nil {
		out.Verdict, out.Text = "dropped", "dropped: neither kept nor set"
		e.Answers = append(e.Answers, out)
		return
	}
	out.Verdict, out.Text = "kept", "passed on from the caller"
	ruled(&out, "environment.keep: "+keep.Text, keep.Origin)
	if !e.isSet(name) {
		out.Notes = append(out.Notes, "it is not set here now")
	}
	e.Answers = append(e.Answers, out)
}

func (e *Explainer) isSet(name string) bool {
	for _, v := range e.Host.Env {
		if strings.HasPrefix(v, name+"=") {
			return true
		}
	}
	return false
}

func (e *Explainer) capability(word string, at diag.Range) {
	number, ok := caps.Number(word)
	if !ok {
		e.unknown(word, at)
		return
	}
	name := caps.Name(number)
	out := Explanation{Subject: output.Text(name), Kind: "capability", By: []output.Ground{}, Over: []output.Ground{}}
	c := &e.Policy.Capabilities
	keep, drop := about(c.Keep, name), about(c.Drop, name)
	switch {
	case keep != nil:
		out.Verdict, out.Text = "kept", "kept, and counts inside the jail only"
		ruled(&out, "capabilities.keep: "+keep.Text, keep.Origin)
		if drop != nil && drop.Layer >= 0 {
			out.overrides(output.GroundAt("capabilities.drop: "+drop.Text, drop.At))
		}
	case drop != nil:
		out.Verdict, out.Text = "dropped", "dropped"
		ruled(&out, "capabilities.drop: "+drop.Text, drop.Origin)
	case len(c.Keep) == 0 && len(c.Drop) == 0:
		out.Verdict, out.Text = "dropped", "dropped: nothing keeps it"
	default:
		out.Verdict, out.Text = "kept", "kept: nothing drops it"
	}
	e.Answers = append(e.Answers, out)
}

// about finds the entry for a capability, the one that names it before "all".
func about(entries []policy.Entry, name string) *policy.Entry {
	var all *policy.Entry
	for i := range entries {
		switch entries[i].Text {
		case name:
			return &entries[i]
		case "all":
			all = &entries[i]
		}
	}
	return all
}

// isNetwork tells whether a word with a slash is an address range.
func isNetwork(word string) bool {
	_, err := netip.ParsePrefix(word)
	return err == nil
}

// hostName explains whether a host can be reached. Only the mode decides, as
// long as this version has no filtered network.
func (e *Explainer) hostName(word string) {
	out := Explanation{Subject: output.Text(word), Kind: "host", By: []output.Ground{}, Over: []output.Ground{}}
	mode := &e.Policy.Network.Mode
	switch mode.V {
	case "none":
		out.Verdict, out.Text = "unreachable", "unreachable: the jail has no network but its own loopback"
	case "host":
		out.Verdict, out.Text = "reachable", "reachable as from the host"
	default:
		out.Verdict, out.Text = "unsupported", "this version of jail has no network of the mode "+output.Text(diag.Quote(mode.V))
	}
	ruled(&out, "network.mode: "+mode.V, mode.Origin)
	e.Answers = append(e.Answers, out)
}

// limitNames are the limits that can be asked about.
func limitNames() []string {
	return []string{"limits.memory", "limits.processes", "limits.cpu", "limits.open-files", "limits.file-size", "limits.time"}
}

// limit explains what holds a limit of the profile on this host.
func (e *Explainer) limit(word string, at diag.Range) {
	known := limitNames()
	if !slices.Contains(known, word) {
		d := diag.Diagnostic{Code: "unknown-subject", Subject: at, Summary: diag.Quote(word) + " is no limit"}
		if near := diag.Suggest(word, known); near != "" {
			d.Label = "did you mean " + diag.Quote(near) + "?"
		}
		e.Problems = append(e.Problems, d)
		return
	}
	out := Explanation{Subject: output.Text(word), Kind: "limit", Verdict: "unlimited", Text: "not limited by jail", By: []output.Ground{}, Over: []output.Ground{}}
	for _, m := range e.Limits() {
		if m.Key != word {
			continue
		}
		out.Verdict, out.Text = "held", m.Value+", held by "+m.By
		if !m.Held {
			out.Verdict, out.Text = "refused", m.Value+", held by "+m.By+": a jail does not start"
		}
		if !m.Held && m.Key == "limits.processes" {
			out.Verdict, out.Text = "not held", m.Value+", held by "+m.By
		}
		ruled(&out, m.Key+": "+string(m.Value), m.At)
	}
	e.Answers = append(e.Answers, out)
}
