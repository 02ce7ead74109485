package policy

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/jail-project/jail/policy/kind"
	"github.com/jail-project/jail/seccomp"
)

// showRule prints an entry of a path list.
func showRule(r *PathRule) string {
	m := flowMapping{}
	switch r.Create {
	case CreateDirectory:
		m.add("create", "directory")
	case CreateFile:
		m.add("create", "file")
	}
	if r.Keep != "" {
		m.add("keep", quoteYAML(r.Keep))
	}
	if r.Size != 0 {
		m.add("size", kind.FormatSize(r.Size))
	}
	if r.Inodes != 0 {
		m.add("inodes", strconv.FormatInt(r.Inodes, 10))
	}
	if r.Mode != 0 {
		m.add("mode", `"`+kind.Mode.Format(int64(r.Mode))+`"`)
	}
	if r.Required {
		m.add("required", "true")
	}
	if r.FromHost {
		m.add("from", "host")
	}
	if len(m.pairs) == 0 {
		return quoteYAML(r.Path)
	}
	return m.with("path", quoteYAML(r.Path))
}

// showSyscall prints an entry of a syscall list.
func showSyscall(r *seccomp.Rule) string {
	m := flowMapping{}
	if len(r.When) > 0 {
		conds := make([]string, len(r.When))
		for i, w := range r.When {
			c := flowMapping{}
			c.add("op", strconv.Quote(w.Op))
			c.add("value", strconv.FormatUint(w.Value, 10))
			if w.Op == "&" {
				c.add("mask", strconv.FormatUint(w.Mask, 10))
			}
			c.add("width", strconv.Itoa(w.Width))
			conds[i] = c.with("arg", strconv.Itoa(int(w.Arg)))
		}
		m.add("when", "["+strings.Join(conds, ", ")+"]")
	}
	if r.Action != seccomp.Allow && (r.Action != seccomp.Errno || r.Errno != 0) {
		m.add("action", r.Action.String())
	}
	if r.Errno != 0 {
		name := seccomp.ErrnoName(r.Errno)
		if name == "" {
			name = strconv.Itoa(r.Errno)
		}
		m.add("errno", name)
	}
	if len(m.pairs) == 0 {
		return quoteYAML(r.Name)
	}
	return m.with("name", quoteYAML(r.Name))
}

func showTest(t *Test) string {
	m := flowMapping{}
	m.add("expect", t.Expect)
	if t.Probe != "run" {
		return m.with(t.Probe, quoteYAML(t.Target))
	}
	words := make([]string, len(t.Run))
	for i, w := range t.Run {
		words[i] = quoteText(w)
	}
	return m.with("run", "["+strings.Join(words, ", ")+"]")
}

// flowMapping prints {key: value, …}.
type flowMapping struct{ pairs []string }

func (m *flowMapping) add(key, value string) { m.pairs = append(m.pairs, key+": "+value) }

func (m *flowMapping) with(key, value string) string {
	return "{" + strings.Join(append([]string{key + ": " + value}, m.pairs...), ", ") + "}"
}

// quoteScalar prints a text value of a key; words of an Enum stay plain.
func quoteScalar(text string, key *Key) string {
	if key.Kind == kind.Enum {
		return text
	}
	if key.Kind == kind.Text {
		return quoteText(text)
	}
	return quoteYAML(text)
}

// quoteYAML prints a name or path: plain where every reader of YAML takes it
// for the same text, in double quotes elsewhere.
func quoteYAML(text string) string {
	if kind.IsPlain(text) {
		return text
	}
	return quoteText(text)
}

// quoteText prints any text in double quotes. A byte that is not UTF-8,
// which only the command line can bring in, has no form in YAML and is
// printed as the replacement character.
func quoteText(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xff:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
