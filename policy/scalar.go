package policy

import (
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/kind"
	"github.com/jail-project/jail/policy/node"
)

// scalar checks a single value against the kind of its key.
func (c *checker) scalar(n *node.Node, key *Key) (value, bool) {
	if !c.shaped(n, node.Scalar, key) || !c.untagged(n) {
		return value{}, false
	}
	v := value{node: n}
	p := key.Kind.CheckStyle(n, key.Enum, key.Path)
	if p == nil {
		v.Value, p = key.Kind.Parse(n.Text, key.Enum)
		if p != nil && key.Kind == kind.Enum {
			p.Summary += " for " + key.Path
		}
	}
	if p == nil && key.Kind != kind.Text {
		p = c.checkProfileDir(n.Text)
	}
	if p != nil {
		c.fault(n, p)
		return value{}, false
	}
	return v, true
}

// checkProfileDir refuses the directory of a profile that has none.
func (c *checker) checkProfileDir(text string) *diag.Problem {
	const name = "${PROFILE_DIR}"
	from := strings.Index(text, name)
	if !c.noDir || from < 0 || from > 0 && text[from-1] == '$' {
		return nil
	}
	return &diag.Problem{
		Code: "bad-variable", Summary: "this profile has no directory, so " + name + " has no value",
		From: from, To: from + len(name),
	}
}
