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

// displayVariables has the program find the display of the jail, and nothing of the
// host's: the variables by which X programs are found by others and the session's manager
// are dropped, whoever keeps them.
func (k *compiler) displayVariables() {
	s := &k.view.Screen
	if s.Mode == "" {
		return
	}
	r := &k.rules
	r.drop = []string{"DISPLAY", "XAUTHORITY", "ICEAUTHORITY", "SESSION_MANAGER"}
	r.set = slices.DeleteFunc(r.set, func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(r.drop, name)
	})
	if s.Mode == display.Filtered {
		r.set = append(r.set, "DISPLAY="+display.Name)
		return
	}
	r.set = append(r.set, "DISPLAY="+s.Name(), "XAUTHORITY="+display.Cookies)
}

// listenForDisplay makes the socket and hands it to the launcher. Nothing of the jail runs
// yet, and the directory was made by this plan, so no component of the path is a link.
func (k *compiler) listenForDisplay(b *builder) {
	if k.view.Screen.Mode != display.Filtered {
		return
	}
	b.because("listen for", "programs with windows", &k.p.Display.X11.At)
	s, control := b.relayedSocket(unix.AF_UNIX, "AF_UNIX", unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, "SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK")
	// struct sockaddr_un of unix(7), with the zero byte that ends the path.
	address := append(binary.NativeEndian.AppendUint16(nil, unix.AF_UNIX), display.Socket+"\x00"...)
	at := &plan.Block{Bytes: address, Show: "{" + display.Socket + "}"}
	b.call("bind", unix.SYS_BIND, plan.NoSlot, fd(s), block(at), size(at))
	b.call("listen", unix.SYS_LISTEN, plan.NoSlot, fd(s), num(backlog, ""))
	k.handRelayed(b, s, control)
}
