package compile

import (
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
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
		if join.Path = k.namedNetwork(name); join.Path == "" {
			k.problem("no-namespace", "there is no network namespace "+diag.Quote(name), &n.Namespace.At,
				"`ip netns list` has those of root; or write a path, such as /proc/PID/ns/net")
			return
		}
	}
	k.plan.Join = join
}

// namedNetwork is the file of a named network namespace, "" for none: one of the caller's,
// as rootless containers have them, or one of root's (ip-netns(8)).
func (k *compiler) namedNetwork(name string) string {
	for _, dir := range [...]string{k.h.Dirs["XDG_RUNTIME_DIR"], "/run"} {
		file := dir + "/netns/" + name
		if dir != "" && k.h.Files.Kind(file) != host.KindMissing {
			return file
		}
	}
	return ""
}

// outsideIDs are the caller's ids in the user namespace in which that of the jail is made.
func (k *compiler) outsideIDs() (uid, gid int) {
	if k.plan.Join.Path != "" {
		return k.h.JoinedUID, k.h.JoinedGID
	}
	return k.h.UID, k.h.GID
}
