package display

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// X3: a program outside shows a window; its picture is had without a jail and by x11: host,
// and not by the filter, in a launch from the cache and by entering neither.
func TestX3Pictures(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "xwininfo")
	s := newScreen(t)
	s.window("a-secret-title")
	for _, look := range [][]string{{"xwd", "-silent", "-root"}, {"xwd", "-silent", "-id", s.idOf("a-secret-title")}} {
		s.looks(look, "")
	}
	j := s.Runs("--profile", "cli", "--x11", "filtered", "sleep", "1000")
	if r := j.Enter("xwd", "-silent", "-root"); works(r) {
		t.Error("who enters takes a picture of the screen")
	}
}

// X5: likewise its title.
func TestX5Titles(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "xwininfo")
	s := newScreen(t)
	s.window("a-secret-title")
	s.looks([]string{"xprop", "-id", s.idOf("a-secret-title"), "WM_NAME"}, "a-secret-title")
	s.looks([]string{"xwininfo", "-root", "-tree"}, "a-secret-title")
}

// looks runs a program without a jail, in one, from the cache too, and with the server as it
// is. It has to get something, which says the text, in the first and the last.
func (s *screen) looks(look []string, text string) {
	s.T.Helper()
	gets := func(r *testenv.Result) bool { return works(r) && strings.Contains(r.Stdout, text) }
	if r := s.Host(look...); !gets(r) {
		s.T.Errorf("%v without jail: %s", look, r.Output())
	}
	for range 2 {
		if r := s.inJail("filtered", look...); gets(r) {
			s.T.Errorf("%v in a jail: %.200s", look, r.Stdout)
		}
	}
	if r := s.inJail("host", look...); !gets(r) {
		s.T.Errorf("%v with x11: host: %s", look, r.Output())
	}
}

// idOf is the id of the window with a title.
func (s *screen) idOf(title string) string {
	s.T.Helper()
	for line := range strings.Lines(s.Host("xwininfo", "-root", "-tree").Stdout) {
		if strings.Contains(line, title) {
			return strings.Fields(line)[0]
		}
	}
	s.T.Fatalf("no window has the title %s", title)
	return ""
}

// X2: keys that are typed outside. The pointer is on no window, so they go to the root.
func TestX2Keys(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "xinput", "xev", "xdotool")
	s := newScreen(t)
	testenv.Must(t, s.Command("xdotool", "mousemove", "630", "470").Run())
	for _, spy := range []string{"exec timeout 4 xinput test-xi2 --root", "exec timeout 4 xev -root -event keyboard"} {
		for _, start := range [][]string{nil, {s.JailBin, "--profile", "cli", "--x11", "host"}, {s.JailBin, "--profile", "cli", "--x11", "filtered"}} {
			got := s.heard(append(start, "sh", "-c", spy), "xdotool", "key", "a")
			if want := len(start) == 0 || start[len(start)-1] == "host"; got != want {
				t.Errorf("%q %s: hears keys: %v", start, spy, got)
			}
		}
	}
}

// heard tells whether a program prints an event of a key while another one is run again
// and again.
func (s *screen) heard(spy []string, act ...string) bool {
	s.T.Helper()
	c := s.Command(spy...)
	done := make(chan *testenv.Result, 1)
	go func() { done <- s.Finish(c) }()
	for {
		select {
		case r := <-done:
			return strings.Contains(r.Stdout, "KeyPress")
		default:
			s.Host(act...)
		}
	}
}

// X7: keys that the program sends reach nobody outside.
func TestX7Input(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "xev", "xdotool")
	s := newScreen(t)
	testenv.Must(t, s.Command("xdotool", "mousemove", "630", "470").Run())
	listener := []string{"sh", "-c", "exec timeout 5 xev -root -event keyboard"}
	key := []string{"xdotool", "key", "a"}
	for _, start := range [][]string{nil, {s.JailBin, "--profile", "cli", "--x11", "host"}, {s.JailBin, "--profile", "cli", "--x11", "filtered"}} {
		got := s.heard(listener, append(start, key...)...)
		if want := len(start) == 0 || start[len(start)-1] == "host"; got != want {
			t.Errorf("%q: its keys arrive: %v", start, got)
		}
	}
}

// X8: two jails see nothing of each other.
func TestX8TwoJails(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	s.window("in-the-other-jail", s.JailBin, "--profile", "cli", "--x11", "filtered")
	if r := s.inJail("filtered", "xwininfo", "-root", "-tree"); !works(r) || strings.Contains(r.Stdout, "in-the-other-jail") {
		t.Errorf("%s", r.Output())
	}
	if r := s.inJail("host", "xwininfo", "-root", "-tree"); !strings.Contains(r.Stdout, "in-the-other-jail") {
		t.Errorf("host: %s", r.Output())
	}
}

// A refusal that is no routine of toolkits is told once, when the jail has ended.
func TestRefusalsAreTold(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	if r := s.inJail("filtered", "sh", "-c", "xwd -silent -root; xwd -silent -root; true"); strings.Count(r.Stderr, "the filter of the display refused: GetImage (2 times)") != 1 {
		t.Errorf("%s", r.Stderr)
	}
	if r := s.inJail("filtered", "xdpyinfo"); strings.Contains(r.Stderr, "refused") {
		t.Errorf("%s", r.Stderr)
	}
}

// X4: the clipboard of others is got only where the profile says so.
func TestX4Clipboard(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "xclip")
	s := newScreen(t)
	s.Stdin = "copied outside"
	owner := s.Command("xclip", "-selection", "clipboard", "-quiet")
	testenv.Must(t, owner.Start())
	t.Cleanup(func() {
		_ = owner.Process.Kill()
		_ = owner.Wait()
	})
	s.Stdin = ""
	paste := []string{"timeout", "10", "xclip", "-selection", "clipboard", "-o"}
	if !testenv.Eventually(func() bool { return s.Host(paste...).Stdout == "copied outside" }) {
		t.Fatal("nothing is copied")
	}
	for mode, want := range map[string]bool{"deny": false, "on-key": false, "allow": true} {
		r := s.inJail("filtered", append([]string{"--set", "display.clipboard.in=" + mode}, paste...)...)
		if got := r.Stdout == "copied outside"; got != want || !want && r.Stdout != "" {
			t.Errorf("%s: %s", mode, r.Output())
		}
	}
}

// X4: what the jail has copied goes to others only where the profile says so. on-key takes a
// key that was pressed in a window of the jail.
func TestX4CopyOut(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "xclip")
	s := newScreen(t)
	paste := []string{"timeout", "5", "xclip", "-selection", "clipboard", "-o"}
	for _, mode := range []string{"deny", "on-key", "allow"} {
		c := s.Command(s.JailBin, "--profile", "cli", "--x11", "filtered", "--write", ".", "--set", "display.clipboard.out="+mode,
			"sh", "-c", "echo from the jail | xclip -selection clipboard -quiet & until xclip -selection clipboard -o; do sleep 0.1; done; touch copied-"+mode+"; sleep 1000")
		testenv.Must(t, c.Start())
		if !testenv.Eventually(func() bool { return testenv.Exists(s.Project + "/copied-" + mode) }) {
			t.Errorf("%s: the jail does not get what it has copied itself", mode)
		}
		if got := s.Host(paste...).Stdout; (got == "from the jail\n") != (mode == "allow") {
			t.Errorf("%s: %q arrives outside", mode, got)
		}
		_ = c.Process.Kill()
		_ = c.Wait()
	}
}

// Titles are marked where the profile says so.
func TestTitles(t *testing.T) {
	t.Parallel()
	s := newScreen(t)
	s.window("plain-title", s.JailBin, "--profile", "cli", "--x11", "filtered")
	s.window("marked-title", s.JailBin, "--profile", "cli", "--x11", "filtered", "--set", "display.titles=true")
	tree := s.Host("xwininfo", "-root", "-tree").Stdout
	if !strings.Contains(tree, `"plain-title"`) || !strings.Contains(tree, fmt.Sprintf("[%s] marked-title", "cli")) {
		t.Errorf("%s", tree)
	}
}
