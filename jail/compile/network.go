package compile

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/netlink"
	"github.com/jail-project/jail/network"
)

// loopback brings up lo in a network namespace of the jail's own: programs
// expect 127.0.0.1 to be there.
func (k *compiler) loopback(b *builder) {
	if k.plan.Namespaces&unix.CLONE_NEWNET == 0 {
		return
	}
	b.because("bring up", "the loopback interface", &k.p.Network.Mode.At)
	// struct ifreq of netdevice(7): 16 bytes of name, then the flags.
	req := make([]byte, 40)
	copy(req, "lo")
	binary.NativeEndian.PutUint16(req[16:], unix.IFF_UP|unix.IFF_RUNNING)
	s := b.slot()
	b.call("socket", unix.SYS_SOCKET, s, num(unix.AF_INET, "AF_INET"), num(unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, "SOCK_DGRAM|SOCK_CLOEXEC"), num(0, ""))
	b.call("ioctl", unix.SYS_IOCTL, plan.NoSlot, fd(s), num(unix.SIOCSIFFLAGS, "SIOCSIFFLAGS"), block(&plan.Block{Bytes: req, Show: `{"lo", IFF_UP|IFF_RUNNING}`}))
	b.close(s)
}

// filteredNetwork makes every address one of the jail's network namespace, has all
// connections arrive at the relay's sockets, and hands these to the launcher. Without
// IPv6 in the kernel the network has none.
func (k *compiler) filteredNetwork(b *builder) {
	mode := &k.p.Network.Mode
	if mode.V != "filtered" || k.c.Inside != nil {
		return
	}
	v4, v6 := network.Bytes4(), network.Bytes6()
	has6 := k.h.Files.Kind("/proc/self/net/if_inet6") != host.KindMissing
	b.because("make", "every address local to the jail's network", &mode.At)
	var routes4, routes6 netlink.Batch
	routes4.AddAddress(v4)
	routes4.EverythingLocal(v4)
	b.netlink(unix.NETLINK_ROUTE, "NETLINK_ROUTE", &plan.Block{Bytes: routes4.Bytes(), Show: "{add " + network.Relay4 + ", local 0.0.0.0/0}"})
	if has6 {
		routes6.AddAddress(v6)
		routes6.EverythingLocal(v6)
		b.netlink(unix.NETLINK_ROUTE, "NETLINK_ROUTE", &plan.Block{Bytes: routes6.Bytes(), Show: "{add " + network.Relay6 + ", local ::/0}"})
	}
	b.because("lead all connections to", "the relay", &mode.At)
	b.netlink(unix.NETLINK_NETFILTER, "NETLINK_NETFILTER", &plan.Block{
		Bytes: netlink.ToListener(v4, v6, network.ListenPort),
		Show:  "{table inet jail: TCP but for 127.0.0.0/8 and ::1 to port 1 of the relay}",
	})
	k.relayed(b, 4, v4)
	if has6 {
		k.relayed(b, 6, v6)
	}
}

// handNetwork hands a socket of the jail's network to the launcher, which finds the
// namespace by it: see plan.StepNetwork. Published ports need it.
func (k *compiler) handNetwork(b *builder) {
	ports := k.p.Network.Publish
	if len(ports) == 0 || k.plan.Namespaces&unix.CLONE_NEWNET == 0 {
		return
	}
	b.because("lead into the jail", "the published ports", &ports[0].At)
	s, control := b.relayedSocket(unix.AF_INET, "AF_INET", unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, "SOCK_DGRAM|SOCK_CLOEXEC")
	said := &plan.Block{Bytes: plan.NetworkMessage(), Show: "network"}
	b.sendmsg(plan.SlotStatus, message(said, control, "{network, "+control.Show+"}"))
	b.close(s)
}

// netlink sends messages of netlink(7). The op that receives the answer fails by what the
// answer says; there is one, since the kernel has it ready when sendto returns.
func (b *builder) netlink(protocol uint64, name string, messages *plan.Block) {
	address := &plan.Block{Bytes: packed([]uint16{unix.AF_NETLINK, 0, 0, 0, 0, 0}), Show: "{AF_NETLINK, to the kernel}"}
	answer := &plan.Block{Bytes: make([]byte, netlink.AnswerSize), Show: "answer"}
	s := b.slot()
	b.call("socket", unix.SYS_SOCKET, s, num(unix.AF_NETLINK, "AF_NETLINK"), num(unix.SOCK_RAW|unix.SOCK_CLOEXEC, "SOCK_RAW|SOCK_CLOEXEC"), num(protocol, name))
	b.call("sendto", unix.SYS_SENDTO, plan.NoSlot, fd(s), block(messages), size(messages), num(0, ""), block(address), size(address))
	op := b.call("recvfrom", unix.SYS_RECVFROM, plan.NoSlot, fd(s), block(answer), size(answer), num(unix.MSG_DONTWAIT, "MSG_DONTWAIT"), null(), null())
	op.Answer, op.AnswerAt = answer, netlink.ErrnoAt
	b.close(s)
}

// relayed makes the sockets of one family, in the order of package network: one that
// listens for connections to all addresses, and one for questions about names.
func (k *compiler) relayed(b *builder, version int, relay []byte) {
	family, familyName, level, levelName, option, optionName := uint64(unix.AF_INET), "AF_INET", uint64(unix.SOL_IP), "SOL_IP", uint64(unix.IP_TRANSPARENT), "IP_TRANSPARENT"
	if version == 6 {
		family, familyName, level, levelName, option, optionName = unix.AF_INET6, "AF_INET6", unix.SOL_IPV6, "SOL_IPV6", unix.IPV6_TRANSPARENT, "IPV6_TRANSPARENT"
	}
	one := &plan.Block{Bytes: packed(int32(1)), Show: "{1}"}
	set := func(s plan.Slot, level uint64, levelName string, option uint64, optionName string) {
		b.call("setsockopt", unix.SYS_SETSOCKOPT, plan.NoSlot, fd(s), num(level, levelName), num(option, optionName), block(one), size(one))
	}
	b.because("listen for", "connections to every address", &k.p.Network.Mode.At)
	s, control := b.relayedSocket(family, familyName, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, "SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK")
	set(s, level, levelName, option, optionName)
	b.bind(s, family, relay, network.ListenPort)
	b.call("listen", unix.SYS_LISTEN, plan.NoSlot, fd(s), num(backlog, ""))
	k.handRelayed(b, s, control)

	b.because("listen for", "questions about names", &k.p.Network.Mode.At)
	s, control = b.relayedSocket(family, familyName, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, "SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK")
	if version == 6 {
		set(s, level, levelName, unix.IPV6_V6ONLY, "IPV6_V6ONLY")
	}
	b.bind(s, family, make([]byte, len(relay)), network.NamePort)
	k.handRelayed(b, s, control)
}

// backlog is how many connections may wait for the relay (listen(2)).
const backlog = 512

func (b *builder) relayedSocket(family uint64, familyName string, kind uint64, kindName string) (plan.Slot, *plan.Block) {
	control := &plan.Block{Bytes: passed(^uint64(0)), Show: "{SCM_RIGHTS, [socket]}"}
	s := b.slot()
	op := b.call("socket", unix.SYS_SOCKET, s, num(family, familyName), num(kind, kindName), num(0, ""))
	op.Store, op.StoreAt = control, unix.CmsgLen(0)
	return s, control
}

// bind binds a socket to an address of 4 or 16 bytes: struct sockaddr_in of ip(7), struct
// sockaddr_in6 of ipv6(7).
func (b *builder) bind(s plan.Slot, family uint64, address []byte, port uint16) {
	name := binary.NativeEndian.AppendUint16(nil, uint16(family))
	name = binary.BigEndian.AppendUint16(name, port)
	if len(address) == 16 {
		name = append(name, 0, 0, 0, 0) // flow information
	}
	name = append(name, address...)
	shown := network.Relay4
	switch {
	case address[0] == 0:
		shown = "any address"
	case len(address) == 16:
		shown = network.Relay6
	}
	name = append(name, make([]byte, 8)...) // padding, or the scope and unused bytes
	length := unix.SizeofSockaddrInet4
	if len(address) == 16 {
		length = unix.SizeofSockaddrInet6
	}
	at := &plan.Block{Bytes: name[:length], Show: "{" + shown + "}"}
	b.call("bind", unix.SYS_BIND, plan.NoSlot, fd(s), block(at), size(at))
}

func (k *compiler) handRelayed(b *builder, s plan.Slot, control *plan.Block) {
	relayed := &plan.Block{Bytes: plan.RelayedMessage(k.plan.Relayed), Show: "relayed"}
	b.sendmsg(plan.SlotStatus, message(relayed, control, "{relayed, "+control.Show+"}"))
	b.close(s)
	k.plan.Relayed++
}
