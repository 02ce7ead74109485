package policy

import (
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/node"
)

// problem is what is wrong with one text. A nil *problem means nothing is.
// From and to are the bytes of the text that are to blame; both zero blames
// the whole of it.
type problem struct {
	code     string
	summary  string
	label    string
	remedy   string
	from, to int
}

// Error makes a problem an error, for callers outside of a profile.
func (p *problem) Error() string { return p.summary }

// invalid is the problem of a text that does not have the form of its kind.
func invalid(what, text, remedy string) *problem {
	return &problem{code: "invalid-value", summary: diag.Quote(text) + " is not " + what, remedy: remedy}
}

// unknown is the problem of a name that must be one of known, with the one
// most likely meant.
func unknown(what, name string, known []string) *problem {
	p := &problem{code: "unknown-" + strings.ReplaceAll(what, " ", "-"), summary: "unknown " + what + " " + diag.Quote(name)}
	if near := diag.Suggest(name, known); near != "" {
		p.label = "did you mean " + diag.Quote(near) + "?"
	}
	return p
}

// diagnostic places a problem at the node whose text it is about.
func (p *problem) diagnostic(n *node.Node) diag.Diagnostic {
	return diag.Diagnostic{
		Code: p.code, Summary: p.summary, Label: p.label, Remedy: p.remedy,
		Subject: n.Part(p.from, p.to),
	}
}
