// Package display decides how a jail gets to an X server: it reads DISPLAY as Xlib does,
// finds the server's socket and the cookie for it, and says what is in the way. What is in
// the jail is then made by packages fstree and compile; for display.x11: filtered the
// service in package display/filtered passes on what the program asks of the server.
package display

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy"
)

// What a jail with a display of its own sees. The number is that of the first server of a
// machine: programs take it for granted that there are others only where DISPLAY says so.
const (
	Dir     = "/tmp/.X11-unix" // where X servers have their sockets (Xtrans, TRANS_SOCKET_UNIX)
	Socket  = Dir + "/X0"
	Name    = ":0" // DISPLAY
	Cookies = Dir + "/.Xauthority"
)

// Modes of Screen, as display.x11 says them; auto is settled, and "" is none.
const (
	Filtered  = "filtered"
	Untrusted = "untrusted"
	Host      = "host"
)

// Screen is how a jail gets to an X server. The zero value is for one that does not.
type Screen struct {
	Mode   string
	Server string // the path of the server's socket outside
	Number int    // of the host's display
	// Program is that of a server for this jail alone, which Own tells; "" for others.
	Program string
	// Cookie is what the server asks its clients for; without a name it is asked nothing,
	// or looks at the user who connects.
	Cookie Cookie
}

// Name is DISPLAY for the server itself, without a filter.
func (s *Screen) Name() string { return ":" + strconv.Itoa(s.Number) }

// Machine is what is asked of the host.
type Machine struct {
	Display string // the variable DISPLAY
	// Authority is the file with cookies: that of XAUTHORITY, else .Xauthority in the home;
	// "" for none. Named: it is that of XAUTHORITY.
	Authority string
	Named     bool
	Hostname  string // as gethostname(2) says
	// IsSocket tells whether a path is one of a Unix socket. Listens connects to a path, or
	// to an abstract name behind an @; nil for a machine on which all listen.
	IsSocket func(path string) bool
	Listens  func(name string) error
	// IsProgram tells whether a path is one of a program that can be executed.
	IsProgram func(path string) bool
	// Content is that of a file, "" for one that can't be read.
	Content func(file string) string
}

// Settled is the mode that is meant: auto is filtered where there is a DISPLAY.
func Settled(mode, display string) string {
	switch {
	case mode == "auto" && display != "":
		return Filtered
	case mode == "auto", mode == "none":
		return ""
	}
	return mode
}

// Choose finds the X server that display.x11 leads to. What is in the way is a diagnostic
// at the line of the profile: nothing takes the place of what it asks for.
func Choose(d *policy.Display, m *Machine) (Screen, *diag.Diagnostic) {
	mode := Settled(d.X11.V, m.Display)
	if isOwn(mode) {
		return chooseOwn(d, m, mode)
	}
	if mode != Filtered && mode != Untrusted && mode != Host {
		return Screen{}, nil
	}
	s := Screen{Mode: mode}
	refuse := func(code, summary, remedy string) (Screen, *diag.Diagnostic) {
		return Screen{}, &diag.Diagnostic{
			Code: code, Summary: summary, Subject: d.X11.At,
			Remedy: remedy + "; for a program without windows, `display: {x11: none}` or --x11 none",
		}
	}
	if m.Display == "" {
		return refuse("no-display", "DISPLAY is not set, so there is no X server that display.x11: "+mode+" could lead to", "start jail from a session with X11")
	}
	server, err := Parse(m.Display)
	if err != nil {
		return refuse("no-display", err.Error(), "DISPLAY is :0 in most sessions")
	}
	if server.Host != "" {
		return refuse("display-by-network", "DISPLAY is "+diag.Quote(m.Display)+", a server that is reached by TCP, which can be read and changed on the way",
			"start jail where the X server runs")
	}
	s.Number = server.Number
	if s.Server = server.Path(); !m.IsSocket(s.Server) {
		return refuse("no-display", noSocket(m, &s), "start an X server there, or set DISPLAY to that of one that runs")
	}
	if m.Listens != nil {
		if err := m.Listens(s.Server); err != nil {
			return refuse("no-display", fmt.Sprintf("no X server can be reached at %s, which DISPLAY leads to: %v", diag.Quote(s.Server), err),
				"start an X server there, or set DISPLAY to that of one that runs")
		}
	}
	text := m.Content(m.Authority)
	if text == "" && m.Named {
		return refuse("no-cookie", diag.Quote(m.Authority)+", which XAUTHORITY names, can't be read or is empty, so there is no cookie for the X server",
			"unset XAUTHORITY if the server takes none")
	}
	if s.Cookie, err = FindCookie([]byte(text), m.Hostname, s.Number); err != nil {
		return refuse("no-cookie", diag.Quote(m.Authority)+" is no file of cookies: "+err.Error(), "`xauth list` reads it as X programs do")
	}
	return s, nil
}

// noSocket says what there is in place of a socket with a path.
func noSocket(m *Machine, s *Screen) string {
	if m.Listens != nil && m.Listens("@"+s.Server) == nil {
		return "the X server that DISPLAY leads to listens at the abstract socket " + diag.Quote("@"+s.Server) + " alone, which only the host's own network has"
	}
	return "there is no X server at " + diag.Quote(s.Server) + ", to which DISPLAY leads"
}

// Server is what DISPLAY names (X(7), "Display names").
type Server struct {
	Host   string // reached by TCP; "" for a Unix socket
	Number int
}

// Path is that of a server's socket.
func (s *Server) Path() string { return Dir + "/X" + strconv.Itoa(s.Number) }

// maxNumber is the largest number of a display: a server that listens by TCP does so at port
// 6000 and its number.
const maxNumber = 65535 - 6000

// Parse reads a value of DISPLAY: a host, a colon, the number of the display, and that of
// the screen behind a dot, which does not matter here. No host, "unix", and the protocol
// "unix/" mean a Unix socket, as for libxcb.
func Parse(display string) (Server, error) {
	bad := fmt.Errorf("DISPLAY is %s, which names no display", diag.Quote(display))
	colon := strings.LastIndexByte(display, ':')
	if colon < 0 {
		return Server{}, bad
	}
	number, _, _ := strings.Cut(display[colon+1:], ".")
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || n > maxNumber || number[0] == '+' {
		return Server{}, bad
	}
	s := Server{Host: display[:colon], Number: int(n)}
	if protocol, _, found := strings.Cut(s.Host, "/"); s.Host == "unix" || found && protocol == "unix" {
		s.Host = ""
	}
	return s, nil
}
