package fstree

import (
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/display"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy"
)

// DisplayOf decides how a jail gets to an X server, as package display says.
func DisplayOf(p *policy.Policy, h *host.Host) (display.Screen, *diag.Diagnostic) {
	if display.Settled(p.Display.X11.V, h.Getenv("DISPLAY")) == "" {
		return display.Screen{}, nil
	}
	m := &display.Machine{
		Display: h.Getenv("DISPLAY"), Authority: h.Getenv("XAUTHORITY"), Hostname: host.Hostname(),
		IsProgram: h.Files.Executable,
		IsSocket:  func(path string) bool { return h.Files.Kind(path) == host.KindSocket },
		Listens:   h.Listens, Content: h.Files.Text,
	}
	if m.Named = m.Authority != ""; !m.Named && h.Home != "" {
		m.Authority = host.Join(h.Home, ".Xauthority")
	}
	screen, problem := display.Choose(&p.Display, m)
	if problem == nil && screen.Mode == display.Xwayland {
		// Its server reaches the compositor as a program in a jail with wayland: auto does.
		outer := *p
		outer.Display.Wayland = policy.Value[string]{V: "auto", Origin: p.Display.X11.Origin}
		_, problem = CompositorOf(&outer, h)
	}
	if problem != nil {
		return display.Screen{}, problem
	}
	return screen, nil
}

// display makes the directory in which programs look for X servers: one of the jail's own,
// with what its display needs and nothing else. It covers that of the host where the jail
// shows the host's /tmp.
func (g *granter) display() {
	x11 := &g.p.Display.X11
	screen, problem := DisplayOf(g.p, g.outside)
	if problem != nil {
		g.problems = append(g.problems, *problem)
	}
	if g.screen = screen; screen.Mode == "" {
		return
	}
	own, key := rank{layer: ownLayer}, "display.x11: "+x11.V
	g.grants = append(g.grants, &Grant{
		Kind: GrantTmpfs, Real: display.Dir, File: host.KindDir, Written: display.Dir, Rule: &policy.PathRule{Size: 1 << 20, Inodes: 1 << 10, Mode: 0o1777},
		rank: own, At: &x11.At, key: key,
	})
	if screen.Listens() {
		g.refuseInPlace(display.Socket) // the child makes a socket there
	} else {
		g.serversSocket(&screen)
	}
	cookie := screen.Cookie
	if screen.Mode == display.Untrusted {
		cookie = display.Placeholder()
	}
	if screen.Mode == display.Filtered || cookie.Name == "" {
		return // nobody asks for one
	}
	g.grants = append(g.grants, &Grant{
		Kind: GrantText, Real: display.Cookies, File: host.KindFile, Written: display.Cookies, Text: string(display.CookieFile(cookie)), Secret: true,
		rank: own, At: &x11.At, key: key,
	})
}

// serversSocket shows the socket of the host's server.
func (g *granter) serversSocket(screen *display.Screen) {
	x11 := &g.p.Display.X11
	g.socket(&policy.PathRule{Access: policy.Connect, Path: screen.Server, Required: true, FromHost: g.hasOwnRoot(), Origin: x11.Origin}, 1<<20)
}

// refuseInPlace refuses entries of sockets for the path at which the jail itself listens.
func (g *granter) refuseInPlace(socket string) {
	for _, gr := range g.grants {
		if gr.Kind == GrantSocket && gr.Real == socket {
			g.problem(gr.Rule, "display-and-socket", diag.Quote(gr.Written)+" is where the display of this jail is",
				"leave it out; or write `display: {x11: none}` for the server's own socket")
		}
	}
}
