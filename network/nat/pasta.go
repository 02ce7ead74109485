package nat

import "github.com/jail-project/jail/network"

// Arguments have pasta forward what the jail connects to, and questions about names
// that are sent to the addresses of network.Nat, and nothing else: no port of the jail to
// the host or of the host to the jail, and no address of the jail to the host's loopback.
// The interface is configured once, so nothing has to answer for that later. (--no-icmp
// would leave the neighbors of IPv6 unanswered as well; the rules let no other ICMP leave.) Without IPv6 in the kernel there is none; asRoot is for a jail
// of root, whose namespaces only root may enter.
func Arguments(with6, asRoot bool) []string {
	args := []string{
		"--foreground", "--quiet", "--pid", "/proc/self/fd/1",
		"--config-net", "--ns-ifname", "eth0",
		"--address", network.NatJail4, "--netmask", network.NatBits4, "--gateway", network.NatGateway4, "--dns-forward", network.NatNames4,
		"--no-map-gw", "--tcp-ports", "none", "--udp-ports", "none", "--tcp-ns", "none", "--udp-ns", "none",
		"--no-dhcp", "--no-dhcpv6", "--no-ra",
	}
	if !with6 {
		args = append(args, "--ipv4-only")
	} else {
		args = append(args, "--address", network.NatJail6, "--gateway", network.NatGateway6, "--dns-forward", network.NatNames6)
	}
	if asRoot {
		args = append(args, "--runas", "0")
	}
	return args
}
