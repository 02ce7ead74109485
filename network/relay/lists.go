package relay

import (
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/jail-project/jail/network"
	"github.com/jail-project/jail/network/rules"
	"github.com/jail-project/jail/policy/kind"
)

// lists are the rules by where they come from: entries of profiles, and lines of files
// that may change while the jail runs.
type lists struct {
	services rules.Services
	files    []network.File
	// of are the rules of allow and deny of each file, and in the first place those of no
	// file. atStart are those of files as the jail was started with them.
	of, atStart [][2][]rules.Rule
}

// The places in such a pair.
const (
	allow = 0
	deny  = 1
)

// newLists reads the rules of a setting.
func newLists(s *network.Setting) (*lists, error) {
	l := &lists{files: s.Files, of: make([][2][]rules.Rule, 1+len(s.Files))}
	l.services = func(name string) (uint16, bool) {
		port, ok := s.Services[name]
		return port, ok && port != 0
	}
	for i, list := range [...][]network.Rule{s.Allow, s.Deny} {
		for _, entry := range list {
			rule, problem := rules.Parse(entry.Text, entry.Place, l.services)
			if problem != nil {
				return nil, fmt.Errorf("%s: %s", entry.Place, problem.Summary)
			}
			if entry.File < 0 || entry.File >= len(l.of) {
				return nil, fmt.Errorf("%s: of an unknown file", entry.Place)
			}
			l.of[entry.File][i] = append(l.of[entry.File][i], rule)
		}
	}
	l.atStart = slices.Clone(l.of)
	return l, nil
}

// set makes the set of all of them.
func (l *lists) set() *rules.Set {
	var all [2][]rules.Rule
	for _, of := range l.of {
		for i := range all {
			all[i] = append(all[i], of[i]...)
		}
	}
	return rules.New(all[allow], all[deny], nil)
}

// changed takes over what a file says now. It errs on the narrow side: a line of allow that
// is no entry allows nothing, and then, as when the file is gone, what a list of deny has
// denied stays denied.
func (l *lists) changed(r *Relay, number int, file *os.File) {
	if number < 0 || number >= len(l.files) {
		return
	}
	f := &l.files[number]
	now, whole := l.read(r, f.Shown, file)
	of, before := &l.of[number+1], &l.atStart[number+1]
	switch {
	case f.Deny && f.Open:
		of[deny] = union(before[deny], now)
	case f.Deny && !whole:
		of[deny] = union(of[deny], now)
	case f.Deny:
		of[deny] = now
	case f.Open:
		known := textsOf(before[allow])
		of[allow] = slices.DeleteFunc(now, func(r rules.Rule) bool { return !known[r.Text] })
	default:
		of[allow] = now
	}
	r.report.note("read", f.Shown)
	r.change(l.set())
}

// union are the rules of two lists, each once.
func union(a, b []rules.Rule) []rules.Rule {
	known := textsOf(a)
	all := slices.Clone(a)
	for i := range b {
		if !known[b[i].Text] {
			all = append(all, b[i])
		}
	}
	return all
}

func textsOf(list []rules.Rule) map[string]bool {
	texts := make(map[string]bool, len(list))
	for i := range list {
		texts[list[i].Text] = true
	}
	return texts
}

// read reads the lines of a file. It is not whole if something could not be read.
func (l *lists) read(r *Relay, shown string, file *os.File) (list []rules.Rule, whole bool) {
	if file == nil {
		r.report.remark(shown + " can't be read any more; it allows nothing now")
		return nil, false
	}
	text, err := io.ReadAll(io.LimitReader(file, network.MostFile+1))
	if err != nil || len(text) > network.MostFile {
		r.report.remark(shown + " can't be read any more, or is larger than 1 MiB; it allows nothing now")
		return nil, false
	}
	whole = true
	for at, entry := range kind.HostLines(string(text)) {
		place := fmt.Sprintf("%s:%d:%d", shown, at.Line, at.Column)
		rule, problem := rules.Parse(entry, place, l.services)
		if problem != nil {
			r.report.remark(place + ": " + problem.Summary)
			whole = false
			continue
		}
		list = append(list, rule)
	}
	return list, whole
}
