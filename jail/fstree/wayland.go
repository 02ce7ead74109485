package fstree

import (
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/display"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy"
)

// CompositorOf is the compositor that a policy asks for on a host, and what is wrong with
// that.
func CompositorOf(p *policy.Policy, h *host.Host) (display.Compositor, *diag.Diagnostic) {
	s := &display.Session{Display: h.Getenv("WAYLAND_DISPLAY"), Runtime: h.Dirs["XDG_RUNTIME_DIR"], Confines: h.Confines}
	if s.Confines == nil {
		s.Confines = func(string) (bool, error) { return true, nil }
	}
	return display.ChooseCompositor(&p.Display, s)
}

// wayland gives the jail a directory of its own for the sockets of a session, and the
// compositor's own socket in it unless the child makes one. Nothing else of the host's
// directory is there but what the profile names: sockets by which compositors take
// commands are not.
func (g *granter) wayland() {
	mode := &g.p.Display.Wayland
	c, problem := CompositorOf(g.p, g.outside)
	if problem != nil {
		g.problems = append(g.problems, *problem)
	}
	if c.Socket == "" {
		return
	}
	at := g.resolver.Resolve(c.Runtime)
	g.links = append(g.links, at.Links...)
	c.Runtime = at.Real
	g.compositor = c
	own, key := rank{layer: ownLayer}, "display.wayland: "+mode.V
	g.grants = append(g.grants, &Grant{
		Kind: GrantTmpfs, Real: c.Runtime, File: host.KindDir, Written: "${XDG_RUNTIME_DIR}", Rule: &policy.PathRule{Size: 64 << 20, Mode: 0o700},
		rank: own, At: &mode.At, key: key,
	})
	if c.Confined {
		return
	}
	g.grants = append(g.grants, &Grant{
		Kind: GrantSocket, Real: c.Inside(), Source: g.onHost.Resolve(c.Socket).Real, File: host.KindSocket, Written: c.Socket,
		Rule: &policy.PathRule{Access: policy.Connect, Path: c.Socket}, rank: own, At: &mode.At, key: key,
	})
}
