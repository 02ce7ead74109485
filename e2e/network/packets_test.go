package network

import (
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// The tests of this file expect that nothing at all arrives outside, so none of them runs
// beside another one.

// everyCall are the flags that leave the network alone to guard itself: the filter of
// syscalls refuses some kinds of sockets, which hides what the network does with them.
func everyCall() []string {
	return []string{"--set", "syscalls.default=allow", "--replace", "syscalls.deny"}
}

// W1: what is not allowed does not leave, whether or not the program asks a proxy: none is
// configured.
func TestW1NoProxyNeeded(t *testing.T) {
	w, s, other := world(t), out.site("w1"), out.site("other")
	for _, v := range w.Env {
		if strings.Contains(strings.ToLower(v), "_proxy=") {
			t.Fatalf("a proxy is configured: %s", v)
		}
	}
	var acts []act
	var rules []string
	for _, port := range []string{"22", "80", "443", "8443", "9", "65535"} {
		acts = append(acts, act("tcp/"+s.v4.String()+"/"+port), act("tcp/"+s.v6.String()+"/"+port))
		rules = append(rules, s.v4.String()+":"+port, "["+s.v6.String()+"]:"+port)
	}
	variants(w, allow(other.name, other.v4.String()), allow(rules...), acts...)
	// With one rule less, all but one arrive.
	arrivals, r := sent(w, jailed(w, rules[1:]), acts...)
	if want := acts[0].arrival(); slices.Contains(arrivals, want) || len(arrivals) != len(acts)-1 {
		t.Errorf("without %s there arrive %q\n%s", rules[0], arrivals, r.Output())
	}
}

// S12, for a filtered network: other ways to begin a connection are judged like connect(2).
func TestS12WaysToConnect(t *testing.T) {
	w, s := world(t), out.site("ways")
	at := "/" + s.v4.String() + "/80"
	variants(w, allow("*:443"), allow(s.v4.String()), act("fastopen"+at))
	variants(w, append(allow("*:443"), everyCall()...), append(allow(s.v4.String()), everyCall()...), act("mptcp"+at))
}

// W14: no other way to look names up leaves. Where it would, they go to servers outside,
// which a packet shows.
func TestW14OtherResolvers(t *testing.T) {
	w := world(t)
	acts := []act{
		"udp/8.8.8.8/53", "udp/2001:4860:4860::8888/53", "tcp/8.8.8.8/53", "tcp/2001:4860:4860::8888/53", // other servers
		act("udp/" + resolver4 + "/53"), act("tcp/" + resolver4 + "/53"), // and the host's
		"tcp/8.8.8.8/853", "udp/8.8.8.8/853", "tcp/1.1.1.1/443", // DoT, DoQ, DoH
		"udp/224.0.0.251/5353", "udp/ff02::fb/5353", "udp/224.0.0.252/5355", "udp/ff02::1:3/5355", "tcp/8.8.8.8/5355", // mDNS, LLMNR
		"udp/203.0.114.255/137", "udp/239.255.255.250/1900", // NBNS, SSDP
	}
	acts = slices.DeleteFunc(acts, func(a act) bool { return a == act("udp/"+resolver4+"/53") }) // see sent
	variants(w, allow("nothing-asks.org", "*:8080"), []string{"--network", "host"}, acts...)
	if r := w.Host(append(jailed(w, []string{"*:8080"}), "ls", "/run/systemd/resolve", "/run/dbus/system_bus_socket", "/run/avahi-daemon")...); r.Status == 0 || r.Status == 125 {
		t.Errorf("sockets of resolvers are in the jail: %s", r.Output())
	}
}

// W15: nothing but TCP leaves, whatever is allowed.
func TestW15NothingButTCP(t *testing.T) {
	w, s := world(t), out.site("w15")
	v4, v6 := s.v4.String(), s.v6.String()
	acts := []act{
		act("udp/" + v4 + "/443"), act("udp/" + v6 + "/443"), act("connected/" + v4 + "/8443"), // QUIC
		act("udp/" + v4 + "/123"), act("udp/" + v4 + "/69"), act("udp/" + v6 + "/500"), // NTP, TFTP, IKE
		"udp/203.0.114.1/67", "udp/203.0.114.255/9", "udp/255.255.255.255/67", "udp/224.0.0.1/9", "udp/ff02::1/9",
	}
	variants(w, allow("*", "@local"), []string{"--network", "host"}, acts...)

	// A socket for echoes is one that the filter of syscalls refuses as well.
	echo := []act{act("icmp/" + v4 + "/0"), act("icmp/" + v6 + "/0"), "icmp/203.0.114.1/0"}
	variants(w, allow("*", "@local"), append([]string{"--network", "host"}, everyCall()...), echo...)
	variants(w, append(allow("*", "@local"), everyCall()...), append([]string{"--network", "host"}, everyCall()...), echo...)
}

// W15: raw packets take capabilities in the jail's own network, which end there.
func TestW15RawPackets(t *testing.T) {
	w, s := world(t), out.site("raw")
	acts := []act{
		act("rawicmp/" + s.v4.String() + "/0"), act("raw/" + s.v4.String() + "/132"), act("raw/" + s.v6.String() + "/89"),
		act("raw/" + s.v4.String() + "/17"), act("raw/" + s.v4.String() + "/6"), "raw/224.0.0.18/112", "frame//0",
	}
	before := jailed(w, []string{"*", "@local"}, slices.Concat([]string{"--keep-cap", "net_raw", "--keep-cap", "net_admin"}, everyCall())...)
	arrivals, r := sent(w, before, acts...)
	if len(arrivals) > 0 {
		t.Errorf("%q arrive outside\n%s", arrivals, r.Output())
	}
	if n := strings.Count(r.Stdout, " sent "); n < len(acts)-1 {
		t.Errorf("with the capabilities only %d of %d are sent; the test is void\n%s", n, len(acts), r.Stdout)
	}
	if arrivals, r = sent(w, jailed(w, []string{"*", "@local"}), acts...); len(arrivals) > 0 || strings.Contains(r.Stdout, "sent") {
		t.Errorf("without capabilities: %q arrive outside\n%s", arrivals, r.Output())
	}
}

// W17: the program can't change its network; and if it could, nothing would leave.
func TestW17NetworkAdministration(t *testing.T) {
	testenv.Need(t, "ip", "nft")
	w, s := world(t), out.site("w17")
	commands := []string{
		"ip link set lo down", "ip link add dum0 type veth peer name dum1", "ip addr add 192.0.2.1/32 dev lo", "ip route flush table local",
		"nft list ruleset", "nft flush ruleset", "ip netns exec x true", "test -w /dev/net/tun", "ls -l /proc/self/fd | grep socket:",
	}
	for _, c := range commands {
		if r := w.Host(append(jailed(w, []string{"*"}), "sh", "-c", c)...); r.Status == 0 || r.Status == 125 {
			t.Errorf("%s works in the jail: %s", c, r.Output())
		}
	}
	// The commands are right: with the capability those for the network work.
	free := strings.Join(commands[1:6], " && ") + " && ip link set dum0 up; ip route add default dev dum0"
	argv := append(jailed(w, []string{"*"}, slices.Concat([]string{"--keep-cap", "net_admin", "--keep-cap", "net_raw"}, everyCall())...), "sh", "-ec", free+`; exec "$@"`, "sh")
	acts := []act{act("tcp/" + s.v4.String() + "/80"), act("udp/" + s.v4.String() + "/80"), "udp/8.8.8.8/53"}
	arrivals, r := sent(w, argv, acts...)
	if len(arrivals) > 0 {
		t.Errorf("%q arrive outside\n%s", arrivals, r.Output())
	}
	if !strings.Contains(r.Stdout, "tcp/") {
		t.Errorf("with the capability the commands fail\n%s", r.Output())
	}
}
