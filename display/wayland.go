package display

import (
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy"
)

// WaylandName is WAYLAND_DISPLAY in a jail: the name of a socket in its XDG_RUNTIME_DIR.
const WaylandName = "wayland-0"

// Compositor is how a jail gets to a Wayland compositor.
type Compositor struct {
	Socket  string // of the compositor, outside; "" for a jail without
	Runtime string // XDG_RUNTIME_DIR
	// Confined: the compositor is told that a sandbox is behind the socket
	// (security-context-v1), which is one that the jail makes. Else it is the compositor's.
	Confined bool
}

// Inside is the path of the socket in the jail.
func (c *Compositor) Inside() string { return c.Runtime + "/" + WaylandName }

// Session is what of a machine decides about its compositor.
type Session struct {
	Display string // the variable WAYLAND_DISPLAY
	Runtime string // XDG_RUNTIME_DIR, an absolute path or ""
	// Confines asks the compositor at a path whether it knows security contexts.
	Confines func(path string) (bool, error)
}

// usualCompositor is the name for which WAYLAND_DISPLAY stands when it is not set
// (wl_display_connect of libwayland).
const usualCompositor = "wayland-0"

// ChooseCompositor settles which compositor a jail gets, and how; one without a socket for
// none. The diagnostic is at the place of display.wayland.
func ChooseCompositor(d *policy.Display, s *Session) (Compositor, *diag.Diagnostic) {
	mode := WaylandMode(d.Wayland.V)
	if mode == "none" {
		return Compositor{}, nil
	}
	refuse := func(code, summary, remedy string) (Compositor, *diag.Diagnostic) {
		return Compositor{}, &diag.Diagnostic{Code: code, Summary: summary, Remedy: remedy, Subject: d.Wayland.At}
	}
	const without = "for a program without windows, `display: {wayland: none}` or --wayland none"
	if s.Runtime == "" {
		return refuse("no-compositor", "XDG_RUNTIME_DIR is not set, where Wayland compositors have their sockets", "start jail from a session with Wayland; "+without)
	}
	c := Compositor{Socket: s.Display, Runtime: s.Runtime}
	if c.Socket == "" {
		c.Socket = usualCompositor
	}
	if !strings.HasPrefix(c.Socket, "/") {
		c.Socket = s.Runtime + "/" + c.Socket
	}
	if len(c.Inside()) > longestSocket {
		return refuse("no-compositor", diag.Quote(c.Inside())+" is too long for the path of a socket (unix(7))", "set XDG_RUNTIME_DIR to a shorter path")
	}
	confines, err := s.Confines(c.Socket)
	switch {
	case err != nil:
		return refuse("no-compositor", "no Wayland compositor can be reached at "+diag.Quote(c.Socket)+", to which WAYLAND_DISPLAY leads: "+err.Error(), "set WAYLAND_DISPLAY to that of a compositor that runs; "+without)
	case mode == "strict" && !confines:
		return refuse("compositor-without-contexts", "the Wayland compositor does not know security contexts (security-context-v1), by which it would tell the jail from other programs",
			"use a newer compositor, or let the program have what all have: `display: {wayland: host}`")
	}
	c.Confined = confines && mode != "host"
	return c, nil
}

// longestSocket is the longest path of a Unix socket, without the byte that ends it.
const longestSocket = 107

// WaylandMode is what a value of display.wayland means: none, auto, strict or host.
func WaylandMode(value string) string {
	switch value {
	case "", "false":
		return "none"
	case "true":
		return "auto"
	}
	return value
}
