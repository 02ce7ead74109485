package fstree

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/paths"
)

// tooWide refuses a profile's ${CWD} where the current directory is no project: the grant
// would be the whole home, or the whole system. It does not refuse a path of the command
// line.
func (g *granter) tooWide(r *policy.PathRule) bool {
	if r.Path != "${CWD}" || r.Access == policy.Hide || g.h.Cwd == "" || g.fromFlags(r) {
		return false
	}
	// The kernel names the current directory without links; HOME may be one.
	home, dir := "", g.h.Cwd
	if g.h.Home != "" {
		home = g.onHost.Resolve(g.h.Home).Real
	}
	if g.tree != nil && !r.FromHost {
		dir = g.rootPath(g.inRoot.Resolve(dir).Real)
	}
	what := "holds your home"
	switch {
	case g.h.Cwd == "/":
		what = "is the whole system"
	case home == "" || !host.Within(home, dir):
		return false
	case home == dir:
		what = "is your whole home"
	}
	for i := range g.p.Filesystem.Rules {
		flag := &g.p.Filesystem.Rules[i]
		if !g.fromFlags(flag) {
			continue
		}
		if named, ok := g.expand(flag.Path, flag); ok && paths.Unescape(named) == g.h.Cwd {
			return false // its rule decides what the directory is
		}
	}
	g.problem(r, "cwd-too-wide", fmt.Sprintf("this grants the current directory, and %s %s", diag.Quote(g.h.Cwd), what),
		"change into a project first; or grant no directory: --replace filesystem.write; or all of this one: --write "+diag.Quote(g.h.Cwd))
	return true
}

// fromFlags tells whether a rule stands on the command line.
func (g *granter) fromFlags(r *policy.PathRule) bool {
	return r.Layer >= 0 && r.Layer < len(g.p.Layers) && g.p.Layers[r.Layer].Reason == "flags"
}

// refusePlantedLinks refuses to follow a link that lies in a writable directory out of
// that directory: an earlier run could have changed the link, and so choose what is
// visible in the next jail, or where the changes of an overlay go.
func (g *granter) refusePlantedLinks() {
	for _, gr := range g.grants {
		if !gr.shows() || gr.Rule == nil && gr.links == nil {
			continue
		}
		g.refusePlanted(gr, gr.Written, host.Resolved{Real: g.hostPath(gr.Real), Links: gr.links})
		if gr.Kind != GrantOverlay || gr.Rule.Keep == "" {
			continue
		}
		if pattern, ok := g.expand(gr.Rule.Keep, gr.Rule); ok {
			g.refusePlanted(gr, gr.Rule.Keep, g.onHost.Resolve(paths.Unescape(pattern)))
		}
	}
}

// refusePlanted judges one path of a rule, which leads to at on the host.
func (g *granter) refusePlanted(gr *Grant, written string, at host.Resolved) {
	target := at.Real
	if g.tree != nil && gr.Rule != nil && !gr.Rule.FromHost && written == gr.Written {
		target = gr.Real // the rule is about the root
	}
	for _, l := range at.Links {
		w := g.writableAround(host.Parent(l.Path))
		if l.IsDir() || w == nil || host.Within(at.Real, g.hostPath(w.Real)) || g.isRepositoryLink(l) {
			continue
		}
		g.problems = append(g.problems, diag.Diagnostic{
			Code:    "link-in-writable",
			Summary: fmt.Sprintf("%s crosses the symbolic link %s, which the jail can change", diag.Quote(written), diag.Quote(l.Path)),
			Subject: *gr.At,
			Notes:   []diag.Note{{Text: fmt.Sprintf("%s is writable because of this entry", diag.Quote(w.Real)), At: *w.At}},
			Remedy:  fmt.Sprintf("name the target itself: %s", diag.Quote(target)),
		})
		break
	}
}

// isRepositoryLink tells whether a link is the .git of a work tree. It is protected like
// what it leads to.
func (g *granter) isRepositoryLink(l host.Link) bool {
	return strings.HasSuffix(l.Path, "/.git") && slices.Contains(g.pins, l) && g.isGitDirectory(g.resolver.Resolve(l.Path).Real)
}

// writableAround is the grant by which the jail can write a directory of the host.
func (g *granter) writableAround(dir string) *Grant {
	for _, gr := range g.grants {
		if (gr.Kind == GrantWrite || gr.Kind == GrantOverlay && gr.Rule != nil && gr.Rule.Keep != "") && gr.File == host.KindDir && host.Within(dir, g.hostPath(gr.Real)) {
			return gr
		}
	}
	return nil
}

// own keeps jail's own files out of reach, whatever a profile says.
func (g *granter) own() {
	o := &g.h.Own
	add := func(kind GrantKind, files ...string) {
		for _, p := range files {
			if p == "" {
				continue
			}
			at := g.resolver.Resolve(p)
			g.pins = append(g.pins, at.Links...)
			if at.Kind == host.KindMissing {
				continue
			}
			g.grants = append(g.grants, &Grant{
				Kind: kind, Real: at.Real, File: at.Kind, Written: p,
				rank: rank{layer: ownLayer, hide: kind == GrantHide}, At: new(diag.Range),
			})
		}
	}
	add(GrantHide, o.Cache, o.State)
	add(GrantHide, o.Runtime...)
	add(GrantGuard, o.Config)
	add(GrantGuard, o.Programs...)
	add(GrantGuard, o.Account[0])
	add(GrantHide, o.Account[1:]...)
	// Jail makes its own directories before a launch, not these.
	for _, p := range o.Account {
		if p != "" {
			gr := Grant{Written: p, rank: rank{layer: ownLayer}, At: new(diag.Range)}
			g.keepFree(g.resolver.Resolve(p), gr, blocked, false)
		}
	}
}
