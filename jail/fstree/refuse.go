package fstree

import (
	"slices"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy"
)

// expandAll expands the variables of the members of a rule. A group that hides is about
// the account's own home as well, where HOME is another.
func (g *granter) expandAll(texts []string, r *policy.PathRule) []string {
	var patterns []string
	for _, t := range texts {
		if pattern, ok := g.expand(t, r); ok {
			patterns = append(patterns, pattern)
		}
	}
	if r.Access != policy.Hide || !strings.HasPrefix(r.Path, "@") {
		return patterns
	}
	for _, home := range g.homes()[1:] {
		for _, t := range texts {
			if pattern, ok := home.expand(t); ok && !slices.Contains(patterns, pattern) {
				patterns = append(patterns, pattern)
			}
		}
	}
	return patterns
}

// dropPatterned removes the grants of patterns for what is protected: who writes ~/.* or
// ~/.config/*/* does not name the keys and start-up files among the matches.
func (g *granter) dropPatterned() {
	var guarded, hidden []string
	for _, gr := range g.grants {
		switch {
		case gr.Kind == GrantGuard:
			guarded = append(guarded, gr.Real)
		case gr.Kind == GrantHide && (gr.Rule == nil || strings.HasPrefix(gr.Rule.Path, "@")):
			hidden = append(hidden, gr.Real)
		}
	}
	inside := func(real string, protected []string) bool {
		return slices.ContainsFunc(protected, func(p string) bool { return host.Within(real, p) })
	}
	g.grants = slices.DeleteFunc(g.grants, func(gr *Grant) bool {
		if !gr.rank.pattern || gr.Kind == GrantHide {
			return false
		}
		return inside(gr.Real, hidden) || gr.Kind != GrantRead && inside(gr.Real, guarded)
	})
}

// refuseOwn refuses to grant what lies in jail's own directories. The directories
// themselves are hidden or read-only whatever grants them.
func (g *granter) refuseOwn() {
	o := &g.h.Own
	closed := append([]string{o.Cache, o.State, o.Account[1], o.Account[2]}, o.Runtime...)
	readable := []string{o.Config, o.Account[0]}
	for _, gr := range g.grants {
		if gr.Rule == nil || gr.Kind == GrantHide || gr.Kind == GrantGuard || gr.Kind == GrantFree || gr.rank.pattern {
			continue
		}
		real := g.hostPath(gr.Real)
		if !g.isBelow(real, closed) && (gr.Kind == GrantRead || !g.isBelow(real, readable)) {
			continue
		}
		g.problems = append(g.problems, diag.Diagnostic{
			Code: "own-directory", Summary: diag.Quote(gr.Written) + " lies in a directory of jail's own, which no jail may change or see", Subject: *gr.At,
			Remedy: "choose a directory elsewhere",
		})
	}
}

// isBelow tells whether a path lies in one of these directories, and is none of them.
func (g *granter) isBelow(real string, dirs []string) bool {
	for _, dir := range dirs {
		if dir == "" {
			continue
		}
		if at := g.onHost.Resolve(dir).Real; real != at && host.Within(real, at) {
			return true
		}
	}
	return false
}
