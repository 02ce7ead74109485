package policy

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/kind"
)

// Listed is a profile of the search path.
type Listed struct {
	Name        string
	File        string // as messages call it
	Description string
	Programs    []string
	// Hidden lists the files of the same name in weaker directories.
	Hidden []string
}

// Profiles lists the profiles of the search path by name. A file that
// cannot be used is in the list of diagnostics instead; its name still hides
// weaker files.
func Profiles(store Store) ([]Listed, *diag.Sources, diag.List) {
	l := loader{store: &store, sources: new(diag.Sources), done: map[string]bool{}}
	var out []Listed
	for _, name := range store.names() {
		f, ok := store.search(name)
		if !ok {
			continue
		}
		before := len(l.list)
		doc, _, ok := l.parse(f, diag.Range{})
		if !ok || l.list[before:].HasErrors() {
			continue
		}
		p := build(doc, nil)
		listed := Listed{Name: name, File: f.shown(), Description: p.Description.V}
		for _, e := range p.Programs {
			listed.Programs = append(listed.Programs, e.Text)
		}
		for i := range store.Dirs {
			other := profileFile{dir: &store.Dirs[i], name: f.name}
			if other.dir != f.dir && store.exists(other.dir, other.name) {
				listed.Hidden = append(listed.Hidden, other.shown())
			}
		}
		out = append(out, listed)
	}
	return out, l.sources, l.list
}

// ForProgram finds the profile for a program by its base name: the profile
// of that name, or else the first along the search path that lists the
// program under programs. The name is "" when there is none. Only the second
// search opens files, and it parses only those in which the name occurs.
func (s Store) ForProgram(program string) (string, *diag.Sources, diag.List) {
	if !kind.IsName(program) {
		return "", nil, nil // a name that no profile can have
	}
	if _, ok := s.search(program); ok {
		return program, nil, nil
	}
	l := loader{store: &s, sources: new(diag.Sources), done: map[string]bool{}}
	hidden := map[string]bool{}
	for i := range s.Dirs {
		d := &s.Dirs[i]
		var found []item
		var owner string
		for _, name := range s.yamlFiles(d, ".") {
			if hidden[name] {
				continue
			}
			hidden[name] = true
			f := profileFile{dir: d, name: name}
			if it, ok := l.claims(f, program); ok {
				owner = cmp.Or(owner, f.profile())
				found = append(found, it)
			}
		}
		if len(found) > 1 {
			l.ambiguous(program, found)
		}
		if owner != "" || l.list.HasErrors() {
			return owner, l.sources, l.list
		}
	}
	return "", l.sources, l.list
}

// claims reports whether a profile lists the program. A file that mentions
// the program and cannot be used is an error, not a file that does not count.
func (l *loader) claims(f profileFile, program string) (item, bool) {
	text, err := l.store.read(f)
	if err != nil {
		l.report(readError(f, err, diag.Range{}))
		return item{}, false
	}
	if !bytes.Contains(text, []byte(program)) {
		return item{}, false
	}
	doc, _, ok := l.parse(f, diag.Range{})
	if !ok {
		return item{}, false
	}
	for it := range doc.leaves[schema().find([]string{"programs"}).id].live {
		if it.text == program {
			return *it, true
		}
	}
	return item{}, false
}

func (l *loader) ambiguous(program string, found []item) {
	names := make([]string, len(found))
	d := diag.Diagnostic{Code: "ambiguous-program", Subject: found[0].at}
	for i := range found {
		names[i] = diag.Escape(found[i].at.File)
		if i > 0 {
			d.Notes = append(d.Notes, diag.Note{Text: "and here", At: found[i].at})
		}
	}
	d.Summary = "several profiles are for " + diag.Quote(program) + ": " + strings.Join(names, ", ")
	d.Remedy = "remove it from all but one, or choose one with --profile"
	l.report(d)
}
