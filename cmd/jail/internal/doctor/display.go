package doctor

import (
	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/display"
	"github.com/jail-project/jail/display/security"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/policy"
)

// display tells what the host offers to profiles with display.x11.
func (d *Doctor) display() Finding {
	f := Finding{Name: "X server", State: Missing}
	p := &policy.Policy{}
	p.Display.X11.V = display.Filtered
	screen, problem := fstree.DisplayOf(p, d.Host)
	if problem != nil {
		f.Detail, f.Remedy = output.Text("profiles with display.x11 have none: "+problem.Summary), output.Text(problem.Remedy)
		return f
	}
	f.State = OK
	f.Detail = output.Text("DISPLAY leads to " + diag.Quote(screen.Server))
	if screen.Cookie.Name == "" {
		f.Detail += ", without a cookie"
	}
	has, err := security.Offered(screen.Server, screen.Cookie)
	switch {
	case err != nil:
		f.State = Off
		f.Detail += output.Text(", and lets no program in: " + err.Error())
		f.Remedy = "set XAUTHORITY to the file with the cookie of this server"
	case has:
		f.Detail += "; display.x11: untrusted works as well, by the extension SECURITY"
	default:
		f.Detail += "; it has no extension SECURITY, which display.x11: untrusted takes"
	}
	return f
}
