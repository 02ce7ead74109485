package security

import (
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
)

// layerRows are what several layers stop: each of them has to do so with all
// others off. TestS11 of package jail does the same for files.
func layerRows() []row {
	const (
		open       = "landlock: off\nsyscalls: {default: allow}\n"
		everywhere = "filesystem: {write: [\"{outside}\"]}\n"
		shared     = "network: host\n"
		compatible = "syscalls: {default: allow, architectures: [native, x86]}\n"
	)
	return []row{
		{
			id: "S11b", what: "connecting to a socket in a file, by one layer", prepare: agent, probe: []string{"knock", "{socket}"}, oracle: accepted,
			off: "all layers", wide: open + anySocket + shared + everywhere,
			alone: []layer{
				{name: "the tree that shows only what is granted", wide: open + anySocket + shared},
				{name: "the socket guard", wide: open + shared + everywhere},
			},
		},
		{
			id: "S11c", what: "typing commands into the caller's terminal, by one layer", tty: true, probe: []string{"tty"}, oracle: onlyTyped,
			off: "all layers", wide: allCalls, edits: "setsid",
			alone: []layer{
				{name: "the syscall filter", edits: "setsid"},
				{name: "the session of its own", wide: open, edits: "landlock"},
				{name: "the terminal of its own, which takes a session", wide: open},
			},
		},
		{
			id: "S11d", what: "user namespaces inside, by one layer", probe: []string{"userns"},
			// It needs no namespace, only a descriptor.
			oracle: func(_ *scene, o *outcome) { delete(o.parts, "setns") },
			off:    "all layers", wide: compatible + "landlock: off\nnamespaces: {user: true}\n",
			alone: []layer{
				{name: "the syscall filter", edits: "quotas"},
				{name: "the limit on user namespaces", wide: compatible + "landlock: off\n"},
			},
		},
		{
			id: "S11e", what: "multipath TCP to the host's loopback, by one layer", prepare: server, probe: []string{"multipath", "{port}"}, oracle: accepted,
			off: "all layers", wide: open + shared,
			alone: []layer{
				{name: "the syscall filter", wide: "landlock: off\n" + shared},
				{name: "the network namespace", wide: open},
			},
		},
		{
			id: "S11f", what: "abstract sockets, by one layer", prepare: abstract, probe: []string{"knock", "{socket}"}, oracle: accepted,
			off: "all layers", wide: open + anySocket + shared,
			alone: []layer{
				{name: "the network namespace", wide: open + anySocket},
				{name: "the socket guard", wide: open + shared},
				{name: "Landlock", wide: allCalls + anySocket + shared},
			},
		},
		{
			id: "S11g", what: "signals to a process outside, by one layer", prepare: bystander, probe: []string{"strike", "{pid}"},
			oracle: func(_ *scene, o *outcome) { o.keep("kill") },
			off:    "all layers", wide: open + "namespaces: {pid: false}\n", rootOff: otherUser,
			alone: []layer{
				{name: "the PID namespace", wide: open},
				{name: "Landlock", wide: allCalls + "namespaces: {pid: false}\n"},
			},
		},
	}
}

// keep leaves one part.
func (o *outcome) keep(name string) {
	for other := range o.parts {
		if other != name {
			delete(o.parts, other)
		}
	}
}

// onlyTyped leaves what the caller's shell would have read: a program may type
// into a terminal of the jail's own.
func onlyTyped(_ *scene, o *outcome) { o.keep("typed into the queue") }

// agent listens in a file that the jail is not granted, server on the loopback
// interface, abstract on a name without a file.
func agent(s *scene)  { s.listen("unix", filepath.Join(s.outside, "agent")) }
func server(s *scene) { s.listen("tcp4", "127.0.0.1:0") }

func abstract(s *scene) { s.listen("unix", "@jail-test-"+filepath.Base(s.Root)) }

// listen counts who connects to an address of the host.
func (s *scene) listen(network, address string) {
	s.T.Helper()
	if strings.HasPrefix(address, "/") {
		s.Mkdir(filepath.Dir(address))
	}
	l, err := new(net.ListenConfig).Listen(s.T.Context(), network, address)
	if err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(func() { l.Close() })
	s.names["{socket}"] = address
	if tcp, ok := l.Addr().(*net.TCPAddr); ok {
		s.names["{port}"] = strconv.Itoa(tcp.Port)
	}
	connections := new(atomic.Int32)
	s.connections = append(s.connections, connections)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			_ = c.Close()
		}
	}()
}

// accepted decides by the host's side, which sees a connection whatever is
// said inside.
func accepted(s *scene, o *outcome) {
	said := strings.Join(o.open(), ", ")
	total := int32(0)
	for _, c := range s.connections {
		total += c.Load()
	}
	o.parts = map[string]string{}
	o.set("a connection", total > 0 || said != "")
}
