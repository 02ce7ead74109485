package main

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
	got := map[string]finding{}
	for _, f := range helperPrograms(programs{names: "/usr/bin/pasta;/usr/local/bin/Xvfb;./xpra;"}) {
		got[f.Name] = f
	}
	if f := got["pasta"]; f.State != stateOK || f.Detail != "/usr/bin/pasta" || f.Remedy != "" {
		t.Errorf("pasta: %+v", f)
	}
	if f := got["Xvfb"]; f.State != stateOK || f.Detail != "/usr/local/bin/Xvfb" {
		t.Errorf("Xvfb: %+v", f)
	}
	for _, name := range []string{"xpra", "Xephyr", "xdg-dbus-proxy"} {
		if f := got[name]; f.State != stateMissing || f.Needed || f.Remedy == "" {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// TestSysctlsNameTheRemedy: a restriction that this host has must come with
// what to do; one it does not have must not.
func TestSysctlsNameTheRemedy(t *testing.T) {
	for _, uid := range []int{0, 1000} {
		for _, f := range sysctls(uid, "/opt/jail") {
			if (f.State == stateOK) != (f.Remedy == "") {
				t.Errorf("%+v", f)
			}
		}
	}
	if !strings.Contains(appArmorRemedy("/opt/jail"), "profile jail /opt/jail flags=(unconfined) { userns, }") {
		t.Error("the AppArmor profile is not for the binary that runs")
	}
}

func TestConstantsInConditions(t *testing.T) {
	tests := []struct {
		call  string
		arg   uint
		value uint64
		want  string
	}{
		{"socket", 0, 1, "AF_UNIX"},
		{"socket", 0, 17, "AF_PACKET"},
		{"socket", 1, 1, "SOCK_STREAM"},
		{"socket", 1, 5, "SOCK_SEQPACKET"},
		{"socket", 1, 0xf, "0xf"},
		{"socket", 2, 1, "1"},
		{"ioctl", 1, 0x5412, "TIOCSTI"},
		{"ioctl", 0, 0x5412, "0x5412"},
		{"clone", 0, 0x10000000, "CLONE_NEWUSER"},
		{"clone", 0, 0x10020000, "(CLONE_NEWNS|CLONE_NEWUSER)"},
		{"clone", 0, 0, "0"},
		{"openat", 0, 1, "1"},
	}
	for _, test := range tests {
		if got := constant(test.call, test.arg, test.value); got != test.want {
			t.Errorf("argument %d of %s, %#x: %q, want %q", test.arg, test.call, test.value, got, test.want)
		}
	}
}
