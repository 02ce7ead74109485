package fstree

import (
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy"
)

// hideHome hides a home that lies below a directory which a shipped profile shows, such
// as /usr: that profile means the system's files there and nobody's own. What the user's
// profiles and flags grant is meant as it is written, and what is granted in the home
// is there all the same.
func (g *granter) hideHome() {
	if kind := g.p.Filesystem.Home.V; g.h.Home == "" || kind != "host" && kind != "" {
		return
	}
	home := g.resolver.Resolve(g.h.Home)
	if home.Kind != host.KindDir {
		return
	}
	var nearest *Grant
	for _, gr := range g.grants {
		if gr.Rule == nil || !gr.shows() || gr.Real == home.Real || !host.Within(home.Real, gr.Real) {
			continue
		}
		if nearest == nil || len(gr.Real) > len(nearest.Real) || len(gr.Real) == len(nearest.Real) && gr.over(nearest) {
			nearest = gr
		}
	}
	if nearest == nil || !g.shipped(nearest.Rule) {
		return
	}
	g.grants = append(g.grants, &Grant{
		Kind: GrantHide, Real: home.Real, File: host.KindDir, Written: g.h.Home, At: new(diag.Range),
		rank: rank{layer: builtinLayer, hide: true}, key: "the home, which " + nearest.Written + " of a shipped profile does not mean",
	})
	g.pins = append(g.pins, home.Links...)
}

// shipped tells whether a rule stands in a profile that comes with jail.
func (g *granter) shipped(r *policy.PathRule) bool {
	if r.Layer < 0 || r.Layer >= len(g.p.Layers) {
		return false
	}
	file := g.p.Layers[r.Layer].File
	return strings.HasPrefix(file, "embedded:") || strings.HasPrefix(file, "/usr/share/jail/profiles/")
}
