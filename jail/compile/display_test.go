package compile

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/display"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/jailtest"
	"github.com/jail-project/jail/jail/plan"
)

const testCookie = "the-secret-cookie"

// withDisplay is a host with an X server for the display :3.
func withDisplay() *host.Host {
	h := jailtest.Desktop()
	files := h.Files.(jailtest.Files)
	files["/tmp/.X11-unix/X3"], files["/usr/bin/Xvfb"] = "=", "x"
	h.Files = ownedFiles{
		Files: files, owners: map[string]host.Owner{}, acls: map[string][]byte{},
		texts: map[string]string{"/home/ann/.Xauthority": string(display.CookieFile(display.Cookie{Name: display.CookieName, Data: []byte(testCookie)}))},
	}
	h.Env = append(h.Env, "DISPLAY=:3.0", "XAUTHORITY=/home/ann/.Xauthority", "ICEAUTHORITY=/x", "SESSION_MANAGER=local/box:/tmp/.ICE-unix/1")
	return h
}

// What the host's variables say of displays and sessions stays outside, whatever the
// profile keeps or sets; without a display its words hold.
func TestDisplayVariables(t *testing.T) {
	const keeps = "filesystem: {read: [/usr]}\nenvironment: {keep: [\"*\"], set: {DISPLAY: \":5\"}}\n"
	about := func(env []string) []string {
		var got []string
		for _, e := range env {
			if name, _, _ := strings.Cut(e, "="); slices.Contains([]string{"DISPLAY", "XAUTHORITY", "ICEAUTHORITY", "SESSION_MANAGER"}, name) {
				got = append(got, e)
			}
		}
		return got
	}
	for mode, want := range map[string][]string{
		"none":     {"XAUTHORITY=/home/ann/.Xauthority", "ICEAUTHORITY=/x", "SESSION_MANAGER=local/box:/tmp/.ICE-unix/1", "DISPLAY=:5"},
		"filtered": {"DISPLAY=:0"},
		"auto":     {"DISPLAY=:0"},
		"host":     {"DISPLAY=:3", "XAUTHORITY=/tmp/.X11-unix/.Xauthority"},
		"xvfb":     {"DISPLAY=:0", "XAUTHORITY=/tmp/.X11-unix/.Xauthority"},
	} {
		c, problems := compileFor(t, keeps+"display: {x11: "+mode+"}\n", withDisplay(), "true")
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		if got := about(c.Plan.Env); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", mode, got, want)
		}
		entered := c.Entry(nil).Join(&Join{Env: withDisplay().Env, Argv: []string{"true"}})
		if got := about(entered.Env); !slices.Equal(got, want) {
			t.Errorf("%s, who enters: %q, want %q", mode, got, want)
		}
	}
}

// The cookie of the host is nowhere in the plan of a filtered display, and in that of one
// that is shared it is not in what is printed.
func TestDisplayCookieInPlan(t *testing.T) {
	for mode, inside := range map[string]bool{"filtered": false, "host": true} {
		c, problems := compileFor(t, "filesystem: {read: [/usr]}\ndisplay: {x11: "+mode+"}\n", withDisplay(), "true")
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		if string(c.View.Screen.Cookie.Data) != testCookie {
			t.Errorf("%s: the cookie is %q", mode, c.View.Screen.Cookie.Data)
		}
		if has := slices.ContainsFunc(c.Plan.Setup, carries); has != inside {
			t.Errorf("%s: the plan has the cookie: %v", mode, has)
		}
		if text := planText(c); strings.Contains(text, testCookie) {
			t.Errorf("%s: the cookie is printed:\n%s", mode, text)
		}
	}
}

// carries tells whether an op hands the cookie to the kernel.
func carries(o plan.Op) bool {
	return slices.ContainsFunc(o.Args, func(a plan.Arg) bool {
		return strings.Contains(a.Text, testCookie) || a.Block != nil && bytes.Contains(a.Block.Bytes, []byte(testCookie))
	})
}

// A display that can't be had is an error at its line.
func TestDisplayRefused(t *testing.T) {
	h := withDisplay()
	h.Env = slices.DeleteFunc(h.Env, func(e string) bool { return strings.HasPrefix(e, "DISPLAY=") })
	c, problems := compileFor(t, "filesystem: {read: [/usr]}\ndisplay:\n  x11: filtered\n", h, "true")
	if c.Plan != nil || !slices.Equal(codes(problems), []string{"no-display"}) || problems[0].Subject.Start.Line != 3 {
		t.Errorf("%+v", problems)
	}
	if c, problems := compileFor(t, "filesystem: {read: [/usr]}\ndisplay:\n  x11: auto\n", h, "true"); problems.HasErrors() || c.Plan.Relayed != 0 {
		t.Errorf("auto: %v", problems)
	}
}

// The socket of the jail's display takes no other's place.
func TestDisplayAndSocket(t *testing.T) {
	const profile = "filesystem: {read: [/usr]}\nsockets: [/tmp/.X11-unix/X0]\ndisplay: {x11: "
	h := withDisplay()
	h.Files.(ownedFiles).Files["/tmp/.X11-unix/X0"] = "="
	if c, problems := compileFor(t, profile+"filtered}\n", h, "true"); c.Plan != nil || !slices.Equal(codes(problems), []string{"display-and-socket"}) || problems[0].Subject.Start.Line != 2 {
		t.Errorf("%+v", problems)
	}
	if _, problems := compileFor(t, profile+"none}\n", h, "true"); problems.HasErrors() {
		t.Errorf("without a display: %v", problems)
	}
}

// With a compositor the variables of the session are those of the jail, and the sockets that
// the child makes are handed over, that of X11 first.
func TestWaylandInPlan(t *testing.T) {
	const keeps = "filesystem: {read: [/usr]}\nenvironment: {keep: [\"*\"], set: {WAYLAND_DISPLAY: other}}\n"
	h := withDisplay()
	h.Dirs["XDG_RUNTIME_DIR"] = "/run/user/1000"
	h.Files.(ownedFiles).Files["/run/user/1000/wayland-1"] = "="
	h.Env = append(h.Env, "WAYLAND_DISPLAY=wayland-1", "WAYLAND_SOCKET=5", "SWAYSOCK=/run/user/1000/sway", "XDG_RUNTIME_DIR=/run/user/1000")
	contexts := true
	h.Confines = func(string) (bool, error) { return contexts, nil }
	for _, tc := range []struct {
		section  string
		contexts bool
		relayed  int
	}{
		{"wayland: strict", true, 1},
		{"wayland: strict, x11: filtered", true, 2},
		{"wayland: auto", false, 0},
		{"wayland: host, x11: xvfb", true, 1},
	} {
		contexts = tc.contexts
		c, problems := compileFor(t, keeps+"display: {"+tc.section+"}\n", h, "true")
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		var got []string
		for _, e := range c.Plan.Env {
			if strings.HasPrefix(e, "WAYLAND") || strings.HasPrefix(e, "SWAY") || strings.HasPrefix(e, "XDG_RUNTIME") {
				got = append(got, e)
			}
		}
		if want := []string{"XDG_RUNTIME_DIR=/run/user/1000", "WAYLAND_DISPLAY=wayland-0"}; !slices.Equal(got, want) || c.Plan.Relayed != tc.relayed {
			t.Errorf("%s: %q with %d sockets, want %q with %d", tc.section, got, c.Plan.Relayed, want, tc.relayed)
		}
		text := planText(c)
		if listens := strings.Contains(text, `{/run/user/1000/wayland-0}`); listens != strings.Contains(tc.section, "strict") {
			t.Errorf("%s: the child listens for Wayland: %v", tc.section, listens)
		}
	}
}
