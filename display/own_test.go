package display

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/policy"
)

func TestChooseOwn(t *testing.T) {
	for mode, program := range map[string]string{Xvfb: "Xvfb", Xephyr: "Xephyr", Xwayland: "Xwayland"} {
		m := machine(":7")
		m.IsProgram = func(path string) bool { return path == "/usr/local/bin/"+program }
		s, problem := Choose(settings(mode), m)
		if problem != nil || s.Program != "/usr/local/bin/"+program || !s.Own() || !s.Listens() || s.Server != "" || s.Cookie.Name == "" {
			t.Errorf("%s: %+v, %v", mode, s, problem)
		}
		_, pack := ownServer(mode)
		// One in the current directory or elsewhere is none.
		m.IsProgram = func(path string) bool { return path == program || path == "/home/ann/bin/"+program }
		if s, problem := Choose(settings(mode), m); problem == nil || problem.Code != "no-x-server" || !strings.Contains(problem.Remedy, pack) || s.Mode != "" {
			t.Errorf("%s is missing: %+v, %v", mode, s, problem)
		}
	}
}

// Xephyr takes a server of the host; the others take none.
func TestChooseOwnWithoutDisplay(t *testing.T) {
	for mode, want := range map[string]bool{Xvfb: true, Xwayland: true, Xephyr: false} {
		for _, display := range []string{"", "localhost:10", ":6"} {
			m := machine(display)
			m.IsProgram = func(string) bool { return true }
			_, problem := Choose(settings(mode), m)
			if (problem == nil) != want {
				t.Errorf("%s with DISPLAY=%q: %v", mode, display, problem)
			}
			if problem != nil && strings.Contains(problem.Summary, Filtered) {
				t.Errorf("%s: %s", mode, problem.Summary)
			}
		}
	}
}

// No server is started without access control, or listens anywhere but at the socket that it
// is passed.
func TestOwnCommand(t *testing.T) {
	size := &policy.Display{Size: policy.Value[string]{V: "800x600"}, Title: policy.Value[string]{V: "-a title"}}
	for _, mode := range []string{Xvfb, Xephyr, Xwayland} {
		for _, d := range []*policy.Display{{}, size} {
			s := &Screen{Mode: mode, Program: "/usr/bin/X"}
			argv, env := s.Command(d, "firefox")
			line := strings.Join(argv, " ")
			for _, want := range []string{"/usr/bin/X :0 ", "-auth /proc/self/fd/5", "-displayfd 4", "-noreset", "-nolisten tcp", "-nolisten local", "-nolisten unix"} {
				if !strings.Contains(line, want) {
					t.Errorf("%s: no %q in %q", mode, want, line)
				}
			}
			if slices.Contains(argv, "-ac") || strings.Contains(line, "800x600") != (d == size) {
				t.Errorf("%s: %q", mode, line)
			}
			if socket := strings.Contains(line, "-listenfd 3") || slices.Contains(env, "LISTEN_FDS=1"); !socket {
				t.Errorf("%s gets no socket: %q, %q", mode, line, env)
			}
			if mode == Xephyr {
				at := slices.Index(argv, "-title")
				if want := map[bool]string{false: "jail: firefox", true: "-a title"}[d == size]; argv[at+1] != want {
					t.Errorf("the title is %q, not %q", argv[at+1], want)
				}
			}
		}
	}
}

func TestNewCookie(t *testing.T) {
	a, b := NewCookie(), NewCookie()
	if len(a.Data) != 16 || string(a.Data) == string(b.Data) || string(a.Data) == string(Placeholder().Data) || a.Name != CookieName {
		t.Errorf("%+v, %+v", a, b)
	}
}

func TestChooseCompositor(t *testing.T) {
	gone := errors.New("connection refused")
	for _, tc := range []struct {
		mode, display, runtime string
		confines               bool
		err                    error
		socket                 string
		confined               bool
		code                   string
	}{
		{"none", "wayland-1", "/run/user/1", true, nil, "", false, ""},
		{"false", "wayland-1", "/run/user/1", true, nil, "", false, ""},
		{"auto", "wayland-1", "/run/user/1", true, nil, "/run/user/1/wayland-1", true, ""},
		{"true", "wayland-1", "/run/user/1", true, nil, "/run/user/1/wayland-1", true, ""},
		{"auto", "", "/run/user/1", false, nil, "/run/user/1/wayland-0", false, ""},
		{"strict", "/else/w", "/run/user/1", true, nil, "/else/w", true, ""},
		{"strict", "wayland-1", "/run/user/1", false, nil, "", false, "compositor-without-contexts"},
		{"host", "wayland-1", "/run/user/1", true, nil, "/run/user/1/wayland-1", false, ""},
		{"auto", "wayland-1", "/run/user/1", false, gone, "", false, "no-compositor"},
		{"host", "wayland-1", "/run/user/1", false, gone, "", false, "no-compositor"},
		{"auto", "wayland-1", "", true, nil, "", false, "no-compositor"},
		{"auto", "wayland-1", "/" + strings.Repeat("x", 96), true, nil, "/" + strings.Repeat("x", 96) + "/wayland-1", true, ""},
		{"auto", "wayland-1", "/" + strings.Repeat("x", 97), true, nil, "", false, "no-compositor"},
	} {
		d := &policy.Display{Wayland: policy.Value[string]{V: tc.mode}}
		s := &Session{Display: tc.display, Runtime: tc.runtime, Confines: func(path string) (bool, error) { return tc.confines, tc.err }}
		c, problem := ChooseCompositor(d, s)
		code := ""
		if problem != nil {
			code = problem.Code
		}
		if c.Socket != tc.socket || c.Confined != tc.confined || code != tc.code {
			t.Errorf("%+v: %+v, %v", tc, c, problem)
		}
	}
}
