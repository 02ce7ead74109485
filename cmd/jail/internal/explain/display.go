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
	case screen.Mode != "":
		out.Verdict, out.Text = "own", output.Text("an X server of its own: "+screen.Mode)
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
