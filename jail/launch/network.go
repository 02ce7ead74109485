package launch

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Namespaces opens the user and the network namespace of a jail whose plan hands over a
// socket of its network (plan.StepNetwork). No process of the jail has a say in it, unlike
// in what /proc says about it. The caller closes both descriptors. It is called before
// Confine.
func (p *Process) Namespaces() (user, network int, err error) {
	// SIOCGSKNS takes CAP_NET_ADMIN in the user namespace that owns the network namespace
	// (sock_ioctl in net/socket.c); who made that has all capabilities in it
	// (user_namespaces(7)).
	if network, err = unix.IoctlRetInt(p.netSocket, unix.SIOCGSKNS); err != nil {
		return -1, -1, fmt.Errorf("open the network namespace of the jail: %w", err)
	}
	if user, err = unix.IoctlRetInt(network, unix.NS_GET_USERNS); err != nil {
		_ = unix.Close(network)
		return -1, -1, fmt.Errorf("open the user namespace of the jail: %w", err)
	}
	return user, network, nil
}
