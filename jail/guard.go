package jail

import (
	"fmt"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy"
)

// tooWide refuses a profile's ${CWD} where the current directory is no
// project: the grant would be the whole home, or the whole system. What the
// command line names is meant.
func (g *granter) tooWide(r *policy.PathRule) bool {
	if r.Path != "${CWD}" || r.Access == policy.Hide || g.h.Cwd == "" || g.fromFlags(r) {
		return false
	}
	// The kernel names the current directory without links; HOME may be one.
	home := ""
	if g.h.Home != "" {
		home = g.resolver.resolve(g.h.Home).real
	}
	what := "holds your home"
	switch {
	case g.h.Cwd == "/":
		what = "is the whole system"
	case home == "" || !within(home, g.h.Cwd):
		return false
	case home == g.h.Cwd:
		what = "is your whole home"
	}
	for i := range g.p.Filesystem.Rules {
		flag := &g.p.Filesystem.Rules[i]
		if !g.fromFlags(flag) {
			continue
		}
		if named, ok := g.expand(flag.Path, flag); ok && policy.Unescape(named) == g.h.Cwd {
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

// refusePlantedLinks: a link that lies where the jail may write could have
// been retargeted by an earlier run, so following it out of the writable place would
// let the program choose what the next jail is shown, or where the changes of an
// overlay go.
func (g *granter) refusePlantedLinks() {
	for _, gr := range g.grants {
		if gr.kind == grantHide || gr.kind == grantGuard || gr.kind == grantAbsent || gr.rule == nil {
			continue
		}
		g.refusePlanted(gr, gr.written, place{real: gr.real, links: gr.links})
		if gr.kind != grantOverlay || gr.rule.Keep == "" {
			continue
		}
		if pattern, ok := g.expand(gr.rule.Keep, gr.rule); ok {
			g.refusePlanted(gr, gr.rule.Keep, g.resolver.resolve(policy.Unescape(pattern)))
		}
	}
}

// refusePlanted judges one path of a rule, which leads to at.
func (g *granter) refusePlanted(gr *grant, written string, at place) {
	for _, l := range at.links {
		w := g.writableAround(parentOf(l.path))
		if w == nil || within(at.real, w.real) {
			continue
		}
		g.problems = append(g.problems, diag.Diagnostic{
			Code:    "link-in-writable",
			Summary: fmt.Sprintf("%s crosses the symbolic link %s, which the jail can change", diag.Quote(written), diag.Quote(l.path)),
			Subject: *gr.at,
			Notes:   []diag.Note{{Text: fmt.Sprintf("%s is writable because of this entry", diag.Quote(w.real)), At: *w.at}},
			Remedy:  fmt.Sprintf("name the target itself: %s", diag.Quote(at.real)),
		})
		break
	}
}

func (g *granter) writableAround(dir string) *grant {
	for _, gr := range g.grants {
		if (gr.kind == grantWrite || gr.kind == grantOverlay && gr.rule != nil && gr.rule.Keep != "") && gr.file == KindDir && within(dir, gr.real) {
			return gr
		}
	}
	return nil
}

// own keeps jail's own files out of reach, whatever a profile says.
func (g *granter) own() {
	o := &g.h.Own
	add := func(kind grantKind, p string) {
		if p == "" {
			return
		}
		at := g.resolver.resolve(p)
		if at.kind == KindMissing {
			return
		}
		g.grants = append(g.grants, &grant{
			kind: kind, real: at.real, file: at.kind, written: p,
			rank: rank{layer: ownLayer, hide: kind == grantHide}, at: new(diag.Range),
		})
		g.pins = append(g.pins, at.links...)
	}
	add(grantHide, o.Cache)
	add(grantHide, o.State)
	for _, dir := range o.Runtime {
		add(grantHide, dir)
	}
	add(grantGuard, o.Config)
	add(grantGuard, o.Binary)
}
