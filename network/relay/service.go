package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/jail-project/jail/network"
	"github.com/jail-project/jail/network/dns"
	"github.com/jail-project/jail/network/rules"
	"github.com/jail-project/jail/service"
)

// Name is that of the service.
const Name = "network"

// QuestionRefused asks the relay what it has refused: the answer has a line for each kind,
// which begins with how often that was.
const QuestionRefused = "refused"

// Main is the service's process, until its launcher is gone. It returns the exit status.
func Main(stderr io.Writer) int {
	if err := run(); err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

func run() error {
	var r *Relay
	var listeners []*net.TCPListener
	var questions []*net.UDPConn
	passed, err := service.Serve(func(p service.Passed) (err error) {
		setting, ok := network.DecodeSetting(p.Setting)
		if !ok {
			return errors.New("the setting can't be read")
		}
		sockets := p.Sockets
		if r, err = New(setting); err != nil {
			return err
		}
		if setting.Log {
			last := len(sockets) - 1
			r.report.out, sockets = os.NewFile(uintptr(sockets[last]), "log"), sockets[:last]
		}
		listeners, questions, err = open(sockets)
		return err
	})
	if err != nil {
		return err
	}
	ended := make(chan error, 2)
	go func() {
		passed.Answer(func(question string) []byte {
			if question == QuestionRefused {
				return r.report.lines()
			}
			return nil
		})
		ended <- nil // the launcher is gone
	}()
	go func() { ended <- r.Serve(context.Background(), listeners, questions) }()
	return <-ended
}

// open makes listeners of the sockets, and connections of those for questions.
func open(sockets []int) (listeners []*net.TCPListener, questions []*net.UDPConn, err error) {
	for i, fd := range sockets {
		f := os.NewFile(uintptr(fd), "socket "+strconv.Itoa(i))
		switch i % 2 {
		case network.Listener4:
			l, err := net.FileListener(f)
			if err != nil {
				return nil, nil, err
			}
			tcp, ok := l.(*net.TCPListener)
			if !ok {
				return nil, nil, syscall.ENOTSOCK
			}
			listeners = append(listeners, tcp)
		default:
			c, err := net.FilePacketConn(f)
			if err != nil {
				return nil, nil, err
			}
			udp, ok := c.(*net.UDPConn)
			if !ok {
				return nil, nil, syscall.ENOTSOCK
			}
			questions = append(questions, udp)
		}
		_ = f.Close()
	}
	return listeners, questions, nil
}

// ruleSet reads the rules of a setting.
func ruleSet(s *network.Setting) (*rules.Set, error) {
	services := func(name string) (uint16, bool) {
		port, ok := s.Services[name]
		return port, ok
	}
	var lists [2][]rules.Rule
	for i, list := range [...][]network.Rule{s.Allow, s.Deny} {
		for _, entry := range list {
			rule, problem := rules.Parse(entry.Text, entry.Place, services)
			if problem != nil {
				return nil, fmt.Errorf("%s: %s", entry.Place, problem.Summary)
			}
			lists[i] = append(lists[i], rule)
		}
	}
	return rules.New(lists[0], lists[1], nil), nil
}

// resolver is one that looks names up as the host's own programs do.
func resolver(s *network.Setting, set *rules.Set) *dns.Resolver {
	mayAsk := func(name string) bool { return set.MayAsk(name).Allowed }
	return dns.NewResolver(dns.Config{
		ResolvConf: dns.ParseResolvConf([]byte(s.Resolver)),
		Order:      dns.Nsswitch([]byte(s.Switch)).Order,
		Hosts:      dns.ParseHosts([]byte(s.Hosts), mayAsk),
		Fixed:      map[string][]netip.Addr{network.HostName: hostLoopback()},
	})
}

// hostLoopback are the addresses that a rule with @host opens ports of.
func hostLoopback() []netip.Addr {
	return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
}

// isMany tells whether a rule is about all names of a domain, of which only so many are
// asked for: a name can carry something to who answers for the domain. With * everything
// can be carried anywhere.
func isMany(text string) bool { return strings.HasPrefix(text, "*.") }
