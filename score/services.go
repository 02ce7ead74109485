package score

import (
	"strings"
)

// serviceChecks are about sockets of programs outside that act for whoever
// connects. In most jails only those can be connected to that sockets lists,
// whatever else is visible; see connectable.
func serviceChecks() []Check {
	all := []Check{
		serviceCheck("session-bus", "the session's message bus, which starts programs, is out of reach", 30, true, below(runtimeOf, "bus")),
		serviceCheck("service-manager", "the user's service manager is out of reach", 20, true,
			below(runtimeOf, "systemd/private", "systemd/notify")),
		serviceCheck("container-engines", "container engines and virtual machines are out of reach", 30, true, containerEngines),
		serviceCheck("system-bus", "the system's message bus is out of reach", 10, false, fixed("/run/dbus/system_bus_socket", "/var/run/dbus/system_bus_socket")),
		serviceCheck("agents", "agents that hold keys are out of reach", 20, false, agents),
		serviceCheck("shells", "terminal multiplexers and editors that run commands are out of reach", 15, true, shells),
		displayCheck(),
		waylandCheck(),
		serviceCheck("sound", "microphone and speakers are out of reach", 10, false,
			below(runtimeOf, "pipewire-0", "pulse/native", "pulse/pid")),
	}
	return withRemedies(all, map[string][2]string{
		"session-bus":       {"leave it out of sockets; dbus.session names what may be talked to", "services of the desktop but for those that are named"},
		"service-manager":   {"leave it out of sockets", "programs that manage services"},
		"container-engines": {"leave them out of sockets", "programs that manage containers"},
		"system-bus":        {"leave it out of sockets", "what asks the system about devices and networks"},
		"agents":            {"leave them out of sockets", "logging in with the agent's keys"},
		"shells":            {"leave them out of sockets", "attaching to a session outside"},
		"x11":               {"leave it out of sockets; `display: {x11: filtered}` shows the program its own windows only", "programs that look at other windows or type into them"},
		"wayland":           {"leave it out of sockets; `display: {wayland: strict}` has the compositor tell the program from others", "windows"},
		"sound":             {"leave them out of sockets", "sound"},
	})
}

func containerEngines(f *facts) []string {
	out := []string{
		"/run/docker.sock", "/var/run/docker.sock", "/run/podman/podman.sock", "/run/containerd/containerd.sock",
		"/run/crio/crio.sock", "/run/libvirt/libvirt-sock", "/var/lib/lxd/unix.socket", "/var/lib/incus/unix.socket",
	}
	return append(out, below(runtimeOf, "docker.sock", "podman/podman.sock", "libvirt/libvirt-sock")(f)...)
}

// agents are the sockets of programs that hold keys, the one that the caller
// uses included.
func agents(f *facts) []string {
	out := below(runtimeOf, "gnupg", "keyring", "gcr", "ssh-agent.socket", "openssh_agent")(f)
	out = append(out, below(homeOf, ".gnupg/S.gpg-agent", ".gnupg/S.gpg-agent.ssh")(f)...)
	if s, _ := variable(f.Host.Env, "SSH_AUTH_SOCK"); strings.HasPrefix(s, "/") {
		out = append(out, s)
	}
	return out
}

func shells(f *facts) []string {
	out := []string{"/run/screen"}
	if f.outside != "" {
		out = append(out, "/tmp/tmux-"+f.outside)
	}
	return append(out, below(runtimeOf, "tmux", "emacs", "nvim.sock", "sway-ipc.sock")(f)...)
}
