package compile

import (
	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/network"
)

// A network behind the host's (network.mode: nat) is connected by pasta(1), which runs
// beside the jail and makes the jail's connections as a program of the host. What is
// local is kept out of reach by rules of nftables in the jail's network namespace, which
// nothing in the jail has the capability to change.

// nat sets the rules, and then has the launcher start pasta: no packet leaves before they
// are there.
func (k *compiler) nat(b *builder) {
	mode := &k.p.Network.Mode
	if mode.V != "nat" {
		return
	}
	program := k.h.Pasta()
	if program == "" {
		k.problem("no-pasta", "there is no pasta, which a network behind the host's takes", &mode.At,
			"install the package passt; or write mode: filtered, which takes no other program")
		return
	}
	var own []host.Address
	if k.h.Addresses != nil {
		var err error
		if own, err = k.h.Addresses(); err != nil {
			k.problem("no-addresses", err.Error(), &mode.At, "")
			return
		}
	}
	b.because("keep out of reach of the jail's network", "what is local", &mode.At)
	for _, batch := range k.natRules(own) {
		b.netlink(unix.NETLINK_NETFILTER, "NETLINK_NETFILTER", &plan.Block{Bytes: batch, Show: "{table inet jail: what may leave}"})
	}
	b.because("ask for", "the network behind the host's", &mode.At)
	k.plan.Attach = plan.Attach{Program: program, Args: k.pastaArguments(), At: mode.At}
	ask := &plan.Block{Bytes: plan.AttachMessage(), Show: "attach"}
	b.call("write", unix.SYS_WRITE, plan.NoSlot, fd(plan.SlotStatus), block(ask), size(ask))
}

// natAttached waits until the launcher says that pasta has made the interface. The answer
// holds an error until then, for a launcher that ends without one.
func (k *compiler) natAttached(b *builder) {
	if k.plan.Attach.Program == "" {
		return
	}
	b.because("wait for", "the network behind the host's", &k.p.Network.Mode.At)
	answer := &plan.Block{Bytes: packed([]int32{0, -int32(unix.ECONNRESET)}), Show: "answer"}
	op := b.call("recvfrom", unix.SYS_RECVFROM, plan.NoSlot, fd(plan.SlotStatus), block(answer), size(answer), num(0, ""), null(), null())
	op.Answer, op.AnswerAt = answer, plan.ErrnoAt
}

// pastaArguments have pasta forward what the jail connects to, and questions about names
// that are sent to the addresses of network.Nat, and nothing else: no port of the jail to
// the host or of the host to the jail, and no address of the jail to the host's loopback.
// The interface is configured once, so nothing has to answer for that later. (--no-icmp
// would leave the neighbors of IPv6 unanswered as well; the rules let no other ICMP leave.)
func (k *compiler) pastaArguments() []string {
	args := []string{
		"--foreground", "--quiet", "--pid", "/proc/self/fd/1",
		"--config-net", "--ns-ifname", "eth0",
		"--address", network.NatJail4, "--netmask", network.NatBits4, "--gateway", network.NatGateway4, "--dns-forward", network.NatNames4,
		"--no-map-gw", "--tcp-ports", "none", "--udp-ports", "none", "--tcp-ns", "none", "--udp-ns", "none",
		"--no-dhcp", "--no-dhcpv6", "--no-ra",
	}
	if k.h.Files.Kind("/proc/self/net/if_inet6") == host.KindMissing {
		args = append(args, "--ipv4-only")
	} else {
		args = append(args, "--address", network.NatJail6, "--gateway", network.NatGateway6, "--dns-forward", network.NatNames6)
	}
	if k.h.RunAs > 0 {
		args = append(args, "--runas", "0") // only root may enter the namespaces of a jail of root
	}
	return args
}
