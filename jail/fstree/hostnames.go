package fstree

import (
	"slices"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/network"
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
	text := "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n" // the names that Debian has
	if id := &g.p.Identity; g.p.Namespaces.UTS.V && !strings.ContainsAny(id.Hostname.V, " \t\n#") {
		text += "127.0.0.1\t" + id.Hostname.V + "\n"
	}
	switch mode.V {
	case "filtered":
		text += network.Relay4 + "\t" + network.ProxyName + "\n" + network.Relay6 + "\t" + network.ProxyName + "\n"
		g.ownResolver(mode, network.Relay4)
	case "namespace":
		g.namespaceNames(mode)
	case "nat":
		g.ownResolver(mode, network.NatNames4, network.NatNames6)
	}
	g.etcText("/etc/hosts", text, &mode.At, "network.mode: "+mode.V)
}

// namespaceNames has names looked up as on the host, or as ip-netns(8) says for a namespace
// with a name.
func (g *granter) namespaceNames(mode *policy.Value[string]) {
	text := ""
	if name := g.p.Network.Namespace.V; !strings.Contains(name, "/") {
		text = g.h.Files.Text("/etc/netns/" + name + "/resolv.conf")
	}
	if text == "" {
		text = g.h.Files.Text("/etc/resolv.conf")
	}
	g.ownText("/etc/resolv.conf", text, &mode.At, "network.mode: "+mode.V)
}

// ownResolver has names looked up at these addresses, and nowhere else.
func (g *granter) ownResolver(mode *policy.Value[string], addresses ...string) {
	g.ownText("/etc/resolv.conf", resolverText(g.h.Files.Text("/etc/resolv.conf"), addresses), &mode.At, "network.mode: "+mode.V)
	g.ownText("/etc/nsswitch.conf", "hosts: files dns\npasswd: files\ngroup: files\nservices: files\nprotocols: files\n", &mode.At, "network.mode: "+mode.V)
}

// ownText is etcText for a file that the jail needs whether or not the host has it, or has a
// link in its place. Where the directory is shown as a whole, only a file that is there
// can be replaced.
func (g *granter) ownText(name, text string, at *diag.Range, key string) {
	place := g.resolver.Resolve(name)
	shown := slices.ContainsFunc(g.grants, func(gr *Grant) bool {
		return gr.Kind != GrantText && gr.Real != place.Real && host.Within(place.Real, gr.Real)
	})
	if !g.isHosts(name) || place.Kind == host.KindDir || place.Kind == host.KindMissing && shown {
		return
	}
	g.links = append(g.links, place.Links...)
	g.grants = append(g.grants, &Grant{
		Kind: GrantText, Real: place.Real, File: host.KindFile, Written: name, Text: text,
		rank: rank{layer: builtinLayer}, At: at, key: key,
	})
}

// resolverText is a resolv.conf(5) that leads to these addresses. How the program's
// library completes short names stays as on the host.
func resolverText(hosts string, addresses []string) string {
	var text strings.Builder
	for _, address := range addresses {
		text.WriteString("nameserver " + address + "\n")
	}
	for line := range strings.Lines(hosts) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "search", "domain":
			text.WriteString(strings.Join(fields, " ") + "\n")
		case "options":
			for _, option := range fields[1:] {
				if strings.HasPrefix(option, "ndots:") {
					text.WriteString("options " + option + "\n")
				}
			}
		}
	}
	return text.String()
}
