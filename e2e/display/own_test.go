package display

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
)

// session is a world with what the servers of jails are shown on: an X server, and weston
// without a screen as the Wayland compositor. need are programs of the host.
func session(t *testing.T, need ...string) *screen {
	t.Helper()
	testenv.Need(t, append(need, "xwininfo")...)
	s := newScreen(t)
	if slices.Contains(need, "weston") {
		startWeston(s.World)
	}
	return s
}

// startWeston starts a compositor that knows no security contexts, with which the world's
// programs then talk.
func startWeston(w *testenv.World) {
	w.T.Helper()
	dir := filepath.Join(w.Root, "run")
	c := w.Command("weston", "--backend=headless-backend.so", "--use-pixman", "--socket=wayland-5")
	testenv.Must(w.T, c.Start())
	w.T.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	if !testenv.Eventually(func() bool { return testenv.Exists(filepath.Join(dir, "wayland-5")) }) {
		w.T.Fatal("weston has no socket")
	}
	w.Env = append(w.Env, "WAYLAND_DISPLAY=wayland-5")
}

// own are the modes with a server for one jail, and the program of each.
func own() map[string]string {
	return map[string]string{"xvfb": "Xvfb", "xephyr": "Xephyr", "xwayland": "Xwayland"}
}

// Each mode shows real programs a server of their own, which lets in nobody without the
// jail's cookie.
func TestOwnServers(t *testing.T) {
	t.Parallel()
	s := session(t, "weston", "Xephyr", "Xwayland")
	s.window("a-secret-title")
	for mode := range own() {
		for range 2 { // from the cache as well
			if r := s.inJail(mode, "xdpyinfo"); !works(r) || !strings.Contains(r.Stdout, "name of display:    :0") {
				t.Errorf("%s: %s", mode, r.Output())
			}
		}
		const show = `xterm -T made-inside -e "sleep 1000" & n=0; until xwininfo -root -tree | grep made-inside || [ $n = 100 ]; do n=$((n+1)); sleep 0.1; done; xwininfo -root -tree`
		if r := s.inJail(mode, "sh", "-c", show); !strings.Contains(r.Stdout, `"made-inside"`) || strings.Contains(r.Stdout, "a-secret-title") {
			t.Errorf("%s: %s", mode, r.Output())
		}
		for _, file := range []string{"/dev/null", "/nowhere"} {
			if r := s.inJail(mode, "env", "XAUTHORITY="+file, "xdpyinfo"); r.Status == 0 || !strings.Contains(r.Stderr, "unable to open display") {
				t.Errorf("%s without a cookie: %s", mode, r.Output())
			}
		}
	}
	if r := s.Host("xwininfo", "-root", "-tree"); !strings.Contains(r.Stdout, "a-secret-title") {
		t.Errorf("the host's own server: %s", r.Output())
	}
}

// X3: a picture of the host's screen is taken without a jail and with x11: host; a server of
// the jail's own shows its own screen, which has another size.
func TestX3OwnScreen(t *testing.T) {
	t.Parallel()
	s := session(t, "Xephyr")
	size := func(r *testenv.Result) string {
		if len(r.Stdout) < 24 {
			return r.Output()
		}
		word := func(at int) int { // XWDFile.h: big endian; 16: width, 20: height
			b := r.Stdout[at : at+4]
			return int(b[0])<<24 | int(b[1])<<16 | int(b[2])<<8 | int(b[3])
		}
		return fmt.Sprintf("%dx%d", word(16), word(20))
	}
	argv := []string{"xwd", "-silent", "-root"}
	if got := size(s.Host(argv...)); got != "640x480" {
		t.Errorf("without jail: %s", got)
	}
	if got := size(s.inJail("host", argv...)); got != "640x480" {
		t.Errorf("host: %s", got)
	}
	for _, mode := range []string{"xvfb", "xephyr"} {
		if got := size(s.inJail(mode, append([]string{"--set", "display.size=512x384"}, argv...)...)); got != "512x384" {
			t.Errorf("%s: %s", mode, got)
		}
		outside := append(slices.Clone(argv), "-display", fmt.Sprintf(":%d", s.number))
		if r := s.inJail(mode, append([]string{"--read", s.authority()}, outside...)...); works(r) {
			t.Errorf("%s: the host's display is in reach", mode)
		}
	}
}

// The window of Xephyr on the host's server names the profile, or has the title of it.
func TestXephyrTitle(t *testing.T) {
	t.Parallel()
	s := session(t, "Xephyr")
	for title, flags := range map[string][]string{`"jail: cli"`: nil, `"another one"`: {"--set", "display.title=another one"}} {
		j := s.Runs(slices.Concat([]string{"--profile", "cli", "--x11", "xephyr"}, flags, []string{"sleep", "1000"})...)
		if !testenv.Eventually(func() bool { return strings.Contains(s.Host("xwininfo", "-root", "-tree").Stdout, title) }) {
			t.Errorf("%s: %s", title, s.Host("xwininfo", "-root", "-tree").Stdout)
		}
		stop(j)
	}
}

// X8: two jails have two servers, and the cookie of one does not open the other.
func TestX8TwoServers(t *testing.T) {
	t.Parallel()
	s := session(t)
	const file = "/tmp/.X11-unix/.Xauthority"
	one := s.Runs("--profile", "cli", "--x11", "xvfb", "--write", ".", "sleep", "1000")
	other := s.Runs("--profile", "cli", "--x11", "xvfb", "--write", ".", "sleep", "1000")
	cookie := other.Enter("cat", file).Stdout
	if len(cookie) != 44 || cookie == one.Enter("cat", file).Stdout {
		t.Fatalf("cookies are %q", cookie)
	}
	s.Write(filepath.Join(s.Project, "cookie"), cookie)
	if r := other.Enter("env", "XAUTHORITY="+s.Project+"/cookie", "xdpyinfo"); !works(r) {
		t.Errorf("with its own cookie: %s", r.Output())
	}
	if r := one.Enter("env", "XAUTHORITY="+s.Project+"/cookie", "xdpyinfo"); r.Status == 0 {
		t.Error("the cookie of one jail opens the server of another")
	}
	if r := one.Enter("xdpyinfo"); !works(r) {
		t.Errorf("%s", r.Output())
	}
}

// ownServer is the process id of the server of the only jail of the world, 0 for none.
func (s *screen) ownServer(program string) int {
	for _, p := range s.Processes() {
		pid, _, _ := strings.Cut(p, " ")
		if strings.Contains(p, ": /usr/bin/"+program+" ") {
			n, _ := strconv.Atoi(pid)
			return n
		}
	}
	return 0
}

// stop ends a jail by its launcher.
func stop(j *testenv.RunningJail) {
	_ = j.Cmd.Process.Kill()
	_ = j.Cmd.Wait()
}

// X9: the server is confined: it has a filter, no rights, no network, and nothing of the
// user's files.
func TestX9ServerIsConfined(t *testing.T) {
	t.Parallel()
	s := session(t, "weston", "Xephyr", "Xwayland")
	s.Write(filepath.Join(s.Home, "secret"), "x")
	for mode, program := range own() {
		j := s.Runs("--profile", "cli", "--x11", mode, "sleep", "1000")
		pid := 0
		if !testenv.Eventually(func() bool { pid = s.ownServer(program); return pid != 0 }) {
			t.Fatalf("%s: no server in %q", mode, s.Processes())
		}
		proc := fmt.Sprintf("/proc/%d", pid)
		status, err := os.ReadFile(proc + "/status")
		testenv.Must(t, err)
		for _, want := range []string{"NoNewPrivs:\t1\n", "Seccomp:\t2\n", "CapEff:\t0000000000000000\n", "CapBnd:\t0000000000000000\n"} {
			if !strings.Contains(string(status), want) {
				t.Errorf("%s: its status has no %q", mode, want)
			}
		}
		for _, ns := range []string{"net", "mnt", "pid", "ipc", "user"} {
			its, err := os.Readlink(proc + "/ns/" + ns)
			mine, _ := os.Readlink("/proc/self/ns/" + ns)
			jails, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", j.Main, ns))
			if err != nil || its == mine || its == jails {
				t.Errorf("%s: its %s namespace is %s, %v, that of the host %s, of the jail %s", mode, ns, its, err, mine, jails)
			}
		}
		if _, err := os.Stat(proc + "/root" + s.Home); err == nil {
			t.Errorf("%s: the home is there", mode)
		}
		if _, err := os.Stat(proc + "/root/usr/share/X11/xkb"); err != nil {
			t.Errorf("%s: %v", mode, err) // or the line above says nothing
		}
		stop(j)
	}
}

// When the launcher is killed the server and all that it had is gone, and so it is when the
// jail ends.
func TestServerEndsWithItsJail(t *testing.T) {
	t.Parallel()
	s := session(t, "weston", "Xephyr", "Xwayland")
	before := files(t, s)
	none := func() bool {
		return !slices.ContainsFunc(s.Processes(), func(p string) bool { return strings.Contains(p, "-displayfd 4") || strings.Contains(p, "jail-service") })
	}
	for mode, program := range own() {
		c := s.Command(s.JailBin, "--profile", "cli", "--x11", mode, "sleep", "1000")
		testenv.Must(t, c.Start())
		if !testenv.Eventually(func() bool { return s.ownServer(program) != 0 }) {
			t.Fatalf("%s: no server in %q", mode, s.Processes())
		}
		testenv.Must(t, c.Process.Signal(unix.SIGKILL))
		_ = c.Wait()
		if !testenv.Eventually(none) {
			t.Errorf("%s: after SIGKILL there are %q", mode, s.Processes())
		}
		if r := s.inJail(mode, "true"); r.Status != 0 {
			t.Error(r.Output())
		}
		if !testenv.Eventually(none) {
			t.Errorf("%s: after the end there are %q", mode, s.Processes())
		}
	}
	if after := files(t, s); !slices.Equal(before, after) {
		t.Errorf("files before %q, after %q", before, after)
	}
}

// files are those where servers and compositors leave theirs. Servers of other tests have
// numbers from 1000 on.
func files(t *testing.T, s *screen) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"/tmp/.X11-unix/X?", "/tmp/.X11-unix/X??", "/tmp/.X?-lock", "/tmp/.X??-lock", filepath.Join(s.Root, "run", "*")} {
		found, err := filepath.Glob(pattern)
		testenv.Must(t, err)
		all = append(all, found...)
	}
	// The directory of registrations is there from the first jail on.
	return slices.DeleteFunc(all, func(name string) bool { return filepath.Base(name) == "jail" })
}

// When the server ends, the jail has no display, and the user is told.
func TestServerEnds(t *testing.T) {
	t.Parallel()
	s := session(t)
	script := `xdpyinfo >/dev/null && touch there; while xdpyinfo >/dev/null 2>&1; do sleep 0.1; done; DISPLAY=:0 xdpyinfo; echo gone`
	c := s.Command(s.JailBin, "--profile", "cli", "--x11", "xvfb", "--write", ".", "sh", "-c", script)
	done := make(chan *testenv.Result, 1)
	go func() { done <- s.Finish(c) }()
	if !testenv.Eventually(func() bool { return testenv.Exists(s.Project + "/there") }) {
		t.Fatalf("nothing is connected: %s", (<-done).Output())
	}
	testenv.Must(t, unix.Kill(s.ownServer("Xvfb"), unix.SIGKILL))
	if r := <-done; r.Stdout != "gone\n" || !strings.Contains(r.Stderr, "/usr/bin/Xvfb, has ended") {
		t.Errorf("%s", r.Output())
	}
}

// A server that can't start ends the launch; nothing takes its place.
func TestServerThatDoesNotStart(t *testing.T) {
	t.Parallel()
	s := session(t, "Xephyr")
	for display, want := range map[string]string{"": "DISPLAY is not set", fmt.Sprintf(":%d", s.number+500): "there is no X server"} {
		if r := s.other(display).inJail("xephyr", "echo", "it ran"); r.Status == 0 || r.Stdout != "" || !strings.Contains(r.Stderr, want) {
			t.Errorf("DISPLAY=%q: %s", display, r.Output())
		}
	}
	wrong := s.other(fmt.Sprintf(":%d", s.number)) // a cookie that the host's server does not know
	s.Write(filepath.Join(s.Root, "wrong"), string(cookieFile(make([]byte, 16))))
	wrong.Env = append(wrong.Env, "XAUTHORITY="+filepath.Join(s.Root, "wrong"))
	if r := wrong.inJail("xephyr", "sleep", "1000"); r.Status == 0 || !strings.Contains(r.Stderr, "the X server /usr/bin/Xephyr: it has ended at once") {
		t.Errorf("a wrong cookie: %s", r.Output())
	}
}
