package display

import (
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// Browsers show their windows with the profiles that they are shipped with, and nothing of
// the screen is had by a program with such a profile.
func TestBrowsersShowWindows(t *testing.T) {
	testenv.Requires(t, testenv.Slow)
	t.Parallel()
	s := newScreen(t)
	for browser, title := range map[string]string{"firefox-esr": "Mozilla Firefox", "chromium": "about:blank - Chromium"} {
		testenv.Need(t, browser)
		c := s.Command(s.JailBin, browser, "about:blank")
		testenv.Must(t, c.Start())
		if !testenv.Eventually(func() bool { return strings.Contains(s.Host("xwininfo", "-root", "-tree").Stdout, title) }) {
			t.Errorf("%s shows no window:\n%s", browser, s.Host("xwininfo", "-root", "-tree").Stdout)
		}
		// It is killed, and what it leaves does not keep it from starting again.
		_ = c.Process.Kill()
		_ = c.Wait()
		if !testenv.Eventually(func() bool { return !strings.Contains(s.Host("xwininfo", "-root", "-tree").Stdout, title) }) {
			t.Errorf("the window of %s stays", browser)
		}
		again := s.Command(s.JailBin, browser, "about:blank")
		testenv.Must(t, again.Start())
		if !testenv.Eventually(func() bool { return strings.Contains(s.Host("xwininfo", "-root", "-tree").Stdout, title) }) {
			t.Errorf("%s shows no window when it starts again", browser)
		}
		_ = again.Process.Kill()
		_ = again.Wait()
	}
	s.window("a-secret-title")
	for _, look := range [][]string{{"xwd", "-silent", "-root"}, {"xwininfo", "-root", "-tree"}} {
		if r := s.Jail(append([]string{"--profile", "firefox"}, look...)...); strings.Contains(r.Stdout, "a-secret-title") || look[0] == "xwd" && works(r) {
			t.Errorf("%v: %s", look, r.Output())
		}
	}
}
