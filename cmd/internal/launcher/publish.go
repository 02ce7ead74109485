package launcher

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/launch"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/network"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/kind"
	"github.com/jail-project/jail/service"
)

// publishService is the name of the service in package network/publish, which is not
// imported: the launcher would take longer to start with it.
const publishService = "publish"

// published are the ports of the host that lead into a jail. This process listens from
// before the program starts, so that a port which is in use is found in time and no
// connection is refused; the service accepts.
type published struct {
	sockets []int
	inside  []uint16 // the ports of the jail, in the same order
	service *service.Service
	ended   string // why that has ended before the jail
}

// mostPublished is how many ports can be published: each is passed to the service.
const mostPublished = 15

// publish listens at the published ports of the policy; with the host's network there are
// none. The error is one of launch.Refusal.
func publish(n *policy.Network) (*published, error) {
	p := &published{}
	if n.Mode.V == "host" || n.Mode.V == "namespace" {
		return p, nil
	}
	for i := range n.Publish {
		entry := &n.Publish[i]
		spec, problem := kind.ParsePublish(entry.Text)
		if problem != nil {
			p.close()
			return nil, &launch.Refusal{Problem: problem.Diagnostic(entry.At)}
		}
		fd, err := listen(&spec)
		if i >= mostPublished {
			err = errTooMany
		}
		if fd >= 0 {
			p.sockets, p.inside = append(p.sockets, fd), append(p.inside, spec.Inside)
		}
		if err != nil {
			p.close()
			return nil, &launch.Refusal{Problem: unpublished(&spec, err, &entry.At)}
		}
	}
	return p, nil
}

var errTooMany = errors.New("no more than 15 ports can be published")

// unpublished is the diagnostic for a port of the host that can't be listened at.
func unpublished(spec *kind.Publish, err error, at *diag.Range) diag.Diagnostic {
	d := diag.Diagnostic{Code: "not-published", Subject: *at, Summary: "cannot listen at " + spec.Text + " of the host: " + err.Error()}
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		d.Remedy = "end what listens there, or publish another port of the host"
	case errors.Is(err, unix.EACCES):
		d.Remedy = "publish a port from 1024 on: those below are for root (ip_unprivileged_port_start of ip(7))"
	case errors.Is(err, unix.EADDRNOTAVAIL):
		d.Remedy = "name an address that the host has"
	}
	return d
}

// listen makes a listening socket of the host. Address and port that an ended connection
// still holds can be had (SO_REUSEADDR of socket(7)), those of another listener can not.
func listen(spec *kind.Publish) (int, error) {
	family, at := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Port: int(spec.Port), Addr: [4]byte(spec.Address[:4])})
	if len(spec.Address) == 16 {
		family, at = unix.AF_INET6, &unix.SockaddrInet6{Port: int(spec.Port), Addr: [16]byte(spec.Address)}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, err
	}
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if family == unix.AF_INET6 {
		err = errors.Join(err, unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1))
	}
	if err == nil {
		err = unix.Bind(fd, at)
	}
	if err == nil {
		err = unix.Listen(fd, unix.SOMAXCONN)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// start starts the service, in the network of the jail; none without published ports. From
// then on the ports are open as long as the service lives.
func (p *published) start(l *Launch, jail *launch.Process) error {
	if len(p.sockets) == 0 {
		return nil
	}
	defer p.close()
	in := l.Command.Inside // where the jail has the network of another one, it is there
	if in == nil {
		user, net, err := jail.Namespaces()
		if err != nil {
			return err
		}
		defer func() {
			_ = unix.Close(user)
			_ = unix.Close(net)
		}()
		in = &plan.Inside{User: user, Network: net, Become: l.Host.RunAs > 0}
		in.UID, in.GID, _ = l.Host.InsideIDs(l.Policy.Identity.User.V)
	}
	s, err := service.Start(service.Options{
		Name: publishService, Host: l.Host, Sockets: p.sockets, Setting: network.EncodePorts(p.inside),
		Inside:     in,
		Executable: l.servicesFile(), LandlockOptional: l.Policy.Landlock.Use.V != "required",
	})
	if err != nil {
		return err
	}
	p.service = s
	s.Follow(jail, func(line string) { p.ended = line })
	return nil
}

// close closes the sockets of this process.
func (p *published) close() {
	for _, fd := range p.sockets {
		_ = unix.Close(fd)
	}
	p.sockets = nil
}

// end closes the ports.
func (p *published) end() {
	p.close()
	if p.service != nil {
		p.service.Close()
	}
}
