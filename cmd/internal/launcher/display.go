package launcher

import (
	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/display"
	"github.com/jail-project/jail/display/security"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/launch"
	"github.com/jail-project/jail/service"
)

// displayService is the name of the service in package display/filtered, which is not
// imported: the launcher would take longer to start with it.
const displayService = "display"

// displayEnded is the code of the warning that the display has ended before the jail.
const displayEnded = "display-ended"

// shown is the display of a jail. The zero value is for a jail without.
type shown struct {
	refuser // the filter before the host's X server
	// untrusted is the cookie of an untrusted display, which is revoked at the end.
	untrusted *security.Authorization
	cookie    display.Cookie // of a server of the jail's own
	server    *ownServer     // nil for none
	// confined is the end of a pipe by whose other end the compositor knows that the jail
	// lives; 0 for a jail without.
	confined int
}

// prepareDisplay does what a display takes before the program starts: it says what a shared
// one means, and has the server make the cookie of an untrusted one, which the plan then
// has. The error is one of launch.Refusal.
func (r *Running) prepareDisplay(l *Launch, c *compile.Compiled) error {
	at := l.Policy.Display.X11.At
	switch c.View.Screen.Mode {
	case display.Host:
		if l.Tell != nil {
			l.Tell(diag.Diagnostic{
				Severity: diag.Warning, Code: "display-shared",
				Summary: "with display.x11: host the program sees every key that is pressed and every window, and can type into all of them; filtered shows it its own windows",
			})
		}
	case display.Untrusted:
		a, err := security.Authorize(c.View.Screen.Server, c.View.Screen.Cookie)
		if err != nil {
			return &launch.Refusal{Problem: diag.Diagnostic{
				Code: "no-untrusted-display", Subject: at, Summary: "no untrusted display can be had: " + err.Error(),
				Remedy: "`display: {x11: filtered}` needs nothing of the server and lets through less",
			}}
		}
		r.shown.untrusted = a
		copy(c.Cookies.Bytes, display.CookieFile(a.Cookie))
	}
	if c.View.Screen.Own() {
		r.shown.cookie = display.NewCookie()
		copy(c.Cookies.Bytes, display.CookieFile(r.shown.cookie))
	}
	l.warnOfCompositor(c.View)
	return nil
}

// startDisplay has the display served that the jail listens for: by the filter before the
// host's X server, or by a server of its own. Until then connections wait. Without, the jail
// would have no display, and is ended.
func (r *Running) startDisplay(l *Launch, view *fstree.View, x11 []int) error {
	screen := &view.Screen
	var err error
	switch {
	case len(x11) == 0:
		return nil
	case screen.Own():
		return r.startServer(l, screen, x11[0])
	}
	if r.shown.service, err = l.startFilter(display.SettingOf(l.Policy, screen), x11); err != nil {
		return err
	}
	r.shown.follow(r, l, displayEnded)
	return nil
}

// startFilter starts the service that leads the programs of a jail to the host's X server.
func (l *Launch) startFilter(set *display.Setting, sockets []int) (*service.Service, error) {
	return service.Start(service.Options{
		Name: displayService, Host: l.Host, Sockets: sockets, Setting: set.Encode(), Server: set.Server,
		Executable: l.servicesFile(), LandlockOptional: l.Policy.Landlock.Use.V != "required",
	})
}

// takeSockets takes the sockets that the child has made: those of the network, then those of
// the displays.
func (r *Running) takeSockets(view *fstree.View) (network, x11, wayland []int) {
	network = r.TakeRelayed()
	last := func(is bool) (taken []int) {
		if n := len(network); is && n > 0 {
			network, taken = network[:n-1:n-1], network[n-1:]
		}
		return taken
	}
	wayland = last(view.Compositor.Confined)
	x11 = last(view.Screen.Listens())
	return network, x11, wayland
}

func closeAll(fds []int) {
	for _, fd := range fds {
		_ = unix.Close(fd) // with the last copy what is connected ends
	}
}

// end ends what serves the display. The filter is asked before what it has refused.
func (d *shown) end() {
	d.untrusted.Revoke()
	d.untrusted = nil
	if d.confined > 0 {
		_ = unix.Close(d.confined) // the compositor takes no more clients
		d.confined = 0
	}
	d.server.end()
	d.server = nil
	d.refuser.end(displayEnded)
}

// left says what the display of the jail has refused, and whether its service has ended
// before the program, if that was not told at once.
func (d *shown) left() (list diag.List) {
	list = d.untold()
	if texts, _ := counted(d.refused); len(texts) > 0 {
		list = append(list, *warning("display-refused", "the filter of the display refused: "+few(texts)+"; `jail explain PROFILE display` says what it lets through"))
	}
	return list
}
