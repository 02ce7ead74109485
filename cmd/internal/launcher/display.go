package launcher

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/display"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/service"
)

// displayService is the name of the service in package display/filtered, which is not
// imported: the launcher would take longer to start with it.
const displayService = "display"

// shown is the filtered display of a jail. The zero value is for a jail without.
type shown struct {
	service *service.Service
	ended   *diag.Diagnostic // that it has ended before the jail
	told    bool             // the user knows that
	refused []byte
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
		list = append(list, *warning("display-refused", "the display did not let the program: "+few(texts)))
	}
	return list
}
