package launcher

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/display"
	"github.com/jail-project/jail/memfile"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/service"
)

// serverPatience is how long an X server may take to get ready: Xwayland waits for the
// compositor, and all of them compile the map of the keyboard.
const serverPatience = 15 * time.Second

// ownServer is an X server for one jail alone. It is in a jail of its own, which has at most
// a display of the host as other jails have one: Xephyr is a program behind the filter, and
// Xwayland a client of the compositor. Both end with the launcher, however that ends.
type ownServer struct {
	program *service.Started
	filter  *service.Service // before the host's server, for Xephyr
	ended   bool
	// confined is like that of shown, for Xwayland.
	confined int
}

// startServer starts the server of a jail, and hands the socket to it at which programs
// connect. It has the cookie from a file in memory, which has no name.
func (r *Running) startServer(l *Launch, screen *display.Screen, socket int) error {
	s := &ownServer{}
	r.shown.server = s
	var ready [2]int
	if err := unix.Pipe2(ready[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	defer func() { _ = unix.Close(ready[0]) }()
	authority, err := memfile.Data("authority", display.CookieFile(r.shown.cookie))
	if err == nil {
		err = s.launch(l, screen, []int{socket, ready[1], int(authority.Fd())})
		_ = authority.Close()
	}
	_ = unix.Close(ready[1])
	if err != nil {
		return err
	}
	if err := s.program.Await(ready[0], serverPatience); err != nil {
		return fmt.Errorf("the X server %s: %w", screen.Program, err)
	}
	s.program.Follow(r.Process, func(string) {
		s.ended = true
		r.shown.noteEnd(l, displayEnded, s.program.Complaint("the X server of the jail, "+screen.Program+", has ended; the jail has no display now"))
	})
	return nil
}

// launch starts the program, and serves the display that its own jail has.
func (s *ownServer) launch(l *Launch, screen *display.Screen, passed []int) error {
	argv, env := screen.Command(&l.Policy.Display, l.Policy.Name)
	p := service.Program{
		Name: "x-server", Host: l.Host, Argv: argv, Env: append(env, "PATH=/usr/bin:/bin"), Passed: passed,
		LandlockOptional: l.Policy.Landlock.Use.V != "required",
	}
	at := l.Policy.Display.X11.Origin
	outer := func(word string) policy.Value[string] { return policy.Value[string]{V: word, Set: true, Origin: at} }
	p.Display.X11, p.Display.Wayland = outer("none"), outer("none")
	switch screen.Mode {
	case display.Xephyr:
		p.Display.X11 = outer(display.Filtered)
	case display.Xwayland:
		p.Display.Wayland = outer("auto")
	}
	var err error
	if s.program, err = service.StartProgram(p); err != nil {
		return err
	}
	defer closeAll(s.program.Sockets)
	view := s.program.Compiled.View
	switch {
	case view.Screen.Mode == display.Filtered && len(s.program.Sockets) > 0:
		set := &display.Setting{Profile: l.Policy.Name, Server: view.Screen.Server, Cookie: view.Screen.Cookie, In: "deny", Out: "deny"}
		s.filter, err = l.startFilter(set, s.program.Sockets)
	case view.Compositor.Confined && len(s.program.Sockets) > 0:
		s.confined, err = confine(l, &view.Compositor, s.program.Sockets[0], s.program.Pid())
	}
	return err
}

// end ends the server, if there is one.
func (s *ownServer) end() {
	if s == nil {
		return
	}
	if s.program != nil {
		s.program.Close()
	}
	if s.filter != nil {
		s.filter.Close()
	}
	if s.confined > 0 {
		_ = unix.Close(s.confined)
	}
}
