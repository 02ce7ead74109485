package sockets

import (
	"net"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// S11, S12: what passes by Landlock in the network is stopped by the network's
// namespace or by the filter: datagrams, data in the first packet, multipath
// TCP. The oracle is a server on the host.
func TestS12Network(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	testenv.Need(t, "python3")
	w := testenv.NewWorld(t)
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp4", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	_, port, _ := net.SplitHostPort(tcp.Addr().String())
	reached := make(chan string, 16)
	go func() {
		for {
			c, err := tcp.Accept()
			if err != nil {
				return
			}
			reached <- "tcp"
			_ = c.Close()
		}
	}()
	go func() {
		for buf := make([]byte, 16); ; {
			if _, _, err := udp.ReadFrom(buf); err != nil {
				return
			}
			reached <- "udp"
		}
	}()
	arrives := func(wanted bool) bool {
		patience := 300 * time.Millisecond
		if wanted {
			patience = time.Minute
		}
		select {
		case <-reached:
			return true
		case <-time.After(patience):
			return false
		}
	}
	to := "('127.0.0.1', " + port + ")"
	for name, c := range map[string]struct {
		script string
		host   bool // whether it arrives with the host's network
	}{
		"connect":  {"socket.create_connection(" + to + ", 2)", true},
		"datagram": {"socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', " + to + ")", true},
		"fastopen": {"socket.socket().sendto(b'x', socket.MSG_FASTOPEN, " + to + ")", true},
	} {
		script := "import socket; " + c.script
		w.Host("python3", "-c", script)
		if !arrives(true) {
			t.Fatalf("%s: nothing arrives without a jail", name)
		}
		w.Jail("run", "--profile", "default", "python3", "-c", script)
		if arrives(false) {
			t.Errorf("%s: it arrives from a jail without a network", name)
		}
		w.Jail("run", "--profile", "default", "--network", "host", "python3", "-c", script)
		if got := arrives(c.host); got != c.host {
			t.Errorf("%s: from a jail with the host's network it arrives: %v", name, got)
		}
	}
}
