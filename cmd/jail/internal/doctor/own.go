package doctor

import (
	"github.com/jail-project/jail/cmd/jail/internal/output"
)

// registrations tells whether running jails are registered.
func (d *Doctor) registrations() Finding {
	f := Finding{Name: "registrations of jails", State: Off}
	place := d.Registrations
	if err := place.Usable(); err != nil {
		f.Detail = output.Text("`jail ps` and its kin find no jails: " + err.Error())
		f.Remedy = "set XDG_RUNTIME_DIR to a directory of yours with mode 0700; a directory jail in it has to be yours and of that mode too"
		return f
	}
	f.State, f.Detail = OK, output.Text("running jails are registered in "+place.Path())
	return f
}
