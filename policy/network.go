package policy

import (
	"slices"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/network"
	"github.com/jail-project/jail/policy/kind"
)

// askForFilter makes the network a filtered one where an entry of allow comes from a
// later layer than the mode: who lists what is reached wants that, and nothing else.
func askForFilter(n *Network) {
	mode := &n.Mode
	if mode.V != "none" && mode.V != "host" {
		return
	}
	for i := range n.Allow {
		e := &n.Allow[i]
		if e.Layer <= mode.Layer {
			continue
		}
		by := Origin{At: e.At, Layer: e.Layer}
		if !mode.IsDefault() {
			by.Over = append([]diag.Range{mode.At}, mode.Over...)
		}
		*mode = Value[string]{V: "filtered", Set: true, Origin: by}
		return
	}
}

// networkFaults reports what does not go together with the mode of the network. A mode
// that comes from a later layer than a list was meant to end that.
func networkFaults(n *Network) diag.List {
	list := append(namespaceFaults(n), sharedFaults(n)...)
	allow, deny := since(n.Allow, &n.Mode), since(n.Deny, &n.Mode)
	switch n.Mode.V {
	case "none":
		if len(allow) > 0 {
			list = append(list, beside(n, &allow[0], diag.Diagnostic{
				Severity: diag.Warning, Code: "no-effect", Summary: "network.allow has no effect with network: none",
				Remedy: "remove the mode, or write mode: filtered",
			}))
		}
	case "host", "namespace":
		for _, entries := range [...]struct {
			name string
			list []Entry
		}{{"allow", allow}, {"deny", deny}} {
			if len(entries.list) > 0 {
				list = append(list, beside(n, &entries.list[0], diag.Diagnostic{
					Code: "contradiction", Summary: "network." + entries.name + " keeps nothing out of reach with network: " + n.Mode.V + ": only its owner can filter that network",
					Remedy: "write mode: filtered, or mode: nat for addresses alone",
				}))
			}
		}
	case "nat":
		for _, e := range slices.Concat(n.Allow, n.Deny) {
			if d, ok := notInNat(&e); ok {
				list = append(list, beside(n, &e, d))
			}
		}
		list = append(list, notOpened(n)...)
	}
	return list
}

// sharedFaults reports published ports and groups beside a mode that is of no network that
// jail made for this one.
func sharedFaults(n *Network) (list diag.List) {
	if j := &n.Join; j.V != "" && n.Mode.V != "none" && n.Mode.V != "filtered" && j.Layer >= n.Mode.Layer {
		list = append(list, beside(n, &Entry{Origin: j.Origin}, diag.Diagnostic{
			Code: "contradiction", Summary: "network.join takes a network of the jails' own, and the mode is " + n.Mode.V, Remedy: "write mode: none or filtered",
		}))
	}
	d := diag.Diagnostic{
		Code: "contradiction", Summary: "network.publish has nothing to publish with network: host: the program listens at the host's own ports",
		Remedy: "remove it and have the program listen at that port, or write mode: none, filtered or nat",
	}
	switch n.Mode.V {
	case "host":
	case "namespace":
		d.Summary = "network.publish does not reach into a network that others set up, as with network: namespace"
		d.Remedy = "remove it: who sets that network up publishes its ports as well"
	default:
		return list
	}
	if ports := since(n.Publish, &n.Mode); len(ports) > 0 {
		list = append(list, beside(n, &ports[0], d))
	}
	return list
}

// since are the entries that do not come from an earlier layer than the mode.
func since(entries []Entry, mode *Value[string]) []Entry {
	var list []Entry
	for i := range entries {
		if entries[i].Layer >= mode.Layer {
			list = append(list, entries[i])
		}
	}
	return list
}

func beside(n *Network, e *Entry, d diag.Diagnostic) diag.Diagnostic {
	d.Subject, d.Notes = e.At, []diag.Note{{Text: "the mode", At: n.Mode.At}}
	return d
}

// notInNat tells what is wrong with an entry for a network behind the host's, which looks
// at addresses and the numbers of ports, and learns no names.
func notInNat(e *Entry) (diag.Diagnostic, bool) {
	h, _ := kind.ParseHost(e.Text)
	d := diag.Diagnostic{Code: "contradiction", Remedy: "write mode: filtered"}
	switch {
	case h.Name != "":
		d.Summary = "a network with mode: nat is filtered by addresses, and " + diag.Quote(e.Text) + " is a name"
	case h.Service != "":
		d.Summary, d.Remedy = "a network with mode: nat is filtered by the numbers of ports, and "+diag.Quote(h.Service)+" is a name", "write the number"
	default:
		return d, false
	}
	return d, true
}

// notOpened reports entries of allow that open nothing in a network behind the host's: the
// host's loopback, and addresses of IPv6 with one of IPv4 in them, which would have to be
// looked at as well.
func notOpened(n *Network) (list diag.List) {
	for i := range n.Allow {
		e := &n.Allow[i]
		h, _ := kind.ParseHost(e.Text)
		what := ""
		switch {
		case h.Group == kind.HostGroup:
			what = "the host's loopback"
		case h.Net != "" && carries(h.Net):
			what = "an address of IPv4 within one of IPv6"
		default:
			continue
		}
		list = append(list, beside(n, e, diag.Diagnostic{
			Code: "contradiction", Summary: "no network with mode: nat reaches " + what, Remedy: "write mode: filtered",
		}))
	}
	return list
}

// carries tells whether the addresses of a network have others in them.
func carries(net string) bool {
	for _, l := range network.LocalNets() {
		if l.Carries && kind.Within(net, l.Net) {
			return true
		}
	}
	return false
}

// namespaceFaults reports a namespace without the mode that takes it, and the mode without
// one.
func namespaceFaults(n *Network) diag.List {
	given := n.Namespace.Set && n.Namespace.V != ""
	switch {
	case n.Mode.V == "namespace" && !given:
		return diag.List{{
			Code: "missing-key", Summary: "network.mode: namespace takes the namespace", Subject: n.Mode.At,
			Remedy: "write network: {mode: namespace, namespace: NAME}, with a name of `ip netns list` or a path",
		}}
	case n.Mode.V != "namespace" && given && n.Namespace.Layer >= n.Mode.Layer:
		return diag.List{{
			Severity: diag.Warning, Code: "no-effect", Summary: "network.namespace has no effect with network: " + n.Mode.V,
			Subject: n.Namespace.At, Remedy: "write mode: namespace",
		}}
	}
	return nil
}
