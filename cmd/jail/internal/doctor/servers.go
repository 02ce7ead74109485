package doctor

import (
	"strings"

	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/display"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/policy"
)

// ownServers tells which X servers for one jail alone can be had.
func (d *Doctor) ownServers() Finding {
	f := Finding{Name: "nested X servers", State: OK}
	var found, missing []string
	for _, mode := range [...]string{display.Xephyr, display.Xwayland, display.Xvfb} {
		path, pack := display.FindServer(mode, d.Host.Files.Executable)
		if path != "" {
			found = append(found, mode)
		} else {
			missing = append(missing, mode+" (Debian: "+pack+")")
		}
	}
	if len(found) == 0 {
		f.State, f.Detail = Missing, "no profile can have an X server of its own"
	} else {
		f.Detail = output.Text("profiles can have one of their own with display.x11: " + diag.OrList(found))
	}
	if len(missing) > 0 {
		f.Remedy = output.Text("for the others, install " + strings.Join(missing, ", "))
	}
	return f
}

// compositor tells what the host offers to profiles with display.wayland.
func (d *Doctor) compositor() Finding {
	f := Finding{Name: "Wayland compositor", State: Missing}
	p := &policy.Policy{}
	p.Display.Wayland.V = "auto"
	c, problem := fstree.CompositorOf(p, d.Host)
	switch {
	case problem != nil:
		f.Detail, f.Remedy = output.Text("profiles with display.wayland have none: "+problem.Summary), output.Text(problem.Remedy)
	case c.Confined:
		f.State, f.Detail = OK, output.Text("the one at "+diag.Quote(c.Socket)+" knows security contexts: it tells jails from other programs")
	default:
		f.State, f.Detail = Off, output.Text("the one at "+diag.Quote(c.Socket)+" knows no security contexts (security-context-v1): it takes a jail for a program like all others, which with many compositors can take pictures of the screen and type into others")
		f.Remedy = "with display.wayland: strict no jail starts that way; sway 1.9, KWin 6 and newer know them"
	}
	return f
}
