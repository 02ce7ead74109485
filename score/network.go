package score

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/score/probe"
)

func namespaceChecks() []Check {
	return []Check{
		namespaceCheck("process-numbers", "other processes can be neither seen nor signalled", 20, "pid", unix.CLONE_NEWPID,
			func(n *policy.Namespaces) *policy.Value[bool] { return &n.PID }),
		namespaceCheck("ipc", "shared memory and queues are the jail's own", 10, "ipc", unix.CLONE_NEWIPC,
			func(n *policy.Namespaces) *policy.Value[bool] { return &n.IPC }),
		namespaceCheck("control-groups", "the host's control groups are not shown", 5, "cgroup", unix.CLONE_NEWCGROUP,
			func(n *policy.Namespaces) *policy.Value[bool] { return &n.Cgroup }),
		namespaceCheck("mount-tree", "the file tree is the jail's own", 20, "mnt", unix.CLONE_NEWNS, nil),
		namespaceCheck("users", "users and privileges are the jail's own", 20, "user", unix.CLONE_NEWUSER, nil),
		nestedCheck(),
	}
}

// namespaceCheck makes a check of one namespace. name is that in /proc/self/ns,
// decides the key of the policy, nil for what every jail has.
func namespaceCheck(id, doc string, weight int, name string, flagged uintptr,
	decides func(*policy.Namespaces) *policy.Value[bool],
) Check {
	c := Check{
		ID: id, Doc: doc, Weight: weight, Range: 10,
		assess: func(f *facts) outcome {
			by := byJail("every jail has it")
			if decides != nil {
				by = leaf("namespaces."+name, strconv.FormatBool(f.own(flagged)), decides(&f.Policy.Namespaces).Origin)
			}
			return either(f.own(flagged), 10, "a namespace of its own", "the host's namespace", by)
		},
		ask: func(f *facts, out *Outside) []Question { return askNamespace(name, f.own(flagged), out) },
	}
	if decides != nil {
		c.Fix, c.Cost = "namespaces: {"+name+": true}", "programs that work together with some outside"
	}
	return c
}

// askNamespace compares a namespace with the launcher's.
func askNamespace(name string, own bool, out *Outside) []Question {
	outside, ask := out.Namespaces[name], probe.Question{Kind: probe.Link, Name: "/proc/self/ns/" + name}
	return askWhether("the "+name+" namespace", own, "own", "shared", ask, func(answer string) bool {
		return outside == "" || asIs(answer) != outside
	})
}

func nestedCheck() Check {
	return Check{
		ID: "nested-users", Doc: "no further user namespaces, in which the kernel grants privileges", Weight: 30, Range: 10,
		Fix: "namespaces: {user: false}, without @sandbox in syscalls", Cost: "browsers lose their inner sandbox",
		assess: func(f *facts) outcome {
			calls := f.callsOpen(nested())
			u := &f.Policy.Namespaces.User
			switch {
			case calls.badness > 0 && !f.nestedForbidden:
				return outcome{
					badness: 10, escape: true, detail: "they can be made",
					by: append([]Cause{leaf("namespaces.user", "true", u.Origin)}, calls.by...),
				}
			case calls.badness > 0:
				return outcome{badness: 2, detail: "only their number, which is none, keeps them away", by: calls.by}
			case !f.nestedForbidden:
				return outcome{badness: 2, detail: "only the filter keeps them away", by: []Cause{leaf("namespaces.user", "true", u.Origin)}}
			}
			return outcome{detail: "neither the filter nor their number allows one"}
		},
		ask: func(f *facts, _ *Outside) []Question {
			want := "some"
			if f.nestedForbidden {
				want = "0"
			}
			most := toRead("/proc/sys/user/max_user_namespaces")
			all := askOne("how many user namespaces may be made", want, most, func(answer string) string {
				if n, ok := number(asIs(answer)); ok && n > 0 {
					return "some"
				}
				return asIs(answer)
			})
			return append(all, f.askCalls(nested())...)
		},
	}
}

// Socket families and protocols by number, where package unix has no name.
const (
	familyQIPCRTR = 42
	familySMC     = 43
	protocolMPTCP = 262
)

func networkChecks() []Check {
	network := func(f *facts) Cause {
		m := &f.Policy.Network.Mode
		return leaf("network.mode", m.V, m.Origin)
	}
	families := func(id, doc string, weight int, calls ...syscallOf) Check {
		c := callCheck(id, doc, weight, calls...)
		c.Fix = `syscalls: {default: errno, allow: ["@default"]}`
		return c
	}
	return []Check{
		{
			ID: "network", Doc: "there is no network", Weight: 30, Range: 10,
			Fix: "network: none", Cost: "the program reaches nobody",
			assess: func(f *facts) outcome {
				if f.Policy.Network.Mode.V == "filtered" {
					return f.filtered()
				}
				if mode := f.Policy.Network.Mode.V; mode == "nat" || mode == "namespace" {
					return f.behindOthers()
				}
				return either(f.own(unix.CLONE_NEWNET), 10, "a network of its own with nothing in it", "the host's network", network(f))
			},
			ask: func(f *facts, out *Outside) []Question { return askNamespace("net", f.otherNetwork(), out) },
		},
		{
			ID: "loopback", Doc: "services on the host's loopback are out of reach", Weight: 15, Range: 10,
			Fix: "network: none", Cost: "services of the own machine",
			assess: func(f *facts) outcome {
				if f.Policy.Network.Mode.V == "filtered" {
					return f.hostLoopback()
				}
				if f.Policy.Network.Mode.V == "namespace" {
					return outcome{badness: sharesLoopback, detail: "it has that of the namespace, with all that listens there", by: []Cause{network(f)}}
				}
				return either(f.own(unix.CLONE_NEWNET), 10, "it has a loopback of its own", "the host's loopback", network(f))
			},
			ask: func(f *facts, out *Outside) []Question {
				return askConnect("a port of the host's loopback", probe.Question{Kind: probe.Loopback, Call: out.Port}, !f.otherNetwork())
			},
		},
		{
			ID: "abstract-sockets", Doc: "abstract Unix sockets of the host are out of reach", Weight: 20, Range: 10,
			Fix: `name the sockets in place of sockets: ["*"], or network: none`, Cost: "displays and services that listen there",
			assess: func(f *facts) outcome { return f.abstractSockets(network(f)) },
			ask: func(f *facts, out *Outside) []Question {
				return askConnect("an abstract socket of the host", probe.Question{Kind: probe.Abstract, Name: out.Abstract}, !f.ownAbstract() && !f.Plan.GuardsSockets())
			},
		},
		families("raw-sockets", "no packets made by hand", 10,
			family("AF_PACKET", unix.AF_PACKET, unix.SOCK_RAW, 0), family("SOCK_RAW", unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP),
			family("ping", unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_ICMP), family("SOCK_RAW IPv6", unix.AF_INET6, unix.SOCK_RAW, unix.IPPROTO_ICMPV6)),
		families("netlink", "of the kernel's configuration only routes can be asked", 5,
			family("NETLINK_NETFILTER", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_NETFILTER),
			family("NETLINK_XFRM", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_XFRM),
			family("NETLINK_AUDIT", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_AUDIT)),
		families("rare-families", "no socket families but Unix, IPv4, IPv6 and netlink", 15,
			family("AF_VSOCK", unix.AF_VSOCK, unix.SOCK_STREAM, 0), family("AF_ALG", unix.AF_ALG, unix.SOCK_SEQPACKET, 0),
			family("AF_TIPC", unix.AF_TIPC, unix.SOCK_SEQPACKET, 0), family("AF_KEY", unix.AF_KEY, unix.SOCK_RAW, 2),
			family("AF_CAN", unix.AF_CAN, unix.SOCK_RAW, 1), family("AF_BLUETOOTH", unix.AF_BLUETOOTH, unix.SOCK_SEQPACKET, 0),
			family("AF_RDS", unix.AF_RDS, unix.SOCK_SEQPACKET, 0), family("AF_XDP", unix.AF_XDP, unix.SOCK_RAW, 0),
			family("AF_SMC", familySMC, unix.SOCK_STREAM, 0), family("AF_QIPCRTR", familyQIPCRTR, unix.SOCK_DGRAM, 0),
			family("AF_RXRPC", unix.AF_RXRPC, unix.SOCK_DGRAM, 0)),
		families("rare-protocols", "no protocols but TCP and UDP", 10,
			family("MPTCP", unix.AF_INET, unix.SOCK_STREAM, protocolMPTCP), family("SCTP", unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_SCTP),
			family("DCCP", unix.AF_INET, unix.SOCK_DCCP, unix.IPPROTO_DCCP), family("UDP-Lite", unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_UDPLITE)),
	}
}

// askConnect asks whether something that listens outside can be reached.
func askConnect(subject string, ask probe.Question, reachable bool) []Question {
	if ask.Name == "" && ask.Call == 0 {
		return nil
	}
	return askWhether(subject, reachable, reachConnect, reachNone, ask, func(answer string) bool { return answer == "=" })
}
