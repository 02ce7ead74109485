package fstree

import (
	"fmt"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/paths"
)

// sockets makes grants of the paths that sockets lists, as far as they are due.
func (g *granter) sockets(due func(*policy.PathRule) bool) {
	for i := range g.p.Sockets {
		if r := &g.p.Sockets[i]; due(r) {
			g.socket(r, len(g.p.Filesystem.Rules)+i)
		}
	}
}

// socket makes the grant of one. index is its place among the rules of its layer.
func (g *granter) socket(r *policy.PathRule, index int) {
	if _, abstract := paths.AbstractSocket(r.Path); abstract || r.Path == paths.AnySocket {
		return
	}
	pattern, ok := g.expand(r.Path, r)
	if !ok {
		return
	}
	lexical := paths.Unescape(pattern)
	at, found := g.locate(r, lexical)
	switch {
	case found.Kind == host.KindMissing && r.Required:
		g.missing(r, lexical)
	case found.Kind == host.KindMissing:
	case found.Kind != host.KindSocket:
		g.problem(r, "not-a-socket", fmt.Sprintf("%s is not a socket", diag.Quote(r.Path)), "files are granted under filesystem")
	case host.Within(at.Real, "/dev"), host.Within(at.Real, "/proc"):
		g.problem(r, "reserved-path", fmt.Sprintf("%s lies where everything is the jail's own", diag.Quote(r.Path)), "")
	case r.FromHost && g.leadsToDevices(r, found.Real):
	default:
		gr := &Grant{
			Kind: GrantSocket, Real: at.Real, File: found.Kind, Rule: r, Written: r.Path, links: found.Links, At: &r.At,
			rank: rank{layer: r.Layer, exact: true, index: index},
		}
		if g.settle(gr, found.Real) {
			g.links = append(g.links, at.Links...)
			g.grants = append(g.grants, gr)
		}
	}
}

// over tells which of two grants for one path counts. A socket that may be
// connected to is visible as well, whatever else shows it.
func (gr *Grant) over(other *Grant) bool {
	shows := func(x *Grant) bool { return x.Kind == GrantRead || x.Kind == GrantWrite }
	switch {
	case gr.Kind == GrantSocket && shows(other):
		return true
	case other.Kind == GrantSocket && shows(gr):
		return false
	}
	return gr.rank.over(other.rank)
}
