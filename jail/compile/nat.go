package compile

import (
	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/network/nat"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/kind"
)

// A network behind the host's (network.mode: nat) is connected by pasta(1), which runs
// beside the jail and makes the jail's connections as a program of the host. What is
// local is kept out of reach by rules of nftables in the jail's network namespace, which
// nothing in the jail has the capability to change.

// natNetwork sets the rules, and then has the launcher start pasta: no packet leaves before they
// are there.
func (k *compiler) natNetwork(b *builder) {
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
	rules, ok := k.natRules()
	if !ok {
		return
	}
	b.because("keep out of reach of the jail's network", "what is local", &mode.At)
	for _, batch := range rules {
		b.netlink(unix.NETLINK_NETFILTER, "NETLINK_NETFILTER", &plan.Block{Bytes: batch, Show: "{table inet jail: what may leave}"})
	}
	b.because("ask for", "the network behind the host's", &mode.At)
	k.plan.Attach = plan.Attach{Program: program, Args: nat.Arguments(k.h.Files.Kind("/proc/self/net/if_inet6") != host.KindMissing, k.h.RunAs > 0), At: mode.At}
	ask := &plan.Block{Bytes: plan.AttachMessage(), Show: "attach"}
	b.call("write", unix.SYS_WRITE, plan.NoSlot, fd(plan.SlotStatus), block(ask), size(ask))
}

// natRules are the rules for the entries of the policy. Package policy has refused those
// that no such rule can decide about; one that is left ends the launch.
func (k *compiler) natRules() (batches [][]byte, ok bool) {
	var own []nat.Net
	if k.h.Addresses != nil {
		addresses, err := k.h.Addresses()
		if err != nil {
			k.problem("no-addresses", err.Error(), &k.p.Network.Mode.At, "")
			return nil, false
		}
		for _, a := range addresses {
			own = append(own, nat.Net{Address: a.Bytes, Bits: a.Bits})
		}
	}
	var hosts [2][]kind.Host
	for list, entries := range [...][]policy.Entry{k.p.Network.Allow, k.p.Network.Deny} {
		for i := range entries {
			h, p := kind.ParseHost(entries[i].Text)
			if p != nil || h.Name != "" || h.Service != "" {
				k.problem("not-in-nat", diag.Quote(entries[i].Text)+" can't be decided about in a network behind the host's", &entries[i].At, "write mode: filtered")
				return nil, false
			}
			hosts[list] = append(hosts[list], h)
		}
	}
	return nat.Rules(hosts[0], hosts[1], own), true
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
