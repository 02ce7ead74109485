package filter

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// TestXdpyinfo compares all that a client learns of a display with what a client without a
// filter does: only extensions are missing.
func TestXdpyinfo(t *testing.T) {
	s := startServer(t)
	f := s.filter(Options{GPU: true})
	outputs := map[string]string{}
	for _, display := range []string{s.display, f.display} {
		out, err := s.run(display, "xdpyinfo")
		if err != nil {
			t.Fatal(err)
		}
		for _, hidden := range []string{"RECORD", "XTEST", "SECURITY", "X-Resource", "XVideo", "XVideo-MotionCompensation", "DRI2", "DPMS", "MIT-SCREEN-SAVER", "XFree86-VidModeExtension", "SELinux", "SGI-GLX", "XFree86-DGA"} {
			if display == f.display && strings.Contains(out, "    "+hidden+"\n") {
				t.Errorf("the jail sees %s", hidden)
			}
			out = strings.Replace(out, "    "+hidden+"\n", "", 1)
		}
		out = strings.Replace(out, display, ":N", 1)
		outputs[display] = regexp.MustCompile(`number of extensions: +\d+`).ReplaceAllString(out, "")
	}
	if outputs[s.display] != outputs[f.display] {
		t.Errorf("directly:\n%s\nthrough the filter:\n%s", outputs[s.display], outputs[f.display])
	}
}

// TestTools runs programs that ask something and end.
func TestTools(t *testing.T) {
	s := startServer(t)
	f := s.filter(Options{GPU: true})
	for _, test := range []struct{ line, want string }{
		{"xwininfo -root", "Width: 1280"},
		{"xset q", "Keyboard Control"},
		{"xset r off", ""},
		{"xset m 9/1", ""},
		{"xinput list", "Virtual core pointer"},
		{"xrandr", "1280x1024"},
		{"xmodmap -pke", "keycode"},
		{"setxkbmap -print", "xkb_keymap"},
		{"xprop -root", ""},
		{"xlsclients", ""},
		{"xhost", "access control enabled"},
		{"xdpyinfo -queryExtensions", "RENDER"},
		{"glxinfo", "direct rendering: Yes"},
		{"xlsfonts", "fixed"},
		{"xrdb -query", ""},
	} {
		t.Run(test.line, func(t *testing.T) {
			s.t = t
			out, err := s.run(f.display, strings.Fields(test.line)...)
			if err != nil || !strings.Contains(out, test.want) {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// TestToolsThatSpy runs the programs with which a user of the display would spy on it.
func TestToolsThatSpy(t *testing.T) {
	s := startServer(t)
	f := s.filter(Options{})
	c := s.victim()
	id := hex(c.window)
	for _, line := range []string{"xwd -silent -root -out /dev/null", "xwd -silent -id " + id + " -out /dev/null", "import -window root /dev/null.png", "xprop -id " + id, "xwininfo -id " + id} {
		t.Run(line, func(t *testing.T) {
			s.t = t
			argv := strings.Fields(strings.Replace(line, "/dev/null.png", filepath.Join(t.TempDir(), "x.png"), 1))
			if out, err := s.run(s.display, argv...); err != nil {
				t.Errorf("without a filter: %v: %s", err, out)
			}
			if out, err := s.run(f.display, argv...); err == nil {
				t.Errorf("through the filter: %s", out)
			}
		})
	}
	for _, test := range []struct{ line, want string }{
		{"xwininfo -root -tree", secret},
		{"xprop -root", "_NET_CLIENT_LIST"},
		{"xdotool getmouselocation", "x:300 y:200"},
		{"xdotool search --name secret", ""},
	} {
		t.Run(test.line, func(t *testing.T) {
			s.t = t
			argv := strings.Fields(test.line)
			if out, err := s.run(s.display, argv...); err != nil || !strings.Contains(out, test.want) {
				t.Errorf("without a filter: %v: %s", err, out)
			}
			if out, err := s.run(f.display, argv...); err == nil && test.want != "" && strings.Contains(out, test.want) || err == nil && test.want == "" {
				t.Errorf("through the filter: %s", out)
			}
		})
	}
	t.Run("key loggers", func(t *testing.T) {
		s.t = t
		for _, line := range []string{"xinput test-xi2 --root", "xinput test 5", "xev -id " + id} {
			for _, display := range []string{s.display, f.display} {
				logged := s.logged(c, display, strings.Fields(line)...)
				if logged != (display == s.display) {
					t.Errorf("%s at %s: logs keys: %v", line, display, logged)
				}
			}
		}
	})
	t.Run("killer", func(t *testing.T) {
		s.t = t
		_, _ = s.run(f.display, "xkill", "-id", id)
		if !c.victim.sync() {
			t.Fatal("the victim is dead")
		}
		_, _ = s.run(s.display, "xkill", "-id", id)
		if c.victim.sync() {
			t.Error("the control fails: the victim lives on without a filter")
		}
	})
	if n := f.Report()["GetImage"]; n == 0 {
		t.Errorf("the report has no pictures: %v", f.Report())
	}
}

func hex(id uint32) string { return fmt.Sprintf("0x%x", id) }

// logged tells whether a program prints something when the user types into the victim. Keys
// are typed until it does, or for a second after it has done what it does at first.
func (s *server) logged(c *scene, display string, argv ...string) bool {
	testenv.Need(s.t, argv[0])
	cmd := s.command(display, argv...)
	var out syncBuffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait()
	}()
	key := regexp.MustCompile(`RawKeyPress|key press|KeyPress event`)
	for range 20 {
		c.victim.key(keyA)
		if time.Sleep(50 * time.Millisecond); key.MatchString(out.String()) {
			return true
		}
	}
	return false
}

// TestPrograms runs programs until they show a window, and looks at the screen of the host for
// it. They have to be alive some time later.
func TestPrograms(t *testing.T) {
	s := startServer(t)
	f := s.filter(Options{GPU: true})
	host := s.client(s.socket)
	for _, line := range []string{"xeyes", "xterm", "xev", "glxgears", "gtk3-demo", "gtk4-demo", "kwrite", "xclock -render -update 1", "xlogo -render"} {
		t.Run(line, func(t *testing.T) {
			s.t = t
			argv := strings.Fields(line)
			testenv.Need(t, argv[0])
			blank := host.image(host.root, 1280, 1024)
			cmd := s.command(f.display, argv...)
			cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR="+t.TempDir(), "HOME="+t.TempDir(), "GSETTINGS_BACKEND=memory", "NO_AT_BRIDGE=1")
			var out syncBuffer
			cmd.Stdout, cmd.Stderr = &out, &out
			testenv.Must(t, cmd.Start())
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			shown := testenv.Eventually(func() bool {
				return differ(blank, host.image(host.root, 1280, 1024)) > 500
			})
			if !shown {
				t.Errorf("it shows nothing: %s", out.String())
			}
			select {
			case err := <-ended:
				t.Fatalf("it has ended: %v: %s", err, out.String())
			case <-time.After(500 * time.Millisecond):
			}
			_ = cmd.Process.Kill()
			<-ended
			s.settle()
		})
	}
	t.Log(f.Report())
}

// differ is in how many bytes two pictures differ.
func differ(a, b []byte) (n int) {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// TestX11perf lets a program send much of some kinds.
func TestX11perf(t *testing.T) {
	testenv.Requires(t, testenv.Slow)
	testenv.Need(t, "x11perf")
	s := startServer(t)
	f := s.filter(Options{})
	for _, test := range []string{"noop", "putimage500", "getimage500", "pointer", "aaftext"} {
		out, err := s.run(f.display, "x11perf", "-repeat", "1", "-time", "1", "-"+test)
		if err != nil || !strings.Contains(out, "/sec") {
			t.Errorf("%s: %v: %s", test, err, out)
		}
	}
}
