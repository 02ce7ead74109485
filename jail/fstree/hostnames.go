package fstree

import (
	"strings"

	"github.com/jail-project/jail/policy"
)

// hostNames lets names be looked up as far as the jail has a network: with the host's, by
// the files that the C library looks into; without one, localhost and the jail's own name
// lead to its loopback interface, where servers and tests of many a program listen. Both
// yield to a profile that grants or hides the files itself.
func (g *granter) hostNames() {
	mode := &g.p.Network.Mode
	if mode.V == "host" {
		if g.hasOwnRoot() {
			return // it has files of its own
		}
		for _, file := range [...]string{"/etc/hosts", "/etc/resolv.conf"} {
			origin := policy.Origin{At: mode.At, Layer: builtinLayer}
			count := len(g.grants)
			g.add(&policy.PathRule{Access: policy.Read, Path: file, Origin: origin}, file, rank{layer: builtinLayer})
			for _, gr := range g.grants[count:] {
				gr.key = "network.mode: host"
			}
		}
		return
	}
	text := "127.0.0.1\tlocalhost\n::1\tlocalhost\n"
	if id := &g.p.Identity; g.p.Namespaces.UTS.V && !strings.ContainsAny(id.Hostname.V, " \t\n#") {
		text += "127.0.0.1\t" + id.Hostname.V + "\n"
	}
	g.etcText("/etc/hosts", text, &mode.At, "network.mode: "+mode.V)
}
