package compile

import (
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/plan"
)

// joinNetwork finds the network namespace of network.mode: namespace. The launcher opens
// it and judges whether it is one.
func (k *compiler) joinNetwork() {
	n := &k.p.Network
	if n.Mode.V != "namespace" {
		return
	}
	name := n.Namespace.V
	if name == "" {
		k.problem("missing-key", "network.mode: namespace takes the namespace", &n.Mode.At, "")
		return
	}
	join := plan.Join{Path: name, UID: k.h.JoinedUID, GID: k.h.JoinedGID, At: n.Namespace.At}
	if name[0] != '/' {
		if join.Path = k.h.NamedNetwork(name); join.Path == "" {
			k.problem("no-namespace", "there is no network namespace "+diag.Quote(name), &n.Namespace.At,
				"`ip netns list` has those of root; or write a path, such as /proc/PID/ns/net")
			return
		}
	}
	k.plan.Join = join
}

// outsideIDs are the caller's ids in the user namespace in which that of the jail is made.
func (k *compiler) outsideIDs() (uid, gid int) {
	if k.plan.Join.Path != "" {
		return k.h.JoinedUID, k.h.JoinedGID
	}
	return k.h.UID, k.h.GID
}
