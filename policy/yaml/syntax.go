package yaml

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/jail-project/jail/diag"
)

// maxSearch bounds the files in which syntaxError looks for the exact line
// of a fault: the search parses the text again and again.
const maxSearch = 64 << 10

// syntaxError turns an error of the YAML parser into a diagnostic. The line
// that the parser reports is that of the construct it was in, is off by one
// for some faults, and missing on the first line; so the line is searched:
// it is the last line of the shortest beginning of the file that has the
// same fault.
func syntaxError(src *source, err error) diag.Diagnostic {
	problem, reported := splitYAMLError(err.Error())
	summary, remedy := explainYAML(problem)
	d := diag.Diagnostic{Code: "yaml-syntax", Summary: summary, Remedy: remedy}
	if name, ok := unknownAlias(problem); ok {
		d.Summary = "the alias *" + diag.Escape(name) + " stands for nothing"
		d.Remedy = "mark what it stands for with &" + diag.Escape(name) + " further up"
		if i := bytes.Index(src.text, []byte("*"+name)); i >= 0 {
			d.Subject = src.at(i, i+1+len(name))
			return d
		}
	}
	line := reported
	if len(src.text) <= maxSearch {
		line = faultLine(src, problem)
	}
	d.Subject = src.wholeLine(line)
	if problem == "found character that cannot start any token" {
		d.Subject = badStart(src, line, d.Subject)
		if src.line(line)[d.Subject.Start.Column-1] == '\t' {
			d.Summary, d.Remedy = explainYAML("found a tab character that violates indentation")
		}
	}
	return d
}

// faultLine is the smallest n for which the first n lines have the fault.
func faultLine(src *source, problem string) int {
	lo, hi := 0, len(src.lines) // the first lo lines are good, the first hi are not
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		_, _, err := decode(src.text[:src.lines[mid]])
		bad := false
		if err != nil {
			p, _ := splitYAMLError(err.Error())
			bad = p == problem
		}
		if bad {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi
}

// splitYAMLError takes the library's "yaml: line 3: problem" apart.
func splitYAMLError(text string) (problem string, line int) {
	text = strings.TrimPrefix(text, "yaml: ")
	rest, ok := strings.CutPrefix(text, "line ")
	if !ok {
		return text, 1
	}
	number, problem, ok := strings.Cut(rest, ": ")
	if !ok {
		return text, 1
	}
	line, _ = strconv.Atoi(number)
	return problem, max(line, 1)
}

func unknownAlias(problem string) (string, bool) {
	rest, ok := strings.CutPrefix(problem, "unknown anchor '")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, "' referenced")
}

// badStart narrows the range of a line to the character that YAML reserves.
func badStart(src *source, line int, whole diag.Range) diag.Range {
	text := src.line(line)
	for i, c := range text {
		if c != '@' && c != '`' && c != '%' && c != '\t' {
			continue
		}
		before := bytes.TrimRight(text[:i], " ")
		if len(before) == 0 || bytes.IndexByte([]byte("-:,[{?"), before[len(before)-1]) >= 0 {
			end := i + 1
			for end < len(text) && bytes.IndexByte([]byte(" ,]}\t"), text[end]) < 0 {
				end++
			}
			return src.at(src.lines[line-1]+i, src.lines[line-1]+end)
		}
	}
	return whole
}

// explainYAML says in the user's terms what the parser complains about.
func explainYAML(problem string) (summary, remedy string) {
	switch problem {
	case "mapping values are not allowed in this context":
		return `a ":" where no key can stand`, `put a text that contains ": " in quotes, and indent keys of one mapping alike`
	case "did not find expected key":
		return `this does not fit the mapping around it`, `indent the keys of one mapping alike, one "key: value" a line`
	case "did not find expected '-' indicator":
		return `this does not fit the list around it`, `indent the entries of one list alike, one "- entry" a line`
	case "found character that cannot start any token":
		return "a plain text cannot begin with this character", `put the text in quotes, as in "@secrets"`
	case "found unexpected end of stream":
		return "a quoted text is not closed", "close it with the quote it begins with"
	case "found a tab character that violates indentation", "found a tab character where an indentation space is expected":
		return "a tab in the indentation", "indent with spaces"
	case "did not find expected ',' or ']'":
		return "a list in brackets is not closed", `separate its entries with "," and close it with "]"`
	case "did not find expected ',' or '}'":
		return "a mapping in braces is not closed", `separate its entries with "," and close it with "}"`
	case "could not find expected ':'":
		return `a key without ":"`, `write "key: value", with a space behind the colon`
	case "block sequence entries are not allowed in this context":
		return `a "-" where no list can stand`, `begin the list on the line below its key`
	case "exceeded max depth of 10000":
		return "lists and mappings are nested too deep", ""
	case "did not find expected <document start>":
		return "text behind the end of the document", "a profile is one document"
	}
	return "not valid YAML: " + diag.Escape(problem), ""
}
