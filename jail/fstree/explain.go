package fstree

import (
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/paths"
)

// Visibility is what a program in a jail finds at a path.
type Visibility int

// The kinds of Visibility.
const (
	Absent   Visibility = iota // nothing: no rule shows it
	Hidden                     // a rule hides it
	Frame                      // a directory of the jail's own, in which granted paths appear
	ReadOnly                   // the host's, read-only
	Writable                   // the host's
	Layered                    // the host's, with changes that go to a layer
	Private                    // a directory that is kept for this profile
	Tmpfs                      // a file system in memory
	Blocked                    // no file, and the creation of one is blocked
	Own                        // made by jail: /dev, /proc, a file with text of ours
	Socket                     // the host's, and may be connected to
)

// String is the stable name of a visibility, for programs.
func (s Visibility) String() string {
	if s < 0 || s > Socket {
		return "invalid"
	}
	return [...]string{"absent", "hidden", "frame", "read-only", "writable", "overlay", "private", "tmpfs", "kept-absent", "own", "socket"}[s]
}

// Ground is one rule that a path meets.
type Ground struct {
	Rule    *policy.PathRule // nil for what jail does without being asked
	Key     string           // the line of the profile, where that is no path rule: "filesystem.home: empty"
	Path    string           // where it applies, without symbolic links
	Written string           // in the user's words; the member, for a group
	Source  string           // what is shown there when that is not Path itself, or ""
	At      diag.Range       // zero for what jail does without being asked
	Guard   bool             // jail's own protection of files that run later
}

// Explanation tells what a path is in a jail, and why.
type Explanation struct {
	Path       string        // as asked, absolute
	Real       string        // without symbolic links
	Kind       host.FileKind // of what is there outside the jail
	InRoot     bool          // the jail has a root of its own, and what exists does so there
	HostPath   string        // where the jail has it from, if it has a root of its own
	Visibility Visibility
	By         *Ground  // what decided; nil when nothing on the way has a rule
	Passed     []Ground // rules on the way that a more specific one overrode, widest first
	Beaten     []Ground // rules for the same path that lost
	// Broken: the jail shows Real, but a symbolic link on the way that Path
	// takes is missing there.
	Broken bool
}

// Explain tells what an absolute, clean path is in the jail.
func (v *View) Explain(path string) Explanation {
	at := v.Resolver.Resolve(path)
	e := Explanation{Path: path, Real: at.Real, Kind: at.Kind, InRoot: v.tree != nil}
	if s, _ := v.Root.Lookup(at.Real); v.tree != nil && s.Bound && s.By.Source == "" {
		e.HostPath = v.HostPath(at.Real)
	}
	s, passed := v.Root.Lookup(at.Real)
	if s.By != nil {
		by := ground(s.By)
		e.By = &by
		for _, gr := range v.Grants {
			if gr != s.By && gr.Real == s.By.Real && gr.Rule != nil {
				e.Beaten = append(e.Beaten, ground(gr))
			}
		}
	}
	for _, gr := range passed {
		if gr != s.By && gr.Kind != GrantGuard && gr.Kind != GrantFree {
			e.Passed = append(e.Passed, ground(gr))
		}
	}
	e.Visibility = v.visibility(s, at)
	if s.OnHost() {
		if gr := v.keptFree(at.Real); gr != nil {
			by := ground(gr)
			e.By, e.Visibility = &by, Blocked
		}
	}
	e.Broken = s.Bound && !v.NameLeadsTo(path, at)
	return e
}

// keptFree is the grant that keeps a path free, nil for none.
func (v *View) keptFree(real string) *Grant {
	path := v.HostPath(real)
	for _, one := range v.freeNames() {
		if host.Within(path, one.path) {
			return one.grant
		}
	}
	return nil
}

// freeName is a path that a grant keeps free.
type freeName struct {
	path  string
	grant *Grant
}

// freeNames are all of them. Who asks about one path asks about many, so they are put
// together once.
func (v *View) freeNames() []freeName {
	if v.free == nil {
		v.free = []freeName{}
		for _, gr := range v.Grants {
			if gr.Kind == GrantFree {
				v.free = append(v.free, freeName{gr.Name.Path(), gr})
			}
		}
	}
	return v.free
}

// Explanations explains every path that has a rule of its own, which decides about all
// paths below it without one.
func (v *View) Explanations() []Explanation {
	var all []Explanation
	var walk func(n *Node, path string)
	walk = func(n *Node, path string) {
		if n.Grant != nil {
			all = append(all, v.Explain(path))
		}
		for _, k := range n.Kids {
			walk(k, host.Join(path, k.Name))
		}
	}
	walk(v.Root, "/")
	return all
}

// visibility names a setting at a place.
func (v *View) visibility(s Setting, at host.Resolved) Visibility {
	switch {
	case (s.By == nil || s.By.Kind == GrantHide || s.By.Kind == GrantEmpty) && v.Frames(at.Real),
		s.By != nil && s.By.Kind == GrantEmpty && s.By.Real == at.Real:
		return Frame
	case s.By == nil:
		return Absent
	case s.By.Kind == GrantWrite && s.By.Source != "":
		return Private
	}
	return [...]Visibility{
		GrantRead: ReadOnly, GrantWrite: Writable, GrantHide: Hidden, GrantTmpfs: Tmpfs, GrantOverlay: Layered,
		GrantGuard: ReadOnly, GrantFree: Blocked, GrantDev: Own, GrantProc: Own, GrantText: Own, GrantSocket: Socket, GrantEmpty: Absent,
	}[s.By.Kind]
}

// Frames tells whether a path that is not visible itself leads to one that is.
func (v *View) Frames(real string) bool {
	n := v.Root.find(real)
	return n != nil && LeadsSomewhere(n)
}

func ground(gr *Grant) Ground {
	g := Ground{Path: gr.Real, Written: gr.Written, Source: gr.Source, Guard: gr.Kind == GrantGuard || gr.Kind == GrantFree && gr.Rule == nil}
	if gr.At != nil && !gr.At.IsZero() {
		g.At, g.Rule, g.Key = *gr.At, gr.Rule, gr.key
	}
	return g
}

// Paths returns the paths of a path of the profile language on this host: the members of
// a group, the files that match a pattern. It returns none for a variable that has no
// value here. It returns a path without a glob whether or not it exists.
func Paths(p *policy.Policy, h *host.Host, program, written string) []string {
	g := newGranter(p, h, program)
	rule := &policy.PathRule{Path: written, Origin: policy.Origin{Layer: builtinLayer}}
	members := []string{written}
	if strings.HasPrefix(written, "@") {
		members = paths.Group(written)
	}
	var found []string
	for _, m := range members {
		switch pattern, ok := g.expand(m, rule); {
		case ok && paths.IsGlob(pattern):
			found = append(found, g.resolver.Glob(pattern)...)
		case ok:
			found = append(found, paths.Unescape(pattern))
		}
	}
	return found
}
