package display

import (
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy"
)

// Modes with a server for one jail alone.
const (
	Xephyr   = "xephyr"
	Xvfb     = "xvfb"
	Xwayland = "xwayland"
)

// programs are looked for in these directories, which only root writes. The current
// directory and PATH have no say: what is found there is executed beside the jail.
func programDirs() []string { return []string{"/usr/bin/", "/usr/local/bin/", "/bin/"} }

// ownServer says which program is the server of a mode, and which package of Debian has it.
func ownServer(mode string) (program, pack string) {
	switch mode {
	case Xephyr:
		return "Xephyr", "xserver-xephyr"
	case Xvfb:
		return "Xvfb", "xvfb"
	case Xwayland:
		return "Xwayland", "xwayland"
	}
	return "", ""
}

func isOwn(mode string) bool {
	program, _ := ownServer(mode)
	return program != ""
}

// Own tells whether the display is that of a server for this jail alone.
func (s *Screen) Own() bool { return isOwn(s.Mode) }

// Listens tells whether the jail makes the socket of its display, and hands it to whoever
// answers there.
func (s *Screen) Listens() bool { return s.Mode == Filtered || s.Own() }

// FindServer looks for the program of a mode with a server for one jail; the path is "" where
// it is not installed. pack is the package of Debian that has it.
func FindServer(mode string, isProgram func(path string) bool) (path, pack string) {
	name, pack := ownServer(mode)
	for _, dir := range programDirs() {
		if isProgram(dir + name) {
			return dir + name, pack
		}
	}
	return "", pack
}

// chooseOwn finds the program of a server for one jail. Xephyr shows a window on the host's
// server, which it reaches as a program in a jail with x11: filtered does.
func chooseOwn(d *policy.Display, m *Machine, mode string) (Screen, *diag.Diagnostic) {
	s := Screen{Mode: mode, Cookie: Placeholder()}
	path, pack := FindServer(mode, m.IsProgram)
	if s.Program = path; path == "" {
		name, _ := ownServer(mode)
		return Screen{}, &diag.Diagnostic{
			Code: "no-x-server", Subject: d.X11.At,
			Summary: "display.x11: " + mode + " takes the program " + name + ", which is not in " + strings.Join(programDirs(), ", "),
			Remedy:  "install it: on Debian it is in the package " + pack,
		}
	}
	if mode == Xephyr {
		outer := *d
		outer.X11.V = Filtered
		if _, problem := Choose(&outer, m); problem != nil {
			problem.Summary = strings.Replace(problem.Summary, "display.x11: "+Filtered, "display.x11: "+Xephyr, 1)
			return Screen{}, problem
		}
	}
	return s, nil
}

// usualSize is that of a screen for which the profile says none.
const usualSize = "1280x800"

// Descriptors of a server for one jail. The first is where socket activation passes a
// listening socket (sd_listen_fds(3), SD_LISTEN_FDS_START).
const (
	ListenFD     = 3
	ReadyFD      = 4 // the number of the display is written to it, and a newline
	AuthorityFD  = 5 // a file with the cookie that it asks for
	CompositorFD = 6 // Xwayland: a connection to the compositor
)

// authorityFile is the name of the file with the cookie, in the server's own /proc.
const authorityFile = "/proc/self/fd/5"

// Command is the command line of the server of a screen, and what is added to its
// environment. The server listens at the socket that it is passed and nowhere else
// (Xserver(1), -nolisten), keeps its state when its last client leaves (-noreset), and lets
// in who has the cookie (-auth).
func (s *Screen) Command(d *policy.Display, profile string) (argv, env []string) {
	argv = []string{
		s.Program, Name, "-displayfd", "4", "-auth", authorityFile, "-noreset",
		"-nolisten", "tcp", "-nolisten", "local", "-nolisten", "unix",
	}
	size, title := d.Size.V, d.Title.V
	if size == "" && s.Mode != Xwayland {
		size = usualSize
	}
	if title == "" {
		title = "jail: " + profile
	}
	switch s.Mode {
	case Xvfb:
		argv = append(argv, "-screen", "0", size+"x24")
	case Xephyr:
		argv = append(argv, "-screen", size, "-resizeable", "-title", title)
	case Xwayland:
		argv = append(argv, "-listenfd", "3")
		if size != "" {
			argv = append(argv, "-geometry", size)
		}
		return argv, []string{"WAYLAND_SOCKET=6"}
	}
	// The server's process is the second one of its jail, after the init.
	return argv, []string{"LISTEN_FDS=1", "LISTEN_PID=2"}
}
