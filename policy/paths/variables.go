package paths

import (
	"slices"
	"strings"

	"github.com/jail-project/jail/diag"
)

// variables may stand in ${...}; the list is sorted.
var variables = [...]string{
	"CWD", "DESKTOP", "DOCUMENTS", "DOWNLOADS", "HOME", "MUSIC", "PICTURES", "PROFILE_DIR", "PROGRAM", "PUBLICSHARE",
	"TEMPLATES", "UID", "USER", "VIDEOS",
	"XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME",
}

// VariableNames lists the variables that paths may use, sorted.
func VariableNames() []string { return slices.Clone(variables[:]) }

// isDirectory reports whether a variable holds an absolute path, and so may
// begin one.
func isDirectory(name string) bool { return name != "PROGRAM" && name != "UID" && name != "USER" }

// piece is a stretch of a path: a variable, or text in which a backslash
// still takes the meaning from the character behind it.
type piece struct {
	variable bool
	text     string // the name of the variable, or the text
	from, to int    // the bytes of the path that it was written with
}

// pieces takes a path apart. A ~ at the start is the variable HOME.
func pieces(path string) ([]piece, *diag.Problem) {
	out := make([]piece, 0, 4)
	start := 0
	flush := func(to int) {
		if to > start {
			out = append(out, piece{text: path[start:to], from: start, to: to})
		}
	}
	if path == "~" || strings.HasPrefix(path, "~/") {
		out = append(out, piece{variable: true, text: "HOME", to: 1})
		start = 1
	}
	for i := start; i < len(path); i++ {
		switch {
		case path[i] == '\\':
			if fault := checkEscape(path, i); fault != nil {
				return nil, fault
			}
			i++
		case path[i] != '$' || i+1 == len(path):
		case path[i+1] == '{':
			flush(i)
			p, fault := bracedVariable(path, i)
			if fault != nil {
				return nil, fault
			}
			out = append(out, p)
			start = p.to
			i = p.to - 1
		case isLetter(path[i+1]):
			return nil, bareVariable(path, i)
		}
	}
	flush(len(path))
	return out, nil
}

// checkEscape refuses the backslash at offset i if there is no character behind
// it, or one that has no other meaning that could be taken.
func checkEscape(path string, i int) *diag.Problem {
	var where string
	switch {
	case i+1 == len(path):
		where = "at the end of "
	case path[i+1] == '/':
		where = "before a / in "
	default:
		return nil
	}
	return &diag.Problem{
		Code: "bad-path", Summary: "a backslash " + where + diag.Quote(path), From: i, To: i + 1,
		Remedy: `a backslash takes the meaning from the character behind it; write \\ for the character itself`,
	}
}

// bracedVariable reads the ${NAME} at offset i.
func bracedVariable(path string, i int) (piece, *diag.Problem) {
	length := strings.IndexByte(path[i:], '}')
	if length < 0 {
		return piece{}, &diag.Problem{Code: "bad-variable", Summary: "a variable without its closing brace in " + diag.Quote(path), From: i, To: len(path)}
	}
	p := piece{variable: true, text: path[i+2 : i+length], from: i, to: i + length + 1}
	if slices.Contains(variables[:], p.text) {
		return p, nil
	}
	fault := diag.Unknown("variable", p.text, VariableNames())
	fault.From, fault.To = p.from, p.to
	fault.Remedy = "known are " + strings.Join(VariableNames(), ", ")
	return piece{}, fault
}

// bareVariable explains a $NAME, which other tools replace and jail does not.
func bareVariable(path string, i int) *diag.Problem {
	end := i + 1
	for end < len(path) && (isLetter(path[end]) || isDigit(path[end])) {
		end++
	}
	name := path[i+1 : end]
	return &diag.Problem{
		Code: "bad-variable", Summary: "variables are written with braces", From: i, To: end,
		Label:  "write ${" + name + "}",
		Remedy: `write \$ for the character itself`,
	}
}

func isLetter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
