package explain

import (
	"strconv"
	"strings"

	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/display"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/policy/paths"
)

// display explains how the jail reaches an X server, and what that keeps from it.
func (e *Explainer) display() {
	out := e.answer("display", "display")
	d := &e.Policy.Display
	screen, problem := fstree.DisplayOf(e.Policy, e.Host)
	server := output.Text(diag.Quote(screen.Server))
	switch {
	case problem != nil:
		out.Verdict, out.Text = "refused", output.Text("no jail of this profile starts: "+problem.Summary)
	case screen.Mode == display.Filtered:
		out.Verdict, out.Text = "filtered", "the X server at "+server+", by a filter that shows the program its own windows only"
		out.Notes = append(out.Notes,
			"kept from the program: pictures and titles of other windows, keys and the pointer outside of its own, input to others, settings of keyboard, pointer and screen",
			"the display is "+display.Name+" in the jail, and the host's cookie is not there")
		e.clipboard(out)
	case screen.Mode == display.Untrusted:
		out.Verdict, out.Text = "untrusted", "the X server at "+server+", as a client that it does not trust"
		out.Notes = append(out.Notes,
			"kept from the program: pictures of trusted windows, keys typed into them, input to them",
			"not kept from it: titles of all windows, the clipboard, the pointer, and all of other untrusted clients",
			"the server shows it hardly any extension, so many programs do not run")
	case screen.Mode == display.Host:
		out.Verdict, out.Text = "shared", "the X server at "+server+", all of it: every key that is pressed, every window, and input to them"
	case screen.Own():
		e.ownServer(out, &screen)
	default:
		out.Verdict, out.Text = "none", "no X server is in reach"
		out.Notes = append(out.Notes, "neither a socket at a path nor an abstract one, which the launcher's guard and Landlock refuse, also with network: host")
		if d.X11.V == "auto" {
			out.Notes = append(out.Notes, "DISPLAY is not set here")
		}
		e.listedServers(out)
	}
	out.ruled("display.x11: "+d.X11.V, d.X11.Origin)
	if screen.Mode == display.Filtered {
		out.ruled("display.clipboard.in: "+d.Clipboard.In.V, d.Clipboard.In.Origin)
		out.ruled("display.clipboard.out: "+d.Clipboard.Out.V, d.Clipboard.Out.Origin)
		out.ruled("display.titles: "+strconv.FormatBool(d.Titles.V), d.Titles.Origin)
	}
}

// ownServer says what a server for one jail keeps from it, and where its screen is seen.
func (e *Explainer) ownServer(out *Explanation, screen *display.Screen) {
	out.Verdict, out.Text = "own", output.Text("a server for this jail alone: "+diag.Quote(screen.Program))
	where := "its screen is not seen anywhere"
	switch screen.Mode {
	case display.Xephyr:
		where = "its screen is a window on the host's X server, which the server reaches by the filter of display.x11: filtered"
	case display.Xwayland:
		where = "its screen is a window of the host's Wayland compositor, which knows of the sandbox where it can"
	}
	out.Notes = append(out.Notes,
		"kept from the program: all of the host's display, windows, keys, pointer and clipboard, and what other jails have",
		output.Text(where),
		"the server is in a jail of its own, without network, home and files of the user",
		"the display is "+display.Name+" in the jail, by a cookie that only this jail has; nothing is copied between it and the host")
}

// wayland explains how the jail reaches a Wayland compositor.
func (e *Explainer) wayland() {
	out := e.answer("display", "wayland")
	d := &e.Policy.Display
	c, problem := fstree.CompositorOf(e.Policy, e.Host)
	socket := output.Text(diag.Quote(c.Socket))
	switch {
	case problem != nil:
		out.Verdict, out.Text = "refused", output.Text("no jail of this profile starts: "+problem.Summary)
	case c.Confined:
		out.Verdict, out.Text = "confined", "the Wayland compositor at "+socket+", which is told that a sandbox is behind the jail's socket"
		out.Notes = append(out.Notes, "kept from the program is what the compositor keeps from sandboxes: most keep pictures of the screen, input to others and the clipboard in the background")
	case c.Socket != "":
		out.Verdict, out.Text = "shared", "the Wayland compositor at "+socket+", as all programs of the session reach it"
	default:
		out.Verdict, out.Text = "none", "no Wayland compositor is in reach"
	}
	out.ruled("display.wayland: "+d.Wayland.V, d.Wayland.Origin)
}

// clipboard says when what is copied passes the filter.
func (e *Explainer) clipboard(out *Explanation) {
	c := &e.Policy.Display.Clipboard
	when := func(word string) string {
		switch word {
		case "on-key":
			return "for two seconds after a key with Ctrl or Shift, or the middle button, was pressed in one of its windows"
		case "allow":
			return "at any time"
		}
		return "never"
	}
	out.Notes = append(out.Notes, output.Text("what others copy, the program gets "+when(c.In.V)+"; what it copies, others get "+when(c.Out.V)))
}

// listedServers tells of sockets of X servers that the profile lists by itself.
func (e *Explainer) listedServers(out *Explanation) {
	for i := range e.Policy.Sockets {
		s := &e.Policy.Sockets[i]
		name, abstract := paths.AbstractSocket(s.Path)
		if !abstract {
			name = s.Path
		}
		if strings.HasPrefix(name, display.Dir) || s.Path == paths.AnySocket {
			out.Verdict, out.Text = "listed", output.Text("an X server may be in reach by an entry of sockets: "+diag.Quote(s.Path))
			out.ruled("sockets: "+s.Path, s.Origin)
		}
	}
}
