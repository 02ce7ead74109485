package display

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// X3, X5: a program outside shows a window; its picture and its title are had without a
// jail and by x11: host, and not by the filter, in a launch from the cache and by entering
// neither.
func TestX3X5OtherWindows(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "xwininfo")
	s := newScreen(t)
	s.window("a-secret-title")
	id := ""
	for line := range strings.Lines(s.Host("xwininfo", "-root", "-tree").Stdout) {
		if strings.Contains(line, "a-secret-title") && id == "" {
			id = strings.Fields(line)[0]
		}
	}
	for _, look := range [][]string{
		{"xwd", "-silent", "-root"},
		{"xwd", "-silent", "-id", id},
		{"xprop", "-id", id, "WM_NAME"},
	} {
		if r := s.Host(look...); !works(r) {
			t.Errorf("%v without jail: %s", look, r.Output())
		}
		for range 2 {
			if r := s.inJail("filtered", look...); works(r) && !strings.Contains(r.Stdout, "not found") {
				t.Errorf("%v in a jail: works: %.200s", look, r.Stdout)
			}
		}
		if r := s.inJail("host", look...); !works(r) {
			t.Errorf("%v with x11: host: %s", look, r.Output())
		}
	}
	tree := []string{"xwininfo", "-root", "-tree"}
	if r := s.inJail("filtered", tree...); strings.Contains(r.Stdout, "secret") || !works(r) {
		t.Errorf("%s", r.Output())
	}
	if r := s.inJail("host", tree...); !strings.Contains(r.Stdout, "a-secret-title") {
		t.Errorf("host: %s", r.Output())
	}
	j := s.Runs("--profile", "cli", "--x11", "filtered", "sleep", "1000")
	if r := j.Enter("xwd", "-silent", "-root"); works(r) {
		t.Error("who enters takes a picture of the screen")
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
