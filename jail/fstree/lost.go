package fstree

import (
	"path"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
)

// Vanishing is a directory in the jail in which the user may look for what the program
// wrote, and whose content is not where the user looks when the jail has ended.
type Vanishing struct {
	Grant *Grant
	Dir   string          // in the jail
	Made  map[string]bool // names in it that the jail itself makes
	// Here: it is the current directory or the home, where a file counts that nobody has
	// named.
	Here bool
}

// Private is the directory of a private home that lies there, "" for what is in memory
// alone.
func (v *Vanishing) Private() string {
	if !v.Grant.private() {
		return ""
	}
	return v.Grant.Source + v.Dir[len(v.Grant.Real):]
}

// Vanishing lists the directories that are worth a look at the end of a jail: the home
// and the current directory, and those that the words of the command line lead into.
func (v *View) Vanishing(h *host.Host, words []string) []Vanishing {
	cwd, by := "", (*Grant)(nil)
	if h.Cwd != "" {
		cwd = v.Resolver.Resolve(h.Cwd).Real
		s, _ := v.Root.Lookup(cwd)
		by = s.By
	}
	var all []Vanishing
	add := func(gr *Grant, dir string, here bool) {
		if len(all) < maxVanishing {
			all = append(all, Vanishing{Grant: gr, Dir: dir, Here: here, Made: v.madeIn(dir)})
		}
	}
	named := func(path string) bool { return Named(words, h.Cwd, path) }
	for _, gr := range v.Grants {
		if !gr.vanishes() || !v.decides(gr) {
			continue
		}
		if here := gr == by || gr.isHome(); here || named(gr.Real) || gr.Written != gr.Real && named(gr.Written) {
			add(gr, gr.Real, here)
		}
		if gr == by && gr.Kind == GrantWrite && gr.Real != cwd {
			add(gr, cwd, true)
		}
		if gr.Kind != GrantOverlay {
			v.Root.find(gr.Real).frames(gr.Real, func(dir string) {
				if named(dir) || host.Within(cwd, dir) {
					add(gr, dir, false)
				}
			})
		}
	}
	return all
}

// frames visits the directories below n that are there only for what is granted in them.
func (n *Node) frames(path string, visit func(string)) {
	for _, k := range n.Kids {
		if k.isFrame() {
			at := host.Join(path, k.Name)
			visit(at)
			k.frames(at, visit)
		}
	}
}

// decides tells whether a grant is the one for its path, and was not overridden.
func (v *View) decides(gr *Grant) bool {
	n := v.Root.find(gr.Real)
	return n != nil && n.Grant == gr
}

// maxVanishing bounds how many descriptors the launcher gets.
const maxVanishing = 16

// vanishes tells whether what is written in a place is not on the host later, or not in
// that place.
func (gr *Grant) vanishes() bool {
	return gr.Kind == GrantTmpfs || gr.Kind == GrantOverlay && gr.Rule.Keep == "" || gr.private()
}

// madeIn are the names that the jail needs in a directory for what it shows there.
func (v *View) madeIn(dir string) map[string]bool {
	made := map[string]bool{}
	for _, k := range v.Root.At(dir).Kids {
		made[k.Name] = true
	}
	return made
}

// Named tells whether one of the words is about a path: it is the path, relative to the
// current directory, or has it or a path below it in it, as of=/tmp/x has.
func Named(words []string, cwd, name string) bool {
	for _, w := range words {
		if !strings.HasPrefix(w, "/") && cwd != "" && host.Within(path.Join(cwd, w), name) {
			return true
		}
		for rest, found := w, true; found; {
			if _, rest, found = strings.Cut(rest, name); found && (rest == "" || !isNameByte(rest[0])) {
				return true
			}
		}
	}
	return false
}

func isNameByte(b byte) bool {
	return b == '.' || b == '-' || b == '_' || b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'z' || b >= 0x80
}

// InPlace warns of files that are granted for writing and become mounts of their own,
// since their directory is not writable in the jail or is another one than the host's. A
// program that writes a new file and renames it over the old one can't do that to such a
// file: the kernel renames over no mount point (EBUSY, rename(2)).
func (v *View) InPlace(h *host.Host) diag.List {
	var names []string
	var first *Grant
	for _, gr := range v.Grants {
		if gr.Kind != GrantWrite || gr.File != host.KindFile || !v.decides(gr) {
			continue
		}
		if s, _ := v.Root.Lookup(host.Parent(gr.Real)); s.Bound && s.Writable && !s.Own {
			continue
		}
		if names = append(names, diag.Quote(gr.Real)); first == nil {
			first = gr
		}
	}
	if first == nil {
		return nil
	}
	summary := diag.Few(names) + " can be written in place only, not replaced by renaming, as editors and `sed -i` do"
	if dir := host.Parent(first.Real); dir != "/" && (h.Home == "" || !host.Within(v.Resolver.Resolve(h.Home).Real, dir)) {
		summary += "; to allow that, grant the directory: --write " + diag.Escape(dir)
	}
	return diag.List{{Severity: diag.Warning, Code: "in-place", Subject: *first.At, Summary: summary}}
}
