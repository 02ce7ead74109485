package policy

import (
	"bytes"
	"io/fs"
	"path"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/kind"
)

const (
	maxChain    = 32  // profiles that extend one another in a row
	maxProfiles = 256 // documents in one policy
)

// Request says what to load: a profile by Name or by File, and what the
// command line adds to it.
type Request struct {
	Name string     // looked up along the search path
	File string     // absolute path of a file, opened through Store.Root
	As   string     // how messages call File; File itself when empty
	At   diag.Range // where the name or file was given, may be zero

	Flags       []Setting
	CommandLine string // the text that the ranges of Flags and At point into
}

// Load reads a profile with all that it extends, its drop-ins and the flags,
// and merges them. The policy is nil when the list has errors; warnings may
// come with a policy. The sources hold every text that was read.
func Load(store Store, req Request) (*Policy, *diag.Sources, diag.List) {
	l := loader{store: &store, sources: new(diag.Sources), done: map[string]bool{}}
	if req.CommandLine != "" || len(req.Flags) > 0 {
		l.sources.Add(CommandLine, []byte(req.CommandLine))
	}
	main, ok := l.find(req)
	if ok {
		l.visit(main, "profile", req.At)
		if req.File == "" {
			l.dropIns(req.Name, req.At)
		}
	}
	l.flags(req.Flags)
	if l.list.HasErrors() {
		return nil, l.sources, l.list
	}
	merged := newDocument()
	for _, d := range l.docs {
		merged.add(d)
	}
	p := build(merged, l.layers)
	if p.Name == "" {
		p.Name = main.profile()
	}
	l.list = append(l.list, ineffective(p)...)
	l.list = append(l.list, refusedWithSetID(p)...)
	l.list = append(l.list, networkFaults(&p.Network)...)
	if l.list.HasErrors() {
		p = nil
	}
	return p, l.sources, l.list
}

// loader collects the documents of one policy, weakest first.
type loader struct {
	store   *Store
	sources *diag.Sources
	list    diag.List
	layers  []Layer
	docs    []*document
	done    map[string]bool // by shown name
	chain   []link          // the profiles being loaded, outermost first
	loading int
}

// link is a step of a chain of extends.
type link struct {
	shown string
	via   diag.Range // the entry that leads to it
}

func (l *loader) report(d diag.Diagnostic) { l.list = append(l.list, d) }

// find locates the profile that is asked for.
func (l *loader) find(req Request) (profileFile, bool) {
	if req.File != "" {
		name := strings.TrimPrefix(path.Clean(req.File), "/")
		f := profileFile{dir: &l.store.Root, name: name, as: req.As}
		if l.store.Root.FS == nil || !fs.ValidPath(name) || !strings.HasPrefix(req.File, "/") {
			l.report(diag.Diagnostic{Code: "unreadable", Summary: "cannot read " + diag.Quote(req.File) + ": not an absolute path", Subject: req.At})
			return f, false
		}
		return f, true
	}
	if _, p := kind.ProfileName.Parse(req.Name, nil); p != nil {
		l.report(p.Diagnostic(req.At))
		return profileFile{}, false
	}
	f, ok := l.store.search(req.Name)
	if !ok {
		l.report(l.store.unknownProfile(req.Name, req.At))
	}
	return f, ok
}

// visit loads a file: first what it extends, then itself. A file that was
// met before keeps the place it has.
func (l *loader) visit(f profileFile, reason string, via diag.Range) {
	shown := f.shown()
	for i := range l.chain {
		if l.chain[i].shown == shown {
			l.cycle(i, shown, via)
			return
		}
	}
	if l.done[shown] {
		return
	}
	l.done[shown] = true
	if l.loading++; len(l.chain) >= maxChain || l.loading > maxProfiles {
		if l.loading > maxProfiles+1 {
			return // said once
		}
		l.report(diag.Diagnostic{
			Code: "too-deep", Summary: "too many profiles extend one another", Subject: via,
			Remedy: "at most 32 in a row, and 256 in all",
		})
		return
	}
	doc, extends, ok := l.parse(f, via)
	if !ok {
		return
	}
	l.chain = append(l.chain, link{shown, via})
	for i := range extends {
		if next, ok := l.extended(f, &extends[i]); ok {
			l.visit(next, "extends", extends[i].at)
		}
	}
	l.chain = l.chain[:len(l.chain)-1]
	switch reason {
	case "extends":
		doc.dropOwn()
	case "drop-in":
		l.refuseOwn(doc)
	}
	l.push(doc, Layer{Name: f.profile(), File: shown, Dir: f.directory(), Reason: reason, Via: via})
}

// parse reads and checks one file.
func (l *loader) parse(f profileFile, via diag.Range) (*document, []item, bool) {
	if f.dir != &l.store.Root {
		if err := l.store.trusted(f.dir, "."); err != nil {
			l.report(readError(f, err, via))
			return nil, nil, false
		}
	}
	text, err := l.store.read(f)
	if err != nil {
		l.report(readError(f, err, via))
		return nil, nil, false
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // which some editors put before UTF-8
	l.sources.Add(f.shown(), text)
	root, faults := l.store.Parse(f.shown(), text)
	l.list = append(l.list, faults...)
	if faults.HasErrors() {
		return nil, nil, false
	}
	c := checker{noDir: f.dir.Embedded, readList: func(name string, at diag.Range) (hostList, bool) {
		return l.listOf(f, name, at)
	}}
	c.document(root)
	l.list = append(l.list, c.list...)
	return c.doc, c.extends, true
}

// extended locates what an entry of extends names.
func (l *loader) extended(from profileFile, entry *item) (profileFile, bool) {
	if !kind.IsRelative(entry.text) {
		f, ok := l.store.search(entry.text)
		if !ok {
			d := l.store.unknownProfile(entry.text, entry.at)
			d.Notes = append(l.chainNotes(0), d.Notes...)
			l.report(d)
		}
		return f, ok
	}
	f := profileFile{dir: from.dir, name: path.Join(path.Dir(from.name), entry.text)}
	if from.as != "" {
		f.as = path.Join(path.Dir(from.as), entry.text)
	}
	if !fs.ValidPath(f.name) {
		l.report(diag.Diagnostic{
			Code: "invalid-name", Summary: diag.Quote(entry.text) + " leads out of the profile directory", Subject: entry.at,
			Remedy: "extend profiles of other directories by their names",
		})
		return f, false
	}
	if _, p := kind.ProfileName.Parse(f.profile(), nil); p != nil {
		l.report(p.Diagnostic(entry.at))
		return f, false
	}
	return f, true
}

// chainNotes shows how the profile that is being loaded was reached, from
// link number first on.
func (l *loader) chainNotes(first int) []diag.Note {
	var notes []diag.Note
	for i := max(first, 1); i < len(l.chain); i++ {
		notes = append(notes, diag.Note{Text: diag.Escape(l.chain[i].shown) + " is extended here", At: l.chain[i].via})
	}
	return notes
}

// cycle reports that the entry at via leads back to link number first.
func (l *loader) cycle(first int, shown string, via diag.Range) {
	names := make([]string, 0, len(l.chain)-first+1)
	for i := first; i < len(l.chain); i++ {
		names = append(names, diag.Escape(l.chain[i].shown))
	}
	names = append(names, diag.Escape(shown))
	l.report(diag.Diagnostic{
		Code: "cycle", Summary: "profiles extend one another in a circle: " + strings.Join(names, " -> "), Subject: via,
		Notes: l.chainNotes(first + 1),
	})
}

// push adds a document on top of the ones before.
func (l *loader) push(doc *document, layer Layer) {
	doc.setLayer(len(l.layers))
	l.layers = append(l.layers, layer)
	l.docs = append(l.docs, doc)
}
