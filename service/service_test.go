package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/jailtest"
	"github.com/jail-project/jail/jail/launch"
)

// launcherVariable makes a copy of this test a launcher that can be killed.
const launcherVariable = "JAIL_TEST_LAUNCHER"

func TestMain(m *testing.M) {
	switch name := Name(os.Args); {
	case name != "":
		os.Exit(serve(name))
	case os.Getenv(launcherVariable) != "":
		os.Exit(m.Run())
	}
	os.Exit(m.Run())
}

// serve is the service of these tests: it answers each message with what comes of it.
func serve(name string) int {
	if name == "loose" {
		return loose()
	}
	passed, err := Serve(func(p Passed) error {
		switch name {
		case "fails":
			return fmt.Errorf("no %s today", p.Setting)
		case "dies":
			os.Exit(3)
		case "hangs-up":
			unix.Close(control)
			select {}
		}
		return nil
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return answer(passed)
}

// loose is a service that does not give up what a starting program may do.
func loose() int {
	var message [64]byte
	if _, err := unix.Read(control, message[:]); err != nil {
		return 1
	}
	if _, err := unix.Write(control, []byte(readyWord)); err != nil {
		return 1
	}
	return answer(Passed{Sockets: []int{control + 1}})
}

func answer(passed Passed) int {
	var message [4096]byte
	for {
		n, err := unix.Read(passed.Sockets[0], message[:])
		if err != nil || n == 0 {
			return 0
		}
		answer := do(string(message[:n]), passed)
		if _, err := unix.Write(passed.Sockets[0], []byte(answer)); err != nil {
			return 1
		}
	}
}

// do obeys a word and an argument, as a service that was taken over might.
func do(message string, passed Passed) string {
	word, argument, _ := strings.Cut(message, " ")
	switch word {
	case "setting":
		return string(passed.Setting)
	case "read":
		text, err := os.ReadFile(argument)
		return outcome(string(text), err)
	case "list":
		entries, err := os.ReadDir(argument)
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return outcome(strings.Join(names, " "), err)
	case "dial":
		c, err := net.DialTimeout("tcp", argument, time.Second)
		if err == nil {
			c.Close()
		}
		return outcome("connected", err)
	case "execute":
		return outcome("executed", exec.Command(argument).Run())
	case "descriptors":
		var open []string
		for fd := range 256 {
			var st unix.Stat_t
			if unix.Fstat(fd, &st) == nil {
				open = append(open, strconv.Itoa(fd))
			}
		}
		return strings.Join(open, " ")
	case "end":
		os.Exit(0)
	case "panic":
		panic(argument)
	}
	return message
}

func outcome(text string, err error) string {
	if err != nil {
		return "failed: " + err.Error()
	}
	return "ok: " + text
}

// peer is the other side of a service's socket.
type peer struct {
	t  *testing.T
	fd int
	s  *Service
}

func start0(t *testing.T, o Options) (*peer, error) {
	t.Helper()
	jailtest.RequireJails(t)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(pair[0]) })
	if o.Host == nil {
		o.Host = jailtest.RealHost(t)
	}
	o.Sockets, o.LandlockOptional = append(o.Sockets, pair[1]), true
	s, err := Start(o)
	_ = unix.Close(pair[1])
	if err != nil {
		return nil, err
	}
	t.Cleanup(s.Close)
	return &peer{t, pair[0], s}, nil
}

func begin(t *testing.T, o Options) *peer {
	t.Helper()
	p, err := start0(t, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// ask sends a message and returns the answer, "" when there is nobody to give one.
func (p *peer) ask(message string) string {
	p.t.Helper()
	if err := unix.Sendto(p.fd, []byte(message), unix.MSG_NOSIGNAL, nil); err != nil {
		return ""
	}
	var answer [4096]byte
	n, err := unix.Read(p.fd, answer[:])
	if err != nil {
		return ""
	}
	return string(answer[:n])
}

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
	own, network := begin(t, Options{Name: "own"}), begin(t, Options{Name: "network", Network: true})
	for _, c := range []struct {
		message string
		works   bool // with the network
	}{
		{"read " + secret, false},
		{"read /etc/passwd", false},
		{"list /", false},
		{"list /proc/" + strconv.Itoa(os.Getpid()) + "/fd", false},
		{"execute /bin/true", false},
		{"dial " + listener.Addr().String(), true},
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
	compiled, problems := compile.Compile(policyOf(&o, []string{"/bin/ls"}), &h, compile.Command{Argv: nil, Filter: filter(false, false)})
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

func TestNotReady(t *testing.T) {
	for name, want := range map[string]string{
		"fails":    `the service fails: it ended before it was ready, and said "no luck today"`,
		"dies":     "the service dies: it ended before it was ready",
		"hangs-up": "the service hangs-up: it ended before it was ready",
	} {
		_, err := start0(t, Options{Name: name, Setting: []byte("luck")})
		if err == nil || err.Error() != want {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
	before := openDescriptors(t)
	for range 3 {
		if _, err := start0(t, Options{Name: "dies"}); err == nil {
			t.Error("it starts")
		}
	}
	if now := openDescriptors(t); now > before+3 { // the peers' ends are closed later
		t.Errorf("%d descriptors are open, were %d", now, before)
	}
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// TestR5ServiceDies: with a service its sockets are gone, and the launcher of the jail
// says so, once.
func TestR5ServiceDies(t *testing.T) {
	p := begin(t, Options{Name: "echo"})
	h := jailtest.RealHost(t)
	policy, _ := jailtest.LoadPolicy(t, jailtest.SystemProfile)
	c, problems := compile.Compile(policy, h, compile.Command{Argv: []string{"/bin/sleep", "1"}, Filter: jailtest.CompileFilter(t, compile.FilterOf(policy))})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	process, failure := launch.Start(c.Plan, nil, launch.Options{})
	if failure != nil {
		t.Fatal(failure.Diagnostic())
	}
	var said []string
	p.s.Follow(process, func(line string) { said = append(said, line) })
	if got := p.ask("hello"); got != "hello" {
		t.Errorf("it answers %q", got)
	}
	if got := p.ask("panic at the disco"); got != "" {
		t.Errorf("after its end it answers %q", got)
	}
	if got := p.ask("hello"); got != "" {
		t.Errorf("something answers in its place: %q", got)
	}
	if status := process.Wait(); status != 0 {
		t.Errorf("the jail ended with %d", status)
	}
	if len(said) != 1 || !strings.Contains(said[0], "the service echo has ended") || !strings.Contains(said[0], "panic: at the disco") || strings.Contains(said[0], "\n") {
		t.Errorf("the launcher says %q", said)
	}
}

// TestR5LauncherKilled: a service ends with its launcher.
func TestR5LauncherKilled(t *testing.T) {
	if os.Getenv(launcherVariable) != "" {
		p := begin(t, Options{Name: "echo"})
		text, _ := json.Marshal(p.s.Pid())
		fmt.Println(string(text))
		time.Sleep(time.Minute)
		return
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestR5LauncherKilled$")
	cmd.Env = append(os.Environ(), launcherVariable+"=1")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if err := json.NewDecoder(out).Decode(&pid); err != nil {
		rest, _ := io.ReadAll(out)
		t.Fatal(err, string(rest))
	}
	if err := unix.Kill(pid, 0); err != nil {
		t.Fatalf("process %d: %v", pid, err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if errors.Is(unix.Kill(pid, 0), syscall.ESRCH) {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the service outlived its launcher")
		}
	}
}

func TestClose(t *testing.T) {
	p := begin(t, Options{Name: "echo"})
	pid := p.s.Pid()
	p.s.Close()
	if err := unix.Kill(pid, 0); !errors.Is(err, unix.ESRCH) {
		t.Errorf("after the end: %v", err)
	}
	if got := p.ask("hello"); got != "" {
		t.Errorf("it answers %q", got)
	}
	p.s.control, p.s.said = -1, -1 // a second Close would close what others have opened
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
	for _, bad := range [][]byte{nil, []byte("#!/bin/sh\n"), self[:20], self[:70], slices.Concat(self[:32], []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, self[40:])} {
		if name, err := loaderOf(bad); err == nil && name != "" {
			t.Errorf("%.10q: %q", bad, name)
		}
	}
}
