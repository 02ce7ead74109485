package display

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
)

// X1: no way leads to the host's server from a jail without a display: its socket,
// its abstract name, with the host's network as well, with the cookie and without.
func TestX1Routes(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	path, abstract := s.socket(), "@"+s.socket()
	granted := []string{"--read", testenv.BinDir, "--read", "/tmp/.X11-unix", "--read", s.authority()}
	for _, c := range []struct {
		address     string
		narrow, off []string
	}{
		{path, nil, []string{"--set", "sockets=*"}},
		{path, []string{"--network", "host"}, []string{"--network", "host", "--set", "sockets=*"}},
		{abstract, nil, []string{"--network", "host", "--set", "sockets=*", "--set", "landlock=off"}},
		{abstract, []string{"--network", "host"}, []string{"--network", "host", "--set", "sockets=*", "--set", "landlock=off"}},
	} {
		argv := []string{testenv.ProbeBin, "connect", "stream", c.address}
		if r := s.Host(argv...); r.Status != 0 {
			t.Errorf("%s, without jail: %s", c.address, r.Output())
		}
		for _, mode := range []string{"none", "filtered"} {
			flags := slices.Concat([]string{"--x11", mode}, granted, c.narrow, argv)
			if r := s.Jail(flags...); r.Status == 0 {
				t.Errorf("%s, in a jail with x11: %s and %v: connected", c.address, mode, c.narrow)
			}
		}
		if r := s.Jail(slices.Concat(granted, c.off, argv)...); r.Status != 0 {
			t.Errorf("%s, with the guard off: %s", c.address, r.Output())
		}
	}
}

// X1: a server that listens by TCP is out of reach of a jail with a network of its own.
func TestX1RouteByTCP(t *testing.T) {
	t.Parallel()
	s := newScreen(t, "-listen", "tcp")
	argv := []string{"bash", "-c", fmt.Sprintf("exec 3<>/dev/tcp/127.0.0.1/%d", 6000+s.number)}
	if r := s.Host(argv...); r.Status != 0 {
		t.Fatal(r.Output())
	}
	for _, mode := range []string{"none", "filtered"} {
		if r := s.Jail(slices.Concat([]string{"--profile", "cli", "--x11", mode}, argv)...); r.Status == 0 {
			t.Errorf("%s: connected", mode)
		}
	}
	if r := s.Jail(slices.Concat([]string{"--profile", "cli", "--network", "host"}, argv)...); r.Status != 0 {
		t.Errorf("with the host's network: %s", r.Output())
	}
}

// X10: what of the host lets a program into its server is not in the jail.
func TestX10NothingOfTheHost(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	s.Env = append(s.Env, "XAUTHORITY="+s.authority(), "ICEAUTHORITY="+s.Home+"/.ICEauthority", "SESSION_MANAGER=local/box:@/tmp/.ICE-unix/1")
	const look = `env | grep -E '^(DISPLAY|XAUTHORITY|ICEAUTHORITY|SESSION_MANAGER)='; cat ~/.Xauthority $XAUTHORITY; ls -A /tmp/.X11-unix; true`
	flags := []string{"--profile", "cli", "--env", "XAUTHORITY", "--env", "SESSION_MANAGER", "--env", "ICEAUTHORITY", "--env", "DISPLAY"}
	r := s.Jail(append(append(flags, "--x11", "filtered", "sh", "-c"), look)...)
	if r.Stdout != "DISPLAY=:0\nX0\n" {
		t.Errorf("in a jail there is:\n%s", r.Stdout)
	}
	control := s.Jail(append(append(flags, "--read", s.authority(), "sh", "-c"), look)...)
	if !strings.Contains(control.Stdout, string(s.cookie)) || !strings.Contains(control.Stdout, "SESSION_MANAGER=") {
		t.Errorf("without a display, and with the file granted:\n%s", control.Output())
	}
	for _, verb := range [][]string{{"plan", "--x11", "host"}, {"plan", "--x11", "filtered"}, {"show", "--x11", "host"}, {"explain", "--x11", "host"}} {
		argv := slices.Concat(verb, []string{"cli"})
		if verb[0] == "explain" {
			argv = append(argv, "display")
		}
		if out := s.Succeeds(argv...).Output(); strings.Contains(out, string(s.cookie)) || strings.Contains(out, s.secret()) {
			t.Errorf("%v prints the cookie", argv)
		}
	}
}

// Real programs reach the server by the filter.
func TestProgramsShowWindows(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	if r := s.inJail("filtered", "xdpyinfo"); !works(r) || !strings.Contains(r.Stdout, "dimensions:    640x480") {
		t.Errorf("xdpyinfo: %s", r.Output())
	}
	// X programs try the abstract name first, which is one of the host's server here.
	if r := s.inJail("filtered", "--network", "host", "xdpyinfo"); !works(r) {
		t.Errorf("xdpyinfo with the host's network: %s", r.Output())
	}
	if r := s.inJail("none", "xdpyinfo"); r.Status == 0 {
		t.Error("xdpyinfo works without a display")
	}
	s.window("made-in-a-jail", s.JailBin, "--profile", "cli", "--x11", "filtered")
}

// The server and the cookie are those of the moment, for a launch from the cache too.
func TestDisplayOfEachLaunch(t *testing.T) {
	t.Parallel()
	first := newScreen(t)
	second := &screen{World: first.World}
	for range 2 {
		if r := first.inJail("filtered", "xdpyinfo"); !works(r) {
			t.Fatal(r.Output())
		}
	}
	for display, want := range map[string]string{
		"": "DISPLAY is not set", fmt.Sprintf(":%d", first.number+500): "there is no X server", "localhost:10": "by TCP",
	} {
		if r := first.other(display).inJail("filtered", "xdpyinfo"); r.Status == 0 || !strings.Contains(r.Stderr, want) || !strings.Contains(r.Stderr, "--x11 none") {
			t.Errorf("DISPLAY=%q: %s", display, r.Output())
		}
	}
	if r := first.other("").inJail("auto", "true"); r.Status != 0 {
		t.Errorf("auto without a display: %s", r.Output())
	}
	second.start() // with another cookie, in the place of the first one's
	if r := first.other(fmt.Sprintf(":%d", second.number)).inJail("filtered", "xdpyinfo"); !works(r) {
		t.Errorf("the second server: %s", r.Output())
	}
	if r := first.inJail("filtered", "xdpyinfo"); r.Status == 0 {
		t.Error("the first server lets in whoever has the second one's cookie")
	}
}

// An unreadable file of cookies is said, and no jail starts.
func TestCookieThatCantBeRead(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	for name, text := range map[string]string{"nowhere": "", "text": "this is none"} {
		file := filepath.Join(s.Root, name)
		if text != "" {
			s.Write(file, text)
		}
		with := s.other(fmt.Sprintf(":%d", s.number))
		with.Env = append(with.Env, "XAUTHORITY="+file)
		for _, mode := range []string{"filtered", "host", "untrusted"} {
			if r := with.inJail(mode, "echo", "it ran"); r.Status == 0 || !strings.Contains(r.Stderr, "cookie") || r.Stdout != "" {
				t.Errorf("%s, %s: %s", name, mode, r.Output())
			}
		}
	}
}

// Who enters has the display of the jail.
func TestEnterHasTheDisplay(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	j := s.Runs("--profile", "cli", "--x11", "filtered", "sleep", "1000")
	if r := j.Enter("xdpyinfo"); !works(r) || !strings.Contains(r.Stdout, "name of display:    :0") {
		t.Errorf("%s", r.Output())
	}
	if r := j.Enter("env"); strings.Contains(r.Stdout, "XAUTHORITY") || strings.Contains(r.Stdout, fmt.Sprintf("DISPLAY=:%d\n", s.number)) {
		t.Errorf("%s", r.Stdout)
	}
}

// When the filter ends, the jail has no display, and the user is told.
func TestFilterEnds(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	script := `xdpyinfo >/dev/null && touch there; while xdpyinfo >/dev/null 2>&1; do sleep 0.1; done; echo gone`
	c := s.Command(s.JailBin, "--profile", "cli", "--x11", "filtered", "--write", ".", "sh", "-c", script)
	done := make(chan *testenv.Result, 1)
	go func() { done <- s.Finish(c) }()
	if !testenv.Eventually(func() bool { return testenv.Exists(s.Project + "/there") }) {
		t.Fatalf("nothing is connected: %s", (<-done).Output())
	}
	testenv.Must(t, unix.Kill(s.filter(), unix.SIGKILL))
	r := <-done
	if !strings.HasSuffix(r.Stdout, "gone\n") || !strings.Contains(r.Stderr, "the service display has ended") {
		t.Errorf("%s", r.Output())
	}
}

// host gives the server as it is, and says so.
func TestHost(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	for range 2 { // from the cache as well
		r := s.inJail("host", "xdpyinfo")
		if !works(r) || !strings.Contains(r.Stderr, "sees every key") {
			t.Errorf("%s", r.Output())
		}
	}
	if r := s.inJail("filtered", "xdpyinfo"); strings.Contains(r.Stderr, "sees every key") {
		t.Errorf("%s", r.Stderr)
	}
}

// X10: an untrusted display is one that the server itself does not trust, or none.
func TestX10Untrusted(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	for range 2 {
		if r := s.inJail("untrusted", "xdpyinfo"); !works(r) || !strings.Contains(r.Stdout, "number of extensions:    2\n") {
			t.Errorf("%s", r.Output())
		}
	}
	s.window("a-secret")
	if r := s.inJail("untrusted", "xwd", "-root", "-silent"); works(r) {
		t.Error("a picture of the screen was taken")
	}
	if r := s.inJail("host", "xwd", "-root", "-silent"); !works(r) {
		t.Errorf("host: %s", r.Output())
	}
	without := newScreen(t, "-extension", "SECURITY")
	if r := without.inJail("untrusted", "echo", "it ran"); r.Status == 0 || !strings.Contains(r.Stderr, "no extension SECURITY") || r.Stdout != "" {
		t.Errorf("%s", r.Output())
	}
}

// The host's /tmp is not written to, also where the jail has it.
func TestNothingIsLeftInTmp(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	if r := s.inJail("filtered", "--write", "/tmp", "sh", "-c", "ls -A /tmp/.X11-unix; xdpyinfo"); !works(r) || !strings.HasPrefix(r.Stdout, "X0\n") {
		t.Errorf("%s", r.Output())
	}
	if _, err := os.Stat(s.socket()); err != nil {
		t.Errorf("the host's socket: %v", err)
	}
	if c, err := net.Dial("unix", "/tmp/.X11-unix/X0"); err == nil {
		_ = c.Close() // of somebody else, who listens
	} else if errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("what the jail has listened at is on the host: %v", err)
	}
}
