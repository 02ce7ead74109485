package display

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/jail-project/jail/policy"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		text string
		want Server
	}{
		{":0", Server{"", 0}},
		{":12.1", Server{"", 12}},
		{"unix:3", Server{"", 3}},
		{"unix/thishost:3", Server{"", 3}},
		{"localhost:10.0", Server{"localhost", 10}},
		{"tcp/host:1", Server{"tcp/host", 1}},
		{"[::1]:2", Server{"[::1]", 2}},
		{"/run/launch/org.xquartz:0", Server{"/run/launch/org.xquartz", 0}},
	} {
		if got, err := Parse(tc.text); err != nil || got != tc.want {
			t.Errorf("%q is %+v, %v, want %+v", tc.text, got, err, tc.want)
		}
	}
	for _, text := range []string{"", "0", ":", ":x", ":-1", ":+1", ":0x1", ":59536", ":99999999999", "host:", ": 1", ":1/../x"} {
		if got, err := Parse(text); err == nil {
			t.Errorf("%q is %+v", text, got)
		}
	}
}

// machine has a server for the display :7 at a path, one for :8 at an abstract name
// alone, and one for :9 at a path at which nobody listens.
func machine(display string) *Machine {
	authority := string(CookieFile(Cookie{CookieName, []byte("0123456789abcdef")}))
	return &Machine{
		Display: display, Authority: "/home/ann/.Xauthority", Hostname: "box",
		IsSocket: func(path string) bool { return path == "/tmp/.X11-unix/X7" || path == "/tmp/.X11-unix/X9" },
		Listens: func(name string) error {
			if name == "/tmp/.X11-unix/X7" || name == "@/tmp/.X11-unix/X8" {
				return nil
			}
			return errors.New("connection refused")
		},
		Content: func(file string) string {
			if file == "/home/ann/.Xauthority" {
				return authority
			}
			return ""
		},
	}
}

func settings(mode string) *policy.Display {
	return &policy.Display{X11: policy.Value[string]{V: mode, Set: true}}
}

func TestChoose(t *testing.T) {
	found := Screen{Server: "/tmp/.X11-unix/X7", Number: 7, Cookie: Cookie{CookieName, []byte("0123456789abcdef")}}
	for mode, want := range map[string]string{"auto": Filtered, "filtered": Filtered, "untrusted": Untrusted, "host": Host} {
		found.Mode = want
		if got, problem := Choose(settings(mode), machine(":7.1")); problem != nil || !reflect.DeepEqual(got, found) {
			t.Errorf("%s: %+v, %v", mode, got, problem)
		}
	}
	for _, tc := range []struct{ mode, display string }{{"none", ":7"}, {"auto", ""}, {"none", "nonsense"}} {
		if got, problem := Choose(settings(tc.mode), machine(tc.display)); problem != nil || !reflect.DeepEqual(got, Screen{}) {
			t.Errorf("%v: %+v, %v", tc, got, problem)
		}
	}
}

// TestChooseRefuses: what is in the way is said, and no other mode takes the place of the
// one that was asked for.
func TestChooseRefuses(t *testing.T) {
	for _, mode := range []string{"filtered", "untrusted", "host"} {
		for display, want := range map[string]string{
			"": "DISPLAY is not set", "x": "names no display", "localhost:10.0": "by TCP", ":6": "there is no X server",
			":8": "abstract socket", ":9": "connection refused",
		} {
			got, problem := Choose(settings(mode), machine(display))
			if problem == nil || !strings.Contains(problem.Summary, want) || !strings.Contains(problem.Remedy, "--x11 none") || got.Mode != "" {
				t.Errorf("%s, %q: %+v, %v", mode, display, got, problem)
			}
		}
	}
}

func TestChooseCookie(t *testing.T) {
	m := machine(":7")
	m.Authority, m.Named = "/nowhere", true
	if _, problem := Choose(settings("filtered"), m); problem == nil || problem.Code != "no-cookie" {
		t.Errorf("a file of XAUTHORITY that can't be read: %v", problem)
	}
	m.Named = false // without one a server may look at who connects
	if s, problem := Choose(settings("filtered"), m); problem != nil || s.Cookie.Name != "" || s.Mode != Filtered {
		t.Errorf("no file: %+v, %v", s, problem)
	}
	m.Content = func(string) string { return "no cookies" }
	if _, problem := Choose(settings("filtered"), m); problem == nil || problem.Code != "no-cookie" {
		t.Errorf("a file of something else: %v", problem)
	}
}

// FindCookie finds what CookieFile has, for any host and display, and nothing in an empty file.
func TestFindCookie(t *testing.T) {
	want := Cookie{CookieName, []byte("x")}
	if got, err := FindCookie(CookieFile(want), "box", 7); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := FindCookie(nil, "box", 7); err != nil || got.Name != "" {
		t.Errorf("in an empty file: %+v, %v", got, err)
	}
}

func setting() *Setting {
	return &Setting{
		Profile: "firefox", Server: "/tmp/.X11-unix/X7", Cookie: Cookie{CookieName, []byte{0, 1, 2}},
		In: "on-key", Out: "deny", Titles: true,
	}
}

func TestSetting(t *testing.T) {
	for _, want := range []*Setting{setting(), {Cookie: Cookie{Data: []byte{}}, GPU: true}} {
		got, ok := DecodeSetting(want.Encode())
		if !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("decoded as %+v, %v, want %+v", got, ok, want)
		}
	}
	whole := setting().Encode()
	for n := range whole {
		if _, ok := DecodeSetting(whole[:n]); ok {
			t.Errorf("the first %d bytes of %d are a setting", n, len(whole))
		}
	}
}

// The graphics processor is handed over only to who has it as a device as well.
func TestSettingGPU(t *testing.T) {
	p := &policy.Policy{Name: "p"}
	if SettingOf(p, &Screen{}).GPU {
		t.Error("without devices")
	}
	p.Devices = []policy.Entry{{Text: "camera"}, {Text: "gpu"}}
	if !SettingOf(p, &Screen{}).GPU {
		t.Error("with devices: [gpu]")
	}
}

// FuzzDecodeSetting: what is decoded is encoded to something with the same meaning.
func FuzzDecodeSetting(f *testing.F) {
	f.Add(setting().Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		s, ok := DecodeSetting(data)
		if !ok {
			return
		}
		if again, ok := DecodeSetting(s.Encode()); !ok || !reflect.DeepEqual(again, s) {
			t.Errorf("%+v is decoded as %+v", s, again)
		}
	})
}
