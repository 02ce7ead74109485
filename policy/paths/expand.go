package paths

import (
	"errors"
	"strings"

	"github.com/jail-project/jail/diag"
)

// Expand replaces ~ and the variables of a path as it stands in a Policy.
// The lookup function gives the value of a variable by its name, false when
// it has none on this host. Expansion happens once: what a value holds is not
// expanded again, and characters in it that would form a pattern are escaped
// with a backslash. The result is a pattern when IsGlob says so; otherwise
// Unescape makes the path of it.
func Expand(text string, lookup func(name string) (string, bool)) (string, error) {
	parts, fault := pieces(text)
	if fault != nil {
		return "", fault
	}
	var b strings.Builder
	for _, p := range parts {
		if !p.variable {
			b.WriteString(p.text)
			continue
		}
		value, ok := lookup(p.text)
		if !ok {
			return "", errors.New("${" + p.text + "} has no value here")
		}
		b.WriteString(Escape(value))
	}
	return b.String(), nil
}

// IsGlob reports whether an expanded path is a pattern: whether it has a *,
// ? or [ that no backslash precedes.
func IsGlob(path string) bool {
	for i := 0; i < len(path); i++ {
		switch path[i] {
		case '\\':
			i++
		case '*', '?', '[':
			return true
		}
	}
	return false
}

// Unescape removes the backslashes that take the meaning from the character
// behind them.
func Unescape(path string) string {
	if strings.IndexByte(path, '\\') < 0 {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] == '\\' && i+1 < len(path) {
			i++
		}
		b.WriteByte(path[i])
	}
	return b.String()
}

// Escape makes a path rule of the name of an existing file: the result
// stands for exactly that name. The name must be absolute.
func Escape(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		switch name[i] {
		case '\\', '*', '?', '[', ']', '$':
			b.WriteByte('\\')
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

// ExpandText replaces each ${NAME} of a text that is not a path: the value of
// an entry of environment.set. Nothing else in it has a meaning, but that
// $${ stands for ${ itself. As with Expand, what a value holds is not
// expanded again.
func ExpandText(text string, lookup func(name string) (string, bool)) (string, error) {
	var b strings.Builder
	fault := eachVariable(text, func(literal string) { b.WriteString(literal) }, func(name string) *diag.Problem {
		value, ok := lookup(name)
		if !ok {
			return &diag.Problem{Code: "bad-variable", Summary: "${" + name + "} has no value here"}
		}
		b.WriteString(value)
		return nil
	})
	if fault != nil {
		return "", fault
	}
	return b.String(), nil
}

// CheckText judges the variables of a text.
func CheckText(text string) *diag.Problem {
	p := eachVariable(text, func(string) {}, func(string) *diag.Problem { return nil })
	if p != nil {
		p.Remedy = "write " + diag.Escape("$${") + " for the characters ${ themselves"
	}
	return p
}

// eachVariable calls literal and variable for the stretches of a text.
func eachVariable(text string, literal func(string), variable func(string) *diag.Problem) *diag.Problem {
	for i := 0; ; {
		length := strings.Index(text[i:], "${")
		if length < 0 {
			literal(text[i:])
			return nil
		}
		at := i + length
		if at > i && text[at-1] == '$' {
			literal(text[i:at-1] + "${")
			i = at + 2
			continue
		}
		literal(text[i:at])
		p, fault := bracedVariable(text, at)
		if fault == nil {
			fault = variable(p.text)
		}
		if fault != nil {
			return fault
		}
		i = p.to
	}
}
