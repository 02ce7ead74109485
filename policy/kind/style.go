package kind

import (
	"slices"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/node"
)

// CheckStyle refuses plain scalars that mean one thing to jail and another
// to other readers of YAML: yes and no, 0755, 22:22, dates. Words are those of
// an Enum, name is what messages call the key.
func (k Kind) CheckStyle(n *node.Node, words []string, name string) *diag.Problem {
	if n.Style == node.Given || k == Enum && slices.Contains(words, n.Text) {
		return nil
	}
	numeric := k == Int || k == Size || k == Percent || k == Bool
	if n.Style == node.Quoted {
		if numeric && k != Size && k != Percent {
			return &diag.Problem{Code: "wrong-type", Summary: name + " must be " + k.Expects(words) + ", and this is a text", Remedy: "remove the quotes"}
		}
		return nil
	}
	quote := func(what string) *diag.Problem {
		return &diag.Problem{
			Code: "ambiguous", Summary: "plain " + diag.Escape(n.Text) + " is " + what + " to many readers of YAML",
			Remedy: `write "` + diag.Escape(n.Text) + `" in quotes`,
		}
	}
	switch {
	case k == Mode:
		if strings.HasPrefix(n.Text, "0o") {
			return nil
		}
		p := quote("a decimal number or an octal one, depending on the reader")
		p.Summary = "a plain " + diag.Escape(n.Text) + " is a decimal number to some readers of YAML and an octal one to others"
		return p
	case plainBool(n.Text) != "" && k != Bool:
		return quote("true or false")
	case plainBool(n.Text) != "" && n.Text != "true" && n.Text != "false":
		p := diag.Invalid("true or false", n.Text, "")
		p.Label = "write " + plainBool(n.Text)
		return p
	case numeric || k == Number || k == Port || k == ErrnoName || k == UserName:
		return nil // their parsers take plain decimal numbers only
	case isPlainDecimal(n.Text) && (k == Text || k == ProgramName):
		return nil // read as a number it is still the same text
	case looksNumeric(n.Text):
		return quote("a number")
	}
	return nil
}

// IsPlain reports whether every reader of YAML takes a plain scalar for this
// very text. It knows names and paths, and calls much else not plain.
func IsPlain(text string) bool {
	if text == "" || plainBool(text) != "" || (&node.Node{Text: text}).IsNull() {
		return false
	}
	if c := text[0]; !isLetter(c) && c != '/' && !strings.HasPrefix(text, "~/") {
		return false
	}
	return indexOther(text, "/.-+@~%=") < 0
}

// plainBool is what YAML 1.1 or 1.2 reads the text as, when that is a truth,
// else "".
func plainBool(text string) string {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "y":
		return "true"
	case "false", "no", "off", "n":
		return "false"
	}
	return ""
}

// isPlainDecimal reports whether a text is digits, without zeros before them.
func isPlainDecimal(text string) bool {
	return text != "" && (text[0] != '0' || len(text) == 1) && strings.Trim(text, digits) == ""
}

// looksNumeric reports whether some reader of YAML takes the text for a
// number, a time or a date: it is made of what numbers are made of.
func looksNumeric(text string) bool {
	rest := strings.TrimLeft(text, "+-")
	if strings.EqualFold(rest, ".inf") || strings.EqualFold(rest, ".nan") {
		return true
	}
	if rest == "" || !isDigit(rest[0]) && !(rest[0] == '.' && len(rest) > 1 && isDigit(rest[1])) {
		return false
	}
	if len(rest) > 1 && rest[0] == '0' && strings.IndexByte("xXoObB", rest[1]) >= 0 {
		return true
	}
	// An address has three dots.
	return strings.Trim(rest, digits+"._:eE+-") == "" && strings.Count(rest, ".") < 2
}
