// Package explain tells why a path, a syscall, a variable or another thing is as it is in a
// jail: what decided, and what that overrode.
package explain

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"

	"github.com/jail-project/jail/caps"
	"github.com/jail-project/jail/cmd/jail/internal/flags"
	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/display"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/network/rules"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/paths"
	"github.com/jail-project/jail/seccomp"
)

// Explanation is the answer to one question.
type Explanation struct {
	Subject output.Text     `json:"subject"`
	Kind    string          `json:"kind"`    // path, syscall, syscall-group, variable, capability, limit, host, landlock, groups or display
	Verdict string          `json:"verdict"` // a word that does not change
	Text    output.Text     `json:"text"`    // the verdict for people
	By      []output.Ground `json:"by"`      // what decided; with conditions, in the order in which it is asked
	Over    []output.Ground `json:"over"`    // what it overrode
	Notes   []output.Text   `json:"notes,omitempty"`

	Real   output.Text `json:"real,omitempty"`   // paths: without symbolic links
	Exists *bool       `json:"exists,omitempty"` // paths: on the host

	Allowed     []output.Text `json:"allowed,omitempty"` // syscall groups: the members
	Conditional []output.Text `json:"conditional,omitempty"`
	Denied      []output.Text `json:"denied,omitempty"`
}

// overrides adds what the deciding line overrode, each once.
func (x *Explanation) overrides(g output.Ground) {
	if !slices.Contains(x.Over, g) {
		x.Over = append(x.Over, g)
	}
}

// ruled makes the ground of a decided question, with what the line overrode.
func (x *Explanation) ruled(rule string, o policy.Origin) {
	at := o.At
	if o.Layer < 0 {
		at = diag.Range{}
		rule += " (the default)"
	}
	x.By = append(x.By, output.GroundAt(rule, at))
	for _, over := range o.Over {
		x.overrides(output.GroundAt("the same entry", over))
	}
}

// Explainer answers questions about one policy on this host.
type Explainer struct {
	Policy  *policy.Policy
	Host    *host.Host
	Command compile.Command
	Limits  func() []output.Limit // what would hold the limits of the policy; it takes a look at the host
	Own     func() []netip.Addr   // the addresses of the host
	Service rules.Services        // what services(5) of the host says

	Answers  []Explanation
	Problems diag.List // with the questions

	view   *fstree.View
	filter *seccomp.Filter
	hosts  *rules.Set
}

// What finds out what kind of thing is asked about. A word can be several;
// the first that fits counts, and a $, CAP_ or slash says which is meant.
func (e *Explainer) What(word string, at diag.Range) {
	name, isVariable := strings.CutPrefix(word, "$")
	switch {
	case name == "":
		e.isNone(word, at, everything, subjects())
	case strings.HasPrefix(word, "limits."):
		e.limit(word, at)
	case isVariable && !strings.HasPrefix(name, "{"):
		e.variable(name)
	case strings.HasPrefix(word, "@"):
		e.group(word, at)
	case strings.ContainsRune(word, '/') && !isNetwork(word), word == ".", word == "..", word == "~", strings.HasPrefix(word, "${"):
		e.path(word, at)
	case strings.HasPrefix(strings.ToUpper(word), "CAP_"):
		e.capability(word, at)
	case word == "landlock":
		e.landlock()
	case word == "groups":
		e.supplementary()
	case word == "display":
		e.display()
		if display.WaylandMode(e.Policy.Display.Wayland.V) != "none" {
			e.wayland()
		}
	case seccomp.IsSyscall(word):
		e.syscall(word)
	case e.isVariable(word):
		e.variable(word)
	case isCapability(word):
		e.capability(word, at)
	case flags.Exists(e.Host, word):
		e.path(word, at)
	case strings.ContainsAny(word, ".:"):
		e.hostName(word, at)
	default:
		e.unknown(word, at)
	}
}

// isVariable tells whether a word is the name of an environment variable that
// is set, or looks like one.
func (e *Explainer) isVariable(word string) bool {
	inherited := slices.ContainsFunc(e.Host.Env, func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return name == word
	})
	return inherited || e.set(word) != nil || word == strings.ToUpper(word) && strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

func isCapability(word string) bool {
	_, ok := caps.Number(word)
	return ok
}

// answer begins the answer to a question; the next one moves it.
func (e *Explainer) answer(subject, kind string) *Explanation {
	e.Answers = append(e.Answers, Explanation{
		Subject: output.Text(subject), Kind: kind, By: []output.Ground{}, Over: []output.Ground{},
	})
	return &e.Answers[len(e.Answers)-1]
}

// everything is what can be asked about.
const everything = "path, group, syscall, variable, capability, limit or host, nor landlock, groups or display"

// subjects are the names of everything, where they can be listed.
func subjects() []string {
	return slices.Concat(seccomp.SyscallNames(), seccomp.GroupNames(), paths.GroupNames(), caps.Names(), limitNames(),
		[]string{"landlock", "groups", "display"})
}

// unknown reports a word that stands for nothing, and could be a name.
func (e *Explainer) unknown(word string, at diag.Range) {
	e.isNone(word, at, everything, subjects())
	e.Problems[len(e.Problems)-1].Remedy = "write ./" + diag.Escape(word) + " for a file, $" + diag.Escape(word) + " for a variable"
}

// isNone reports a word that is not what it should be.
func (e *Explainer) isNone(word string, at diag.Range, what string, known []string) {
	d := diag.Diagnostic{Code: "unknown-subject", Subject: at, Summary: diag.Quote(word) + " is no " + what}
	if near := diag.Suggest(word, known); near != "" {
		d.Label = "did you mean " + diag.Quote(near) + "?"
	}
	e.Problems = append(e.Problems, d)
}

// group explains a group of paths or of syscalls.
func (e *Explainer) group(name string, at diag.Range) {
	switch {
	case paths.Group(name) != nil:
		e.pathGroup(name)
	case seccomp.IsGroup(name):
		e.syscallGroup(name)
	case isHostGroup(name):
		e.hostName(name, at)
	default:
		e.isNone(name, at, everything, subjects())
	}
}

// Text is a sentence for each answer, with the lines that decided
// below it.
func Text(list []Explanation) []byte {
	var b bytes.Buffer
	line := func(indent string, parts ...output.Text) {
		b.WriteString(indent)
		for _, p := range parts {
			b.WriteString(diag.Escape(string(p)))
		}
		b.WriteByte('\n')
	}
	grounds := func(word output.Text, list []output.Ground) {
		for i, g := range list {
			effect := g.Effect
			if effect != "" {
				effect += ", "
			}
			line("  ", effect, word, " ", g.Rule)
			// Conditions of one line of the profile share its place.
			if last := i == len(list)-1 || list[i+1].At != g.At; last && !g.At.IsZero() {
				line("    --> ", output.Text(g.At.String()))
			}
		}
	}
	for _, e := range list {
		line("", e.Subject, ": ", e.Text)
		grounds("by", e.By)
		grounds("over", e.Over)
		for _, m := range [...]struct {
			title output.Text
			names []output.Text
		}{{"allowed: ", e.Allowed}, {"depends on arguments: ", e.Conditional}, {"denied: ", e.Denied}} {
			if len(m.names) > 0 {
				line("  ", m.title, joined(m.names))
			}
		}
		for _, n := range e.Notes {
			line("  note: ", n)
		}
	}
	return b.Bytes()
}

func joined(names []output.Text) output.Text {
	out := names[0]
	for _, n := range names[1:] {
		out += " " + n
	}
	return out
}
