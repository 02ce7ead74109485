package launcher

import (
	"errors"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/service"
)

// refuser is a service beside the jail that says at the end what it has refused. The zero
// value is for a jail without.
type refuser struct {
	service *service.Service
	ended   *diag.Diagnostic // that it has ended before the jail
	told    bool             // the user knows that
	refused []byte           // see counted
}

// follow has it noted when the service ends before the jail.
func (f *refuser) follow(r *Running, l *Launch, code string) {
	f.service.Follow(r.Process, func(line string) { f.noteEnd(l, code, line) })
}

// noteEnd notes that what serves the jail has ended before it, and tells the user at once.
// What has the terminal would be written over, so that waits.
func (f *refuser) noteEnd(l *Launch, code, line string) {
	if f.ended != nil {
		return
	}
	f.ended = warning(code, line)
	if l.Tell != nil && l.Host.Terminal == nil {
		l.Tell(*f.ended)
		f.told = true
	}
}

// end asks the service what it has refused, and ends it.
func (f *refuser) end(code string) {
	if f.service == nil {
		return
	}
	if f.ended == nil {
		answer, err := f.service.Ask("refused")
		if f.refused = answer; errors.Is(err, service.ErrEnded) { // just before the program
			f.ended = warning(code, f.service.Ended())
		}
	}
	f.service.Close()
}

// untold is that the service has ended before the program, if that was not told at once.
func (f *refuser) untold() (list diag.List) {
	if f.ended != nil && !f.told {
		list = append(list, *f.ended)
	}
	return list
}
