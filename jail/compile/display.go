package compile

import (
	"encoding/binary"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/display"
	"github.com/jail-project/jail/jail/plan"
)

// A filtered display is a listening socket in the jail's own directory for X servers. The
// launcher gets it as it gets those of a filtered network, and hands it to the service
// that connects to the host's server.

// A server of the jail's own answers there in the same way, and a compositor at a socket of
// its kind.

// displayVariables has the program find the display of the jail, and nothing of the
// host's: the variables by which X programs are found by others and the session's manager
// are dropped, whoever keeps them.
func (k *compiler) displayVariables() {
	k.waylandVariables()
	s := &k.view.Screen
	if s.Mode == "" {
		return
	}
	k.dropVariables("DISPLAY", "XAUTHORITY", "ICEAUTHORITY", "SESSION_MANAGER")
	name, r := s.Name(), &k.rules
	if s.Listens() {
		name = display.Name
	}
	r.set = append(r.set, "DISPLAY="+name)
	if s.Mode != display.Filtered {
		r.set = append(r.set, "XAUTHORITY="+display.Cookies)
	}
}

// waylandVariables does the same for a compositor. WAYLAND_SOCKET is the number of a
// descriptor that is a connection to one; the others are those by which programs find the
// sockets for commands.
func (k *compiler) waylandVariables() {
	c := &k.view.Compositor
	if c.Socket == "" {
		return
	}
	k.dropVariables("WAYLAND_DISPLAY", "WAYLAND_SOCKET", "XDG_RUNTIME_DIR", "SWAYSOCK", "I3SOCK", "HYPRLAND_INSTANCE_SIGNATURE", "NIRI_SOCKET")
	k.rules.set = append(k.rules.set, "XDG_RUNTIME_DIR="+c.Runtime, "WAYLAND_DISPLAY="+display.WaylandName)
}

// dropVariables has the program get none of these from the caller or the profile.
func (k *compiler) dropVariables(names ...string) {
	r := &k.rules
	r.drop = append(r.drop, names...)
	r.set = slices.DeleteFunc(r.set, func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(names, name)
	})
}

// listenForDisplay makes the sockets and hands them to the launcher, that of X11 first.
// Nothing of the jail runs yet, and the directories were made by this plan, so no component
// of the paths is a link.
func (k *compiler) listenForDisplay(b *builder) {
	if k.view.Screen.Listens() {
		b.because("listen for", "programs with windows", &k.p.Display.X11.At)
		k.listen(b, display.Socket)
	}
	if k.view.Compositor.Confined {
		b.because("listen for", "programs with windows of Wayland", &k.p.Display.Wayland.At)
		k.listen(b, k.view.Compositor.Inside())
	}
}

// listen makes a listening Unix socket at a path of the jail.
func (k *compiler) listen(b *builder, path string) {
	s, control := b.relayedSocket(unix.AF_UNIX, "AF_UNIX", unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, "SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK")
	// struct sockaddr_un of unix(7), with the zero byte that ends the path.
	address := append(binary.NativeEndian.AppendUint16(nil, unix.AF_UNIX), path+"\x00"...)
	at := &plan.Block{Bytes: address, Show: "{" + path + "}"}
	b.call("bind", unix.SYS_BIND, plan.NoSlot, fd(s), block(at), size(at))
	b.call("listen", unix.SYS_LISTEN, plan.NoSlot, fd(s), num(backlog, ""))
	k.handRelayed(b, s, control)
}
