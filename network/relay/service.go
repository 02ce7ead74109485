package relay

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/network"
	"github.com/jail-project/jail/network/dns"
	"github.com/jail-project/jail/network/flow"
	"github.com/jail-project/jail/network/rules"
	"github.com/jail-project/jail/service"
)

// Name is that of the service.
const Name = "network"

// What the launcher asks and tells the relay. There is a copy of it in package launcher,
// which does not import this one.
const (
	// questionRefused asks for one line for each kind of refusal, with its count, and for
	// remarks, each behind the word "remark".
	questionRefused = "refused"
	// toldList is followed by a number: the list of hosts of that place in the setting is
	// what the file that comes along says. Without a file, it cannot be used any more.
	toldList = "list "
)

func (r *Relay) answer(question string, file *os.File) []byte {
	if file != nil {
		defer func() { _ = file.Close() }()
	}
	if number, is := strings.CutPrefix(question, toldList); is {
		if n, err := strconv.Atoi(number); err == nil {
			r.lists.changed(r, n, file)
		}
		return nil
	}
	if question == questionRefused {
		return r.report.lines()
	}
	return nil
}

// Run is the service's process, until its launcher is gone.
func Run() error {
	var r *Relay
	var listeners []int
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
			r.report.out, sockets = newLog(os.NewFile(uintptr(sockets[last]), "log")), sockets[:last]
		}
		listeners, questions, err = open(sockets)
		return err
	})
	if err != nil {
		return err
	}
	return passed.Run(r.answer, func() error { return r.Serve(context.Background(), listeners, questions) })
}

// open tells listening sockets from those for questions, of which it makes connections.
func open(sockets []int) (listeners []int, questions []*net.UDPConn, err error) {
	for i, fd := range sockets {
		if i%network.PerFamily == network.Listener {
			flow.SendAtOnce(fd)
			listeners = append(listeners, fd)
			continue
		}
		f := os.NewFile(uintptr(fd), "socket")
		c, err := net.FilePacketConn(f)
		if err != nil {
			return nil, nil, err
		}
		udp, ok := c.(*net.UDPConn)
		if !ok {
			return nil, nil, syscall.ENOTSOCK
		}
		questions = append(questions, udp)
		_ = f.Close()
	}
	return listeners, questions, nil
}

// resolver is one that looks names up as the host's own programs do, but for the sources that
// it returns.
func resolver(s *network.Setting, set *rules.Set) (*dns.Resolver, []dns.Other) {
	mayAsk := func(name string) bool { return len(s.Files) > 0 || set.MayAsk(name).Allowed }
	conf, sources := dns.ParseResolvConf([]byte(s.Resolver)), dns.Nsswitch([]byte(s.Switch))
	return dns.NewResolver(dns.Config{
		ResolvConf: conf,
		Order:      sources.Order,
		Hosts:      dns.ParseHosts([]byte(s.Hosts), mayAsk),
		Fixed:      map[string][]netip.Addr{rules.HostName: hostLoopback()},
	}), sources.Unserved(&conf)
}

// lookup looks a name up that is allowed. Failures are logged and explained.
func (r *Relay) lookup(ctx context.Context, name string) (dns.Answer, error) {
	answer, err := r.resolver.Lookup(ctx, name)
	if err != nil && !errors.Is(err, dns.ErrNoData) {
		r.report.note("failed", "the name "+name+": "+err.Error())
		r.explain(name, err)
	}
	return answer, err
}

// explain says why a name was not found that a program of the host could have found.
func (r *Relay) explain(name string, err error) {
	if !errors.Is(err, dns.ErrNoName) {
		return
	}
	for _, source := range r.unserved {
		if source.Domain == "" || strings.HasSuffix("."+name, "."+source.Domain) {
			r.report.remark("the name " + name + " was not found; programs of the host ask " + diag.Quote(source.Name) + " as well (/etc/nsswitch.conf), which no jail with a filtered network can")
			return
		}
	}
}

// hostLoopback are the addresses that a rule with @host opens ports of.
func hostLoopback() []netip.Addr {
	return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
}

// isMany tells whether a rule is about all names of a domain, of which only so many are
// asked for: a name can carry something to who answers for the domain. With * everything
// can be carried anywhere.
func isMany(text string) bool { return strings.HasPrefix(text, "*.") }
