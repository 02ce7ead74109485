package security

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
)

// The model of what a profile means for files: a page of code that knows
// nothing of mounts. The most specific rule decides about a path; what no rule
// shows is not there.

type kind int

const (
	missing kind = iota
	directory
	file
	symlink
	socket
	masked // there, and closed
)

// entry is a file of the host.
type entry struct {
	kind   kind
	target string // of a link
	text   string // of a file
}

// model is a host's tree and a profile. All paths are below root.
type model struct {
	root    string
	host    map[string]entry
	written map[string]string // the profile: read, write, hide or tmpfs, by path
	rules   map[string]string // those of them that mean something
}

// rule returns the most specific rule about a path, "" for none.
func (m *model) rule(p string) (how, at string) {
	for ; len(p) >= len(m.root); p = path.Dir(p) {
		if how := m.rules[p]; how != "" {
			return how, p
		}
	}
	return "", ""
}

// leads tells whether something is shown below a path that is not shown itself.
func (m *model) leads(p string) bool {
	for at, how := range m.rules {
		if strings.HasPrefix(at, p+"/") && how != "hide" {
			return true
		}
	}
	return p == m.root && len(m.rules) > 0
}

// lookup returns what a path is inside. No component of its directory is a
// link.
func (m *model) lookup(p string) entry {
	how, at := m.rule(p)
	switch {
	case how == "read" || how == "write":
		return m.host[p]
	case how == "tmpfs" && p == at || m.leads(p):
		return entry{kind: directory}
	case how == "hide" && p == at:
		// A mask is needed only where the host would show through.
		if around, _ := m.rule(path.Dir(p)); around == "read" || around == "write" {
			return entry{kind: masked}
		}
	}
	return entry{}
}

// walk follows a path as the kernel does, the last component only if it is
// told to. The result has no links in it; it need not be there.
func (m *model) walk(p string, follow bool) (real string, e entry, ok bool) {
	rest := strings.Split(strings.TrimPrefix(p, m.root+"/"), "/")
	at := m.root
	for steps := 0; len(rest) > 0; steps++ {
		if steps > 200 || !strings.HasPrefix(at+"/", m.root+"/") || m.lookup(at).kind != directory {
			return "", entry{}, false
		}
		name := rest[0]
		rest = rest[1:]
		if name == "." {
			continue
		}
		if name == ".." {
			at = path.Dir(at)
			continue
		}
		next := at + "/" + name
		e := m.lookup(next)
		if e.kind != symlink || len(rest) == 0 && !follow {
			if len(rest) > 0 && e.kind != directory {
				return "", entry{}, false
			}
			at = next
			continue
		}
		if target, absolute := strings.CutPrefix(e.target, m.root+"/"); absolute {
			at, rest = m.root, append(strings.Split(target, "/"), rest...)
		} else {
			rest = append(strings.Split(e.target, "/"), rest...)
		}
	}
	return at, m.lookup(at), true
}

// mayChange tells whether names can be made and removed in a directory.
func (m *model) mayChange(dir string) bool {
	how, _ := m.rule(dir)
	return m.lookup(dir).kind == directory && (how == "write" || how == "tmpfs" && !m.frame(dir))
}

// frame tells whether a path lies in a directory of a tmpfs that is there only because
// something is shown in it: what is written there belongs beside that, on the host. One
// that a rule hides is no such place.
func (m *model) frame(p string) bool {
	_, at := m.rule(p)
	if p == at {
		return false
	}
	first, _, _ := strings.Cut(p[len(at)+1:], "/")
	return m.leads(at+"/"+first) && m.written[at+"/"+first] != "hide"
}

// verdict is what the model says about a call.
type verdict struct {
	open bool
	text string // what is read
	// mounts: the kernel may refuse all the same, because a mount is in the
	// way (EBUSY, EXDEV).
	mounts bool
}

// parent walks to the directory of a path, and says what lies at the name.
func (m *model) parent(p string) (name string, e entry, changes bool) {
	cut := strings.LastIndexByte(p, '/') // package path would resolve ".."
	dir, d, ok := m.walk(p[:cut], true)
	if p[:cut] == m.root {
		dir, d, ok = m.root, m.lookup(m.root), true
	}
	if !ok || d.kind != directory {
		return "", entry{}, false
	}
	name = dir + p[cut:]
	return name, m.lookup(name), m.mayChange(dir)
}

// fixed tells whether a rule is about a path or something below it: what it
// is called is part of the profile. In a tmpfs nothing that a name changes
// outlives the jail, and what is mounted below moves along.
func (m *model) fixed(p string) bool {
	if how, at := m.rule(p); how == "tmpfs" && at != p {
		return false
	}
	for at, how := range m.rules {
		if (at == p || strings.HasPrefix(at, p+"/")) && how != "write" {
			return true
		}
	}
	return false
}

// ask is the model's answer to a call.
func (m *model) ask(verb, a, b string) verdict {
	switch verb {
	case "stat":
		_, e, _ := m.walk(a, false)
		return verdict{open: e.kind != missing}
	case "read":
		_, e, _ := m.walk(a, true)
		return verdict{open: e.kind == file, text: e.text}
	case "write":
		real, e, _ := m.walk(a, true)
		how, _ := m.rule(real)
		return verdict{open: e.kind == file && how == "write"}
	case "connect":
		return verdict{} // a visible path is not enough
	}
	name, e, changes := m.parent(a)
	switch verb {
	case "create", "mkdir":
		return verdict{open: changes && e.kind == missing}
	case "unlink":
		return verdict{open: changes && e.kind != missing && e.kind != directory && !m.fixed(name), mounts: true}
	}
	other, o, also := m.parent(b)
	how, _ := m.rule(name)
	switch verb {
	case "rename":
		return verdict{
			open:   changes && also && e.kind != missing && o.kind == missing && !m.fixed(name) && !strings.HasPrefix(other+"/", name+"/"),
			mounts: true,
		}
	case "link":
		return verdict{open: also && o.kind == missing && (e.kind == file || e.kind == symlink || e.kind == socket) && how == "write", mounts: true}
	}
	panic(verb)
}

// forest makes a random tree.
func forest(r *rand.Rand, root string) *model {
	m := &model{root: root, host: map[string]entry{root: {kind: directory}}, written: map[string]string{}}
	dirs, files := []string{root}, []string{}
	for n := range 12 + r.IntN(14) {
		at := dirs[r.IntN(len(dirs))] + "/" + string(rune('a'+r.IntN(5)))
		if m.host[at].kind != missing || strings.Count(at[len(root):], "/") > 5 {
			continue
		}
		switch r.IntN(9) {
		case 0, 1, 2, 3:
			m.host[at] = entry{kind: directory}
			dirs = append(dirs, at)
		case 4, 5:
			m.host[at] = entry{kind: file, text: fmt.Sprint("text ", n)}
			files = append(files, at)
		case 6:
			m.host[at] = entry{kind: symlink, target: randomTarget(r, m, at)}
		case 7:
			m.host[at] = entry{kind: socket}
		default: // a hard link
			if len(files) > 0 {
				other := files[r.IntN(len(files))]
				m.host[at] = entry{kind: file, text: m.host[other].text, target: other}
			}
		}
	}
	return m
}

// randomTarget is where a link leads: to something of the tree or to nothing,
// by a path from the root, from its directory, or by way of "..".
func randomTarget(r *rand.Rand, m *model, from string) string {
	all := slices.Sorted(maps.Keys(m.host))
	to := all[r.IntN(len(all))]
	if to == m.root {
		to += "/a"
	}
	switch r.IntN(3) {
	case 0:
		return to
	case 1:
		up := strings.Count(path.Dir(from)[len(m.root):], "/")
		return strings.Repeat("../", up) + strings.TrimPrefix(to, m.root+"/")
	}
	return string(rune('a' + r.IntN(5)))
}

// grantSome makes a random profile of rules about what is there.
func (m *model) grantSome(r *rand.Rand) {
	all := slices.Sorted(maps.Keys(m.host))
	for range 1 + r.IntN(5) {
		at := all[r.IntN(len(all))]
		e := m.host[at]
		if e.kind == symlink || e.kind == missing || at == m.root && r.IntN(3) > 0 {
			continue
		}
		hows := []string{"read", "write", "hide", "tmpfs"}
		if e.kind != directory {
			hows = hows[:3]
		}
		m.written[at] = hows[r.IntN(len(hows))]
	}
	m.rules = maps.Clone(m.written)
	for _, at := range slices.Sorted(maps.Keys(m.written)) { // what is above comes first
		// Where nothing of the host shows there is nothing to hide.
		if around, _ := m.rule(path.Dir(at)); m.written[at] == "hide" && (around == "" || around == "tmpfs") {
			delete(m.rules, at)
		}
	}
}
