package doctor

import (
	"strings"
	"testing"

	"github.com/jail-project/jail/jail/host"
)

func TestParseRelease(t *testing.T) {
	tests := []struct {
		release      string
		major, minor int
		ok           bool
	}{
		{"6.18.44-fc-v669", 6, 18, true},
		{"5.13", 5, 13, true},
		{"5.4.0-150-generic", 5, 4, true},
		{"6.1-rc3", 6, 1, true},
		{"10.0+", 10, 0, true},
		{"", 0, 0, false},
		{"six.one", 0, 0, false},
		{"6", 0, 0, false},
	}
	for _, test := range tests {
		major, minor, ok := parseRelease(test.release)
		if ok != test.ok || ok && (major != test.major || minor != test.minor) {
			t.Errorf("%q gave %d.%d, %t", test.release, major, minor, ok)
		}
	}
}

// programs are the executable files of a test.
type programs struct {
	host.Files
	names string
}

func (p programs) Executable(path string) bool { return strings.Contains(p.names, path+";") }

func TestHelperPrograms(t *testing.T) {
	got := map[string]Finding{}
	for _, f := range helperPrograms(programs{names: "/usr/bin/pasta;/usr/local/bin/Xvfb;./xpra;"}) {
		got[f.Name] = f
	}
	if f := got["pasta"]; f.State != OK || f.Detail != "/usr/bin/pasta" || f.Remedy != "" {
		t.Errorf("pasta: %+v", f)
	}
	if f := got["Xvfb"]; f.State != OK || f.Detail != "/usr/local/bin/Xvfb" {
		t.Errorf("Xvfb: %+v", f)
	}
	for _, name := range []string{"xpra", "Xephyr", "xdg-dbus-proxy"} {
		if f := got[name]; f.State != Missing || f.Needed || f.Remedy == "" {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// TestSysctlsNameTheRemedy: a restriction that this host has must come with
// what to do; one it does not have must not.
func TestSysctlsNameTheRemedy(t *testing.T) {
	for _, uid := range []int{0, 1000} {
		for _, f := range sysctls(uid, "/opt/jail") {
			if (f.State == OK) != (f.Remedy == "") {
				t.Errorf("%+v", f)
			}
		}
	}
	if !strings.Contains(appArmorRemedy("/opt/jail"), "profile jail /opt/jail flags=(unconfined) { userns, }") {
		t.Error("the AppArmor profile is not for the binary that runs")
	}
}
