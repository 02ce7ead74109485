package explain

import (
	"slices"
	"strings"

	"github.com/jail-project/jail/caps"
	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/policy"
)

func (e *Explainer) variable(name string) {
	out := e.answer(name, "variable")
	keep := compile.Keeps(e.Policy.Environment.Keep, name)
	set := e.set(name)
	switch {
	case set != nil:
		out.Verdict, out.Text = "set", "set to "+output.Text(diag.Quote(set.Text))
		out.ruled("environment.set: "+name, set.Origin)
		if keep != nil {
			out.overrides(output.GroundAt("environment.keep: "+keep.Text, keep.At))
		}
	case keep == nil:
		out.Verdict, out.Text = "dropped", "dropped: neither kept nor set"
	default:
		out.Verdict, out.Text = "kept", "passed on from the caller"
		out.ruled("environment.keep: "+keep.Text, keep.Origin)
		if !slices.ContainsFunc(e.Host.Env, func(v string) bool { return strings.HasPrefix(v, name+"=") }) {
			out.Notes = append(out.Notes, "it is not set here now")
		}
	}
}

// set is the entry by which the profile sets a variable, nil for none.
func (e *Explainer) set(name string) *policy.Variable {
	all := e.Policy.Environment.Set
	if i := slices.IndexFunc(all, func(v policy.Variable) bool { return v.Name == name }); i >= 0 {
		return &all[i]
	}
	return nil
}

func (e *Explainer) capability(word string, at diag.Range) {
	number, ok := caps.Number(word)
	if !ok {
		e.unknown(word, at)
		return
	}
	name := caps.Name(number)
	out := e.answer(name, "capability")
	c := &e.Policy.Capabilities
	keep, drop := about(c.Keep, name), about(c.Drop, name)
	switch {
	case keep != nil:
		out.Verdict, out.Text = "kept", "kept, and counts inside the jail only"
		out.ruled("capabilities.keep: "+keep.Text, keep.Origin)
		if drop != nil && drop.Layer >= 0 {
			out.overrides(output.GroundAt("capabilities.drop: "+drop.Text, drop.At))
		}
	case drop != nil:
		out.Verdict, out.Text = "dropped", "dropped"
		out.ruled("capabilities.drop: "+drop.Text, drop.Origin)
	case len(c.Keep) == 0 && len(c.Drop) == 0:
		out.Verdict, out.Text = "dropped", "dropped: nothing keeps it"
	default:
		out.Verdict, out.Text = "kept", "kept: nothing drops it"
	}
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

// limitNames are the limits that can be asked about.
func limitNames() []string {
	return []string{"limits.memory", "limits.processes", "limits.cpu", "limits.open-files", "limits.file-size", "limits.time"}
}

// limit explains what holds a limit of the profile on this host.
func (e *Explainer) limit(word string, at diag.Range) {
	known := limitNames()
	if !slices.Contains(known, word) {
		e.isNone(word, at, "limit", known)
		return
	}
	out := e.answer(word, "limit")
	out.Verdict, out.Text = "unlimited", "not limited by jail"
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
		out.ruled(m.Key+": "+string(m.Value), m.At)
	}
}
