package display

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
	"github.com/jail-project/jail/internal/testenv/compositor"
)

// withCompositor is a world with a compositor of the tests.
func withCompositor(t *testing.T, o compositor.Options) (*testenv.World, *compositor.Compositor) {
	t.Helper()
	testenv.Need(t, "wayland-info")
	w := testenv.NewWorld(t)
	dir := filepath.Join(w.Root, "run")
	c, err := compositor.Start(filepath.Join(dir, "wayland-3"), o)
	testenv.Must(t, err)
	t.Cleanup(c.Close)
	w.Env = append(w.Env, "WAYLAND_DISPLAY=wayland-3")
	w.Write(filepath.Join(dir, "sway-ipc.1000.1.sock"), "")
	return w, c
}

const manager = "wp_security_context_manager_v1"

// X12: the compositor shows its manager to a program outside and to one with wayland: host,
// and not to one behind the socket for which it knows of the sandbox.
func TestX12Confined(t *testing.T) {
	t.Parallel()
	w, c := withCompositor(t, compositor.Options{})
	if r := w.Host("wayland-info"); !strings.Contains(r.Stdout, manager) {
		t.Fatalf("outside: %s", r.Output())
	}
	for _, mode := range []string{"strict", "auto", "true"} {
		for range 2 { // from the cache as well
			r := w.Jail("--profile", "cli", "--wayland", mode, "wayland-info")
			if !strings.Contains(r.Stdout, "wl_shm") || strings.Contains(r.Stdout, manager) || strings.Contains(r.Stderr, "warning") {
				t.Errorf("%s: %s", mode, r.Output())
			}
		}
	}
	if r := w.Jail("--profile", "cli", "--wayland", "host", "wayland-info"); !strings.Contains(r.Stdout, manager) || !strings.Contains(r.Stderr, "not told") {
		t.Errorf("host: %s", r.Output())
	}
	for _, s := range c.Sandboxes() {
		if s.Engine != "io.github.jail-project.jail" || s.App != "cli" || s.Instance == "" {
			t.Errorf("it was told %+v", s)
		}
	}
	if n := len(c.Sandboxes()); n != 6 || c.Clients() != 6 {
		t.Errorf("there were %d sandboxes with %d clients", n, c.Clients())
	}
}

// X12: of the host's directory nothing is there but the jail's socket, and of its variables
// nothing that leads to another one.
func TestX12NothingOfTheSession(t *testing.T) {
	t.Parallel()
	w, _ := withCompositor(t, compositor.Options{})
	w.Env = append(w.Env, "WAYLAND_SOCKET=7", "SWAYSOCK="+w.Root+"/run/sway-ipc.1000.1.sock", "I3SOCK=/x")
	keep := []string{"--profile", "cli", "--env", "SWAYSOCK", "--env", "I3SOCK", "--env", "WAYLAND_SOCKET", "--env", "XDG_RUNTIME_DIR", "--write", w.Root + "/run"}
	look := []string{"sh", "-c", `env | grep -E '^(WAYLAND|SWAYSOCK|I3SOCK)' | sort; ls "$XDG_RUNTIME_DIR"`}
	for _, mode := range []string{"strict", "host"} {
		if r := w.Jail(append(append(keep, "--wayland", mode), look...)...); r.Stdout != "WAYLAND_DISPLAY=wayland-0\nwayland-0\n" {
			t.Errorf("%s: %s", mode, r.Output())
		}
	}
	if r := w.Jail(append(keep, look...)...); !strings.Contains(r.Stdout, "SWAYSOCK=") || !strings.Contains(r.Stdout, "sway-ipc") {
		t.Errorf("without a display: %s", r.Output())
	}
}

// strict refuses a compositor that can't be told; auto takes its own socket and says so.
func TestCompositorWithoutContexts(t *testing.T) {
	t.Parallel()
	w, c := withCompositor(t, compositor.Options{NoContexts: true})
	if r := w.Jail("--profile", "cli", "--wayland", "strict", "echo", "it ran"); r.Status == 0 || r.Stdout != "" || !strings.Contains(r.Stderr, "does not know security contexts") {
		t.Errorf("strict: %s", r.Output())
	}
	if r := w.Jail("--profile", "cli", "--wayland", "auto", "wayland-info"); !strings.Contains(r.Stdout, "wl_shm") || !strings.Contains(r.Stderr, "not told") {
		t.Errorf("auto: %s", r.Output())
	}
	c.Close()
	for _, mode := range []string{"auto", "strict", "host"} {
		if r := w.Jail("--profile", "cli", "--wayland", mode, "echo", "it ran"); r.Status == 0 || r.Stdout != "" || !strings.Contains(r.Stderr, "no Wayland compositor can be reached") {
			t.Errorf("%s, and the compositor is gone: %s", mode, r.Output())
		}
	}
}

// A compositor that refuses what it offers ends the launch, with its words.
func TestCompositorRefuses(t *testing.T) {
	t.Parallel()
	w, _ := withCompositor(t, compositor.Options{Refuse: true})
	for _, mode := range []string{"auto", "strict"} {
		if r := w.Jail("--profile", "cli", "--wayland", mode, "sleep", "1000"); r.Status == 0 || !strings.Contains(r.Stderr, "not today") {
			t.Errorf("%s: %s", mode, r.Output())
		}
	}
}

// The compositor takes no more clients at the socket of a jail that has ended, however it
// ended.
func TestCompositorLearnsOfTheEnd(t *testing.T) {
	t.Parallel()
	w, c := withCompositor(t, compositor.Options{})
	for _, signal := range []unix.Signal{unix.SIGTERM, unix.SIGKILL} {
		k := w.Command(w.JailBin, "--profile", "cli", "--wayland", "strict", "sleep", "1000")
		testenv.Must(t, k.Start())
		if !testenv.Eventually(func() bool { return c.Open() == 1 }) {
			t.Fatal("the compositor was not told")
		}
		testenv.Must(t, k.Process.Signal(signal))
		_ = k.Wait()
		if !testenv.Eventually(func() bool { return c.Open() == 0 }) {
			t.Errorf("after %v it still listens", signal)
		}
	}
}

// Real clients work with the socket of a real compositor.
func TestWeston(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "weston", "wayland-info")
	w := testenv.NewWorld(t)
	startWeston(w)
	if r := w.Jail("--profile", "cli", "--wayland", "auto", "wayland-info"); !strings.Contains(r.Stdout, "xdg_wm_base") {
		t.Errorf("%s", r.Output())
	}
	if r := w.Jail("--profile", "cli", "wayland-info"); r.Status == 0 {
		t.Errorf("without: %s", r.Output())
	}
}
