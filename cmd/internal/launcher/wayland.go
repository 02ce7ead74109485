package launcher

import (
	"fmt"
	"strconv"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/display"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/wayland"
)

// engine is what compositors know jail's sandboxes by.
const engine = "io.github.jail-project.jail"

// warnOfCompositor says what the compositor's own socket means.
func (l *Launch) warnOfCompositor(view *fstree.View) {
	c := &view.Compositor
	if c.Socket == "" || c.Confined || l.Tell == nil {
		return
	}
	l.Tell(diag.Diagnostic{
		Severity: diag.Warning, Code: "compositor-shared",
		Summary: "the Wayland compositor is not told that a sandbox is behind the program's socket, so the program gets from it what all programs get, with many compositors pictures of the screen and input to others; `jail doctor` says whether it could be told",
	})
}

// confineWayland has the compositor accept the jail's programs as those of a sandbox, at the
// socket that the child has made.
func (r *Running) confineWayland(l *Launch, c *display.Compositor, sockets []int) (err error) {
	if len(sockets) > 0 {
		r.shown.confined, err = confine(l, c, sockets[0], r.Init())
	}
	return err
}

// confine does so for a socket of a jail whose init has a process id.
func confine(l *Launch, c *display.Compositor, socket, init int) (int, error) {
	as := wayland.Context{Engine: engine, App: l.Policy.Name, Instance: strconv.Itoa(init)}
	end, err := wayland.Confine(c.Socket, socket, as)
	if err != nil {
		return 0, fmt.Errorf("the Wayland compositor at %s: %w", diag.Quote(c.Socket), err)
	}
	return end, nil
}
