package launcher

import (
	"errors"

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

// shown is the display of a jail. The zero value is for a jail without.
type shown struct {
	service *service.Service
	ended   *diag.Diagnostic // that it has ended before the jail
	told    bool             // the user knows that
	refused []byte
	// untrusted is the cookie of an untrusted display, which is revoked at the end.
	untrusted *security.Authorization
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
	return nil
}

// startDisplay starts the service that leads the jail to the host's X server, and hands
// the socket to it at which programs connect: the last one that the child has made. Until
// then connections wait. Without the service the jail would have no display, and is ended.
func (r *Running) startDisplay(l *Launch, view *fstree.View, sockets []int) error {
	screen := &view.Screen
	if screen.Mode != display.Filtered || len(sockets) == 0 {
		return nil
	}
	s, err := service.Start(service.Options{
		Name: displayService, Host: l.Host, Sockets: sockets, Setting: display.SettingOf(l.Policy, screen).Encode(), Server: screen.Server,
		Executable: l.servicesFile(), LandlockOptional: l.Policy.Landlock.Use.V != "required",
	})
	if err != nil {
		return err
	}
	r.shown.service = s
	s.Follow(r.Process, func(line string) {
		r.shown.ended = warning("display-ended", line)
		if l.Tell != nil && l.Host.Terminal == nil {
			l.Tell(*r.shown.ended)
			r.shown.told = true
		}
	})
	return nil
}

// takeSockets takes the sockets that the child has made: those of the network, and that of
// the display.
func (r *Running) takeSockets(view *fstree.View) (network, screen []int) {
	all := r.TakeRelayed()
	n := len(all)
	if view.Screen.Mode == display.Filtered && n > 0 {
		n--
	}
	return all[:n:n], all[n:]
}

func closeAll(fds []int) {
	for _, fd := range fds {
		_ = unix.Close(fd) // with the last copy what is connected ends
	}
}

// end asks the service what it has refused, and ends it.
func (d *shown) end() {
	d.untrusted.Revoke()
	d.untrusted = nil
	if d.service == nil {
		return
	}
	if d.ended == nil {
		answer, err := d.service.Ask("refused")
		if d.refused = answer; errors.Is(err, service.ErrEnded) { // just before the program
			d.ended = warning("display-ended", d.service.Ended())
		}
	}
	d.service.Close()
}

// left says what the display of the jail has refused, and whether its service has ended
// before the program, if that was not told at once.
func (d *shown) left() (list diag.List) {
	if d.ended != nil && !d.told {
		list = append(list, *d.ended)
	}
	if texts, _ := counted(d.refused); len(texts) > 0 {
		list = append(list, *warning("display-refused", "the filter of the display refused: "+few(texts)+"; `jail explain PROFILE display` says what it lets through"))
	}
	return list
}
