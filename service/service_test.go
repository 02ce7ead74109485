package service

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/jailtest"
)

func TestEcho(t *testing.T) {
	p := begin(t, Options{Name: "echo", Setting: []byte("a setting")})
	for _, message := range []string{"hello", strings.Repeat("x", 4000), "hello again"} {
		if got := p.ask(message); got != message {
			t.Errorf("%q came back as %q", message, got)
		}
	}
	if got := p.ask("setting"); got != "a setting" {
		t.Errorf("the setting is %q", got)
	}
	long := strings.Repeat("a long setting ", 1<<16)
	if got := begin(t, Options{Name: "echo", Setting: []byte(long)}).ask("length"); got != strconv.Itoa(len(long)) {
		t.Errorf("of a long setting of %d bytes, %s arrived", len(long), got)
	}
	if got := p.ask("descriptors"); got != "0 1 2 3 4" {
		t.Errorf("open are the descriptors %s", got)
	}
}

// TestV2ServiceIsConfined has a service try what one that was taken over would, beside
// the same in this process, which is not confined.
func TestV2ServiceIsConfined(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var sockets []string
	abstract := fmt.Sprintf("@jail-test-%d", os.Getpid())
	for _, name := range []string{filepath.Join(t.TempDir(), "server"), filepath.Join(t.TempDir(), "other"), abstract} {
		l, err := net.Listen("unix", name)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		sockets = append(sockets, name)
	}
	own, network := begin(t, Options{Name: "own"}), begin(t, Options{Name: "network", Network: true})
	server := begin(t, Options{Name: "server", Server: sockets[0]})
	for _, c := range []struct {
		message string
		works   bool // with the network
		serves  bool // with that server
	}{
		{"read " + secret, false, false},
		{"read /etc/passwd", false, false},
		{"list /", false, false},
		{"list /proc/" + strconv.Itoa(os.Getpid()) + "/fd", false, false},
		{"execute /bin/true", false, false},
		{"dial " + listener.Addr().String(), true, false},
		{"connect " + sockets[0], false, true},
		{"connect " + sockets[1], false, false},
		{"connect " + sockets[2], false, false},
	} {
		if got := do(c.message, Passed{}); !strings.HasPrefix(got, "ok: ") {
			t.Errorf("outside, %s: %s", c.message, got)
		}
		if got := own.ask(c.message); !strings.HasPrefix(got, "failed: ") {
			t.Errorf("in a service, %s: %q", c.message, got)
		}
		if got := network.ask(c.message); strings.HasPrefix(got, "ok: ") != c.works {
			t.Errorf("in a service with the network, %s: %q", c.message, got)
		}
		if got := server.ask(c.message); strings.HasPrefix(got, "ok: ") != c.serves {
			t.Errorf("in a service with a server, %s: %q", c.message, got)
		}
	}
	status := readStatus(t, own.s.Pid())
	for name, want := range map[string]string{"CapEff": "0000000000000000", "CapBnd": "0000000000000000", "NoNewPrivs": "1", "Seccomp": "2", "NSpid": strconv.Itoa(own.s.Pid()) + "\t2"} {
		if status[name] != want {
			t.Errorf("%s is %q, want %q", name, status[name], want)
		}
	}
	shared := map[string]bool{}
	for _, kind := range []string{"user", "mnt", "pid", "ipc", "uts", "net", "cgroup"} {
		theirs, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", network.s.Pid(), kind))
		if err != nil {
			continue // not to be looked at
		}
		here, _ := os.Readlink("/proc/self/ns/" + kind)
		shared[kind] = here == theirs
	}
	for kind, same := range shared {
		if same != (kind == "net") {
			t.Errorf("the %s namespace is shared: %v", kind, same)
		}
	}
}

// TestV2FilesOfAService: what a service can't read is not there, whatever its filter says,
// and a path that is granted is.
func TestV2FilesOfAService(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, granted := range []bool{false, true} {
		testOnlyGrants = nil
		if granted {
			testOnlyGrants = []string{dir}
		}
		p := begin(t, Options{Name: "loose"})
		testOnlyGrants = nil
		if got := p.ask("read " + secret); got == "ok: text" != granted {
			t.Errorf("granted: %v, read: %s", granted, got)
		}
		// Its own process can be looked at, those outside can't be seen.
		if got := p.ask("list /proc/2/task"); got != "ok: 2" && !strings.HasPrefix(got, "ok: 2 ") {
			t.Errorf("its own threads: %s", got)
		}
		var seen []string
		for name := range strings.FieldsSeq(p.ask("list /proc")) {
			if _, err := strconv.Atoi(name); err == nil {
				seen = append(seen, name)
			}
		}
		if !slices.Equal(seen, []string{"1", "2"}) {
			t.Errorf("it sees the processes %q", seen)
		}
	}
}

// TestViewOfAService looks at the plan.
func TestViewOfAService(t *testing.T) {
	o := Options{Name: "view", Host: jailtest.RealHost(t), LandlockOptional: true}
	h := *o.Host
	h.Cwd = "/"
	compiled, problems := compile.Compile(policyOf(&o, []string{"/bin/ls"}), &h, compile.Command{Argv: nil, Filter: filter(0, false)})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	for _, path := range []string{"/etc/shadow", o.Host.Home, "/usr/lib", "/var", "/sys"} {
		if compiled.View.Visible(path) {
			t.Errorf("%s is visible", path)
		}
	}
}

func readStatus(t *testing.T, pid int) map[string]string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		out[name] = strings.TrimSpace(value)
	}
	return out
}

func TestName(t *testing.T) {
	for _, c := range []struct {
		argv []string
		want string
	}{
		{[]string{"jail-service-relay"}, "relay"},
		{[]string{"/proc/self/fd/jail-service-relay"}, "relay"},
		{[]string{"jail-service-relay", "x"}, ""},
		{[]string{"jail"}, ""},
		{[]string{"jail-service"}, ""},
		{nil, ""},
	} {
		if got := Name(c.argv); got != c.want {
			t.Errorf("%q is the service %q, want %q", c.argv, got, c.want)
		}
	}
}

func TestLoaderOf(t *testing.T) {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := loaderOf(self); err != nil {
		t.Error(err)
	}
	// Something is left out, and with one byte less something is missing; TestEcho runs it.
	needed, err := loaded(self)
	if err != nil || len(needed) >= len(self) || len(needed) < len(self)/4 {
		t.Errorf("%d bytes of %d are needed, %v", len(needed), len(self), err)
	}
	if _, err := loaded(needed[:len(needed)-1]); err == nil {
		t.Error("a part is missing and nobody notices")
	}
	for _, bad := range [][]byte{nil, []byte("#!/bin/sh\n"), self[:20], self[:70], slices.Concat(self[:32], []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, self[40:])} {
		if name, err := loaderOf(bad); err == nil && name != "" {
			t.Errorf("%.10q: %q", bad, name)
		}
	}
}
