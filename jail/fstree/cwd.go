package fstree

import (
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
)

// What a program leaves in the directory that it was started in is to be found there, or
// the program is to be told that it can't leave anything. So a profile that grants the
// current directory grants it where another profile of the same policy wants a tmpfs, and
// a current directory that nothing shows is empty and read-only.

// keepCwd lets the rule that grants the current directory for writing win over a tmpfs at
// the same path, as where jail is started in /tmp. It refuses what else takes the
// directory away from such a rule. What the command line says holds in any case.
func (g *granter) keepCwd() {
	for _, gr := range g.grants {
		if gr.Rule == nil || gr.Rule.Path != "${CWD}" || gr.Kind != GrantWrite && gr.Kind != GrantOverlay {
			continue
		}
		for _, other := range g.grants {
			if other.Real != gr.Real || other.Rule == nil || !other.over(gr) || g.fromFlags(other.Rule) || other.Rule.Path == "${CWD}" {
				continue
			}
			switch other.Kind {
			case GrantTmpfs:
				other.rank.layer = builtinLayer - 1
			case GrantHide:
				g.refuseHiddenCwd(gr, other)
				return
			}
		}
	}
}

func (g *granter) refuseHiddenCwd(granted, hidden *Grant) {
	g.problems = append(g.problems, diag.Diagnostic{
		Code:    "cwd-hidden",
		Summary: "this grants the current directory for writing, and another rule hides " + diag.Quote(hidden.Real),
		Subject: *granted.At,
		Notes:   []diag.Note{{Text: "it is hidden because of this entry", At: *hidden.At}},
		Remedy:  "change into another directory; or grant this one: --write .",
	})
}

// emptyCwd puts an empty, read-only directory in the place of the current directory where
// the jail shows nothing of it. In a home of the jail's own the program would otherwise
// write into a directory that looks like the user's.
func (v *View) emptyCwd(h *host.Host) {
	if h.Cwd == "" || h.Cwd == "/" {
		return
	}
	at := v.Resolver.Resolve(h.Cwd)
	if at.Kind != host.KindDir || !v.hides(at.Real, h.Files) {
		return
	}
	v.Root.At(at.Real).Grant = emptyGrant(at.Real)
	v.Root.sort()
	v.CwdHidden = true
}

func emptyGrant(dir string) *Grant {
	return &Grant{Kind: GrantEmpty, Real: dir, File: host.KindDir, Written: dir, At: new(diag.Range), rank: rank{layer: builtinLayer}}
}

// sealFrames makes directories read-only that are in a tmpfs only because something is
// granted in them: what is written to ../out belongs beside the granted directory, on the
// host. Programs have their settings and caches in directories whose names begin with a
// dot; these stay writable.
func (v *View) sealFrames() {
	for _, gr := range v.Grants {
		if gr.Kind != GrantTmpfs || !v.decides(gr) {
			continue
		}
		for _, k := range v.Root.find(gr.Real).Kids {
			if k.isFrame() && k.Name[0] != '.' {
				k.Grant = emptyGrant(host.Join(gr.Real, k.Name))
			}
		}
	}
}

// isFrame tells whether a directory is there only for what is granted in it.
func (n *Node) isFrame() bool { return n.Grant == nil && n.Link == "" && LeadsSomewhere(n) }

// hides tells whether nothing of a directory is in the jail, so that there is room for
// another one. A private home may have a directory of this name with files of its own.
func (v *View) hides(real string, files host.Files) bool {
	s, _ := v.Root.Lookup(real)
	switch {
	case s.By == nil || s.By.Kind == GrantHide:
		return true
	case s.By.Real == real:
		return false
	case s.By.private():
		dir := s.By.Source + real[len(s.By.Real):]
		return files.Kind(dir) != host.KindDir || isEmpty(files, dir)
	}
	return s.By.Kind == GrantTmpfs
}

func isEmpty(files host.Files, dir string) bool {
	names := files.Kinds(dir, 1<<10)
	return names != nil && len(names) == 0
}

// private tells whether a grant is of a home that jail keeps for a profile.
func (gr *Grant) private() bool {
	return gr.Kind == GrantWrite && gr.isHome()
}

// isHome tells whether a grant puts a private or an empty home in the place of the host's.
func (gr *Grant) isHome() bool { return strings.HasPrefix(gr.key, "filesystem.home: ") }
