package explain

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/network/rules"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/kind"
)

// isHostGroup tells whether a word is @local or @host, with a port or without.
func isHostGroup(word string) bool {
	group, _, _ := strings.Cut(word, ":")
	return group == kind.LocalGroup || group == kind.HostGroup
}

// isNetwork tells whether a word with a slash is an address range.
func isNetwork(word string) bool {
	_, err := netip.ParsePrefix(word)
	return err == nil
}

// hostName explains whether a host can be reached: by the mode of the network, and
// in a filtered one by the rules, as the relay decides.
func (e *Explainer) hostName(word string, at diag.Range) {
	network := &e.Policy.Network
	if network.Mode.V == "filtered" {
		e.filtered(word, at)
		return
	}
	if network.Mode.V == "nat" {
		e.nat(word, at)
		return
	}
	out := e.answer(word, "host")
	switch network.Mode.V {
	case "none":
		out.Verdict, out.Text = "unreachable", "unreachable: the jail has no network but its own loopback"
	case "host":
		out.Verdict, out.Text = "reachable", "reachable as from the host"
	case "namespace":
		out.Verdict = "depends"
		out.Text = "reachable as far as the network namespace " + output.Text(diag.Quote(network.Namespace.V)) + " leads there, which others set up"
	}
	out.ruled("network.mode: "+network.Mode.V, network.Mode.Origin)
	if len(network.Allow)+len(network.Deny) > 0 {
		out.Notes = append(out.Notes, "network.allow and network.deny count with network.mode: filtered or nat only")
	}
}

// filtered explains whether a filtered network reaches what a word names.
func (e *Explainer) filtered(word string, at diag.Range) {
	set := e.rules()
	if group, port, _ := strings.Cut(word, ":"); group == kind.HostGroup {
		word = strings.TrimSuffix(rules.HostName+":"+port, ":")
	} else if group == kind.LocalGroup || isNetwork(word) {
		out := e.answer(word, "host")
		out.Verdict, out.Text = "depends", "several hosts: ask about one of them"
		e.ruledByMode(out)
		return
	}
	to, p := e.target(word)
	if p != nil {
		e.Problems = append(e.Problems, p.Diagnostic(at))
		return
	}
	out := e.answer(word, "host")
	d := to.decide(set)
	out.Verdict = "unreachable"
	if d.Allowed {
		out.Verdict = "reachable"
	}
	out.Text = output.Text(out.Verdict + ": " + d.Reason)
	if to.port == 0 && d.Allowed {
		out.Text += output.Text(", " + portList(set.Ports(to.name, to.addr)))
	}
	e.ruledBy(out, d.Rule)
	if d.Rule == nil || e.Policy.Network.Mode.V == "nat" && len(e.Policy.Network.Allow) == 0 && d.Allowed {
		e.ruledByMode(out)
	}
	if to.name == "" && to.addr.IsLoopback() {
		out.Notes = append(out.Notes, "in the jail that address is the jail's own; "+rules.HostName+" is the host's loopback")
	}
	if d.Allowed && to.name != "" && to.name != rules.HostName {
		out.Notes = append(out.Notes, "an answer of the name that is a local address counts only where an entry names that address, its network or @local")
	}
}

// nat explains whether a network behind the host's reaches what a word names. It decides
// by addresses, as the rules do.
func (e *Explainer) nat(word string, at diag.Range) {
	to, p := e.target(word)
	group, _, _ := strings.Cut(word, ":")
	out := &Explanation{}
	switch {
	case group == kind.HostGroup || p == nil && (to.name == rules.HostName || to.addr.IsLoopback()):
		out = e.answer(word, "host")
		out.Verdict, out.Text = "unreachable", "unreachable: no network behind the host's leads to the host's loopback"
	case p == nil && to.name != "":
		out = e.answer(word, "host")
		out.Verdict, out.Text = "depends", "reachable where its addresses are: ask about those"
	default:
		e.filtered(word, at)
		return
	}
	e.ruledByMode(out)
}

func (e *Explainer) ruledByMode(out *Explanation) {
	mode := &e.Policy.Network.Mode
	out.ruled("network.mode: "+mode.V, mode.Origin)
}

// target is one host, with a port or without.
type target struct {
	name string     // "" for an address
	addr netip.Addr // not valid for a name
	port uint16     // 0 for none
}

// target reads HOST, HOST:PORT, ADDRESS, or [ADDRESS]:PORT.
func (e *Explainer) target(word string) (t target, p *diag.Problem) {
	host, port := word, ""
	if _, err := rules.ParseAddr(word); err != nil {
		if i := strings.LastIndexByte(word, ':'); i >= 0 && !strings.HasSuffix(word, "]") {
			host, port = word[:i], word[i+1:]
		}
	}
	if bare, ok := strings.CutPrefix(host, "["); ok {
		host = strings.TrimSuffix(bare, "]")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err == nil && n > 0 {
		t.port = uint16(n)
	} else if port != "" || host != word && strings.HasSuffix(word, ":") {
		known := false
		if t.port, known = e.Service(port); !known {
			return t, diag.Invalid("a port", port, "ports are 1 to 65535, or the name of a service of this host")
		}
	}
	var err error
	if t.addr, err = rules.ParseAddr(host); err == nil {
		return t, nil
	}
	if t.name, err = rules.Canonical(host); err != nil {
		return t, &diag.Problem{Code: "invalid-value", Summary: err.Error(), Remedy: "ask about host:port, where host is a name or an address"}
	}
	return t, nil
}

// decide asks the rules. Without a port, a port that is open makes the host reachable.
func (t *target) decide(set *rules.Set) rules.Decision {
	switch open := set.Ports(t.name, t.addr); {
	case t.port != 0:
		return set.Decide(t.name, t.addr, t.port)
	case t.name != "":
		return set.MayAsk(t.name)
	case len(open) > 0:
		d := set.Decide("", t.addr, open[0].First)
		d.Reason = diag.Quote(d.Rule.Text) + " allows " + t.addr.String()
		return d
	}
	d := set.Decide("", t.addr, 1)
	if d.Rule != nil {
		d.Reason = diag.Quote(d.Rule.Text) + " denies " + t.addr.String()
	}
	return d
}

// rules makes the set of the policy, once. What is wrong with an entry for this host
// becomes a problem.
func (e *Explainer) rules() *rules.Set {
	if e.hosts == nil {
		n := &e.Policy.Network
		allow := n.Allow
		if n.Mode.V == "nat" && len(allow) == 0 {
			allow = []policy.Entry{{Text: "*", Origin: n.Mode.Origin}}
		}
		e.hosts = rules.New(e.parsed(allow), e.parsed(n.Deny), e.Own())
	}
	return e.hosts
}

func (e *Explainer) parsed(entries []policy.Entry) []rules.Rule {
	list := make([]rules.Rule, 0, len(entries))
	for i := range entries {
		r, p := rules.Parse(entries[i].Text, entries[i].At.String(), e.Service)
		if p != nil {
			e.Problems = append(e.Problems, p.Diagnostic(entries[i].At))
			continue
		}
		list = append(list, r)
	}
	return list
}

// ruledBy makes the ground of a rule, which is an entry of the policy.
func (e *Explainer) ruledBy(out *Explanation, r *rules.Rule) {
	n := &e.Policy.Network
	for _, list := range [...]struct {
		key     string
		rules   []rules.Rule
		entries []policy.Entry
	}{{"network.allow: ", e.hosts.Allow, n.Allow}, {"network.deny: ", e.hosts.Deny, n.Deny}} {
		for i := range list.rules {
			if r == &list.rules[i] && len(list.rules) == len(list.entries) {
				out.ruled(list.key+list.entries[i].Text, list.entries[i].Origin)
			}
		}
	}
}

// portList names ranges of ports.
func portList(open []rules.Ports) string {
	text := ""
	for _, p := range open {
		if text != "" {
			text += ", "
		}
		text += strconv.Itoa(int(p.First))
		if p.Last > p.First {
			text += "-" + strconv.Itoa(int(p.Last))
		}
	}
	switch {
	case len(open) == 1 && open[0] == rules.Ports{First: 1, Last: 65535}:
		return "on all ports"
	case len(open) == 1 && open[0].First == open[0].Last:
		return "on port " + text
	}
	return "on the ports " + text
}
