package network

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// act is one thing that testdata/send.py does: KIND/HOST/PORT, or sleep//MILLISECONDS.
type act string

// arrival is how the counter calls what an act sends, when its host is an address.
func (a act) arrival() string {
	part := strings.Split(string(a), "/")
	kind, host, port := part[0], part[1], part[2]
	switch kind {
	case "tcp", "mptcp", "fastopen":
		return "tcp " + net.JoinHostPort(host, port)
	case "udp", "connected":
		return "udp " + net.JoinHostPort(host, port)
	case "icmp", "rawicmp":
		return "icmp " + host
	}
	return "protocol " + port + " " + host
}

// send is the command for acts.
func send(t *testing.T, acts ...act) []string {
	t.Helper()
	testenv.Need(t, "python3")
	argv := []string{"python3", helper(t, "send.py")}
	for _, a := range acts {
		argv = append(argv, string(a))
	}
	return argv
}

// sent runs acts, and returns the names of what arrived outside meanwhile, but for
// questions of the host to its name servers.
func sent(w *testenv.World, before []string, acts ...act) (arrivals []string, r *testenv.Result) {
	w.T.Helper()
	counts := out.packets.during(w.T, func() { r = w.Host(append(slices.Clone(before), send(w.T, acts...)...)...) })
	for _, name := range sorted(counts) {
		if name != "udp "+resolver4+":53" && name != "udp ["+resolver6+"]:53" {
			arrivals = append(arrivals, name)
		}
	}
	if r.Status != 0 {
		w.T.Errorf("the acts end with status %d\n%s", r.Status, r.Output())
	}
	return arrivals, r
}

// variants runs acts without a jail, in a jail with some flags, and in one with others.
// Each arrives outside from the first and the last. From the second nothing arrives at
// all, so no other test may run beside this one.
func variants(w *testenv.World, narrow, wide []string, acts ...act) {
	w.T.Helper()
	jail := []string{w.JailBin, "run", "--profile", "default", "--read", out.dir}
	for _, a := range []struct {
		name    string
		before  []string
		arrives bool
	}{
		{"without a jail", nil, true},
		{"in the jail", slices.Concat(jail, narrow), false},
		{"with the guard off", slices.Concat(jail, wide), true},
	} {
		arrivals, r := sent(w, a.before, acts...)
		if !a.arrives && len(arrivals) > 0 {
			w.T.Errorf("%s: %q arrive outside\n%s", a.name, arrivals, r.Output())
		}
		for _, one := range acts {
			if a.arrives && !slices.Contains(arrivals, one.arrival()) {
				w.T.Errorf("%s: %s does not arrive outside, but %q\n%s", a.name, one, arrivals, r.Output())
			}
		}
	}
}

// allow are the flags that allow hosts.
func allow(hosts ...string) []string {
	flags := []string{"--network", "filtered"}
	for _, host := range hosts {
		flags = append(flags, "--allow", host)
	}
	return flags
}
