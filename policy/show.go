package policy

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/kind"
	"github.com/jail-project/jail/seccomp"
)

// Show prints the policy as one profile that means the same, with the place
// that decided each line, and what it overrode, in a comment behind it.
func Show(p *Policy) string {
	s := shower{p: p}
	s.section(Schema(), "")
	width := 0
	for _, l := range s.lines {
		if n := utf8.RuneCountInString(l.text); n <= 60 {
			width = max(width, n)
		}
	}
	var b strings.Builder
	for _, l := range s.lines {
		b.WriteString(l.text)
		if l.comment != "" {
			b.WriteString(strings.Repeat(" ", max(0, width-utf8.RuneCountInString(l.text))) + "  # " + l.comment)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// shower collects the lines of a printed policy.
type shower struct {
	p     *Policy
	lines []shownLine
}

type shownLine struct {
	text    string
	comment string // where it comes from
}

// section prints the keys of a mapping; a mapping without any is left out.
func (s *shower) section(key *Key, indent string) {
	for i := range key.Keys {
		sub := &key.Keys[i]
		if sub.Kind == kind.Mapping {
			header := len(s.lines)
			s.lines = append(s.lines, shownLine{text: indent + sub.Name + ":"})
			s.section(sub, indent+"  ")
			if len(s.lines) == header+1 {
				s.lines = s.lines[:header]
			}
		} else if sub.at != nil {
			s.leaf(sub, indent)
		}
	}
}

func (s *shower) leaf(key *Key, indent string) {
	switch at := key.at(s.p).(type) {
	case *string:
		s.lines = append(s.lines, shownLine{text: indent + key.Name + ": " + quoteYAML(*at)})
	case *Value[string]:
		if at.V != "" {
			s.scalar(key, indent, quoteScalar(at.V, key), at.Origin)
		}
	case *Value[bool]:
		s.scalar(key, indent, strconv.FormatBool(at.V), at.Origin)
	case *Value[int64]:
		if at.Set {
			s.scalar(key, indent, key.Kind.Format(at.V), at.Origin)
		}
	case *Value[time.Duration]:
		if at.Set {
			s.scalar(key, indent, key.Kind.Format(int64(at.V)), at.Origin)
		}
	case *Value[seccomp.Action]:
		s.scalar(key, indent, at.V.String(), at.Origin)
	default:
		s.list(key, indent, s.entries(key))
	}
}

func (s *shower) scalar(key *Key, indent, text string, o Origin) {
	s.lines = append(s.lines, shownLine{indent + key.Name + ": " + text, comment(o)})
}

// entries prints the entries of a list leaf.
func (s *shower) entries(key *Key) []shownLine {
	var out []shownLine
	switch at := key.at(s.p).(type) {
	case *[]Entry:
		for _, e := range *at {
			out = append(out, shownLine{quoteYAML(e.Text), comment(e.Origin)})
		}
	case *[]Variable:
		for _, v := range *at {
			out = append(out, shownLine{quoteYAML(v.Name) + ": " + quoteText(v.Text), comment(v.Origin)})
		}
	case *[]PathRule:
		for i := range *at {
			if r := &(*at)[i]; r.Access == key.access {
				out = append(out, shownLine{showRule(r), comment(r.Origin)})
			}
		}
	case *[]SyscallRule:
		for i := range *at {
			r := &(*at)[i]
			out = append(out, shownLine{showSyscall(&r.Rule), comment(r.Origin)})
		}
	case *[]Test:
		for i := range *at {
			t := &(*at)[i]
			out = append(out, shownLine{showTest(t), comment(t.Origin)})
		}
	}
	return out
}

// list prints a list. One that has a base below all layers says !replace:
// what is printed is everything. An empty list is printed where it differs
// from one that is not given.
func (s *shower) list(key *Key, indent string, entries []shownLine) {
	name := indent + key.Name + ":"
	if key.DefaultBase {
		name += " " + replaceTag
	}
	if len(entries) == 0 {
		if len(key.DefaultList) > 0 {
			s.lines = append(s.lines, shownLine{text: name + " []"})
		}
		return
	}
	s.lines = append(s.lines, shownLine{text: name})
	bullet := "  - "
	if key.Kind == kind.Variables {
		bullet = "  "
	}
	for _, e := range entries {
		s.lines = append(s.lines, shownLine{indent + bullet + e.text, e.comment})
	}
}

// comment is the provenance of a line.
func comment(o Origin) string {
	if o.Layer == fromDefault {
		return "default"
	}
	text, between := shownPlace(o.At), " over "
	for _, over := range o.Over {
		text += between + shownPlace(over)
		between = ", "
	}
	return text
}

// shownPlace is file:line, or the column in the command line, which has one line.
func shownPlace(r diag.Range) string {
	if r.File == CommandLine {
		return CommandLine + ":" + strconv.Itoa(r.Start.Column)
	}
	return diag.Escape(r.File) + ":" + strconv.Itoa(r.Start.Line)
}
