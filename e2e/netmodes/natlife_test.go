package netmodes

import (
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// TestNatNames: names are looked up by the host's resolver, wherever that is: on the
// host's loopback, in its local network, or far away. The resolver itself is in reach for
// nothing else.
func TestNatNames(t *testing.T) {
	t.Parallel()
	for _, resolver := range []string{"127.0.0.53", "10.255.255.53", "9.9.9.9"} {
		s := newScene(t)
		s.resolver = resolver
		got := s.asks(s.jail(), []string{"a-8-8-4-4.test", "a-10-9-9-9.test", resolver + "@80", "127.0.0.53@53", "10.255.255.53@53"})
		if got["a-8-8-4-4.test"] != "world 8.8.4.4" || got["a-10-9-9-9.test"] != "" || got["127.0.0.53@53"] != "" || got["10.255.255.53@53"] != "" {
			t.Errorf("with the resolver %s it reaches %v", resolver, got)
		}
	}
}

// W17, W18: nothing in the jail changes its network, and what listens there listens for
// the jail alone.
func TestNatIsClosed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	script := `
ip route add 10.0.0.0/8 dev eth0 && echo changed
ip link set eth0 down && echo changed
ls /dev/net 2>/dev/null
python3 -c '
import socket, subprocess, sys
l = socket.create_server(("0.0.0.0", 8099))
print("listens", flush=True)
sys.stdin.read()
'
`
	w := s.command("sh", "-c", `
mkfifo "$HOME/stop"
"$@" <"$HOME/stop" >"$HOME/said" 2>&1 &
exec 9>"$HOME/stop"
until grep -q listens "$HOME/said"; do sleep 0.02; done
python3 "$HOME/testdata/asks" 127.0.0.1@8099 203.0.114.2@8099 198.19.254.2@8099 ::1@8099 127.0.0.1@80
exec 9>&-
wait
cat "$HOME/said"`, "sh", s.JailBin, "run", "--profile", "default", "--network", "nat", "sh", "-c", script)
	out, _ := w.CombinedOutput()
	text := string(out)
	if !strings.Contains(text, "127.0.0.1@80 host") || strings.Count(text, "nothing") != 4 || strings.Contains(text, "changed") || strings.Contains(text, "tun") {
		t.Errorf("it says %s", text)
	}
}

// R4: pasta ends with the jail, also when the launcher is killed; when pasta ends, the
// network has ended, and the jail says so.
func TestNatEnds(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	for name, c := range map[string]struct {
		end  string // a command of the host; $launcher and $pasta are process ids
		said string
	}{
		"the program ends":       {`echo >&8`, ""},
		"the launcher is killed": {`kill -9 $launcher`, ""},
		"pasta is killed":        {`kill -9 $pasta; sleep 0.3; echo >&8`, "the network of the jail"},
	} {
		s := newScene(t)
		w := s.command("bash", "-c", `
mkfifo "$HOME/go"
"$@" <"$HOME/go" >"$HOME/said" 2>&1 &
launcher=$!
exec 8>"$HOME/go"
until grep -q runs "$HOME/said"; do sleep 0.02; done
pasta=$(pidof pasta)
tr '\0' '\n' </proc/$pasta/environ 2>/dev/null | grep -c . | sed 's/^/environment /'
sed -n 's/^\(CapEff\|Uid\|Sid\):/\1/p' /proc/$pasta/status
`+c.end+`
for i in $(seq 20); do sleep 0.1; pidof pasta >/dev/null || break; done
pidof pasta >/dev/null && echo pasta is left
exec 8>&-
wait
cat "$HOME/said"`, "bash", s.JailBin, "run", "--profile", "default", "--network", "nat", "--read", s.Expand("~/testdata"), "sh", "-c",
			"echo runs; read x; python3 "+s.file("asks")+" 8.8.8.8")
		out, err := w.CombinedOutput()
		text := string(out)
		if strings.Contains(text, "pasta is left") || !strings.Contains(text, c.said) || !strings.Contains(text, "runs") {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
		if reached := strings.Contains(text, "8.8.8.8 world"); reached != (name == "the program ends") && name != "the launcher is killed" {
			t.Errorf("%s: it reaches the network: %v\n%s", name, reached, text)
		}
	}
}
