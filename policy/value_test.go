package policy

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func lookup(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := values[name]
		return v, ok
	}
}

func TestExpand(t *testing.T) {
	values := lookup(map[string]string{
		"HOME": "/home/a*b[c]", "USER": "${HOME}", "CWD": `/w\x`, "UID": "12", "XDG_DATA_HOME": "/d",
	})
	tests := []struct {
		in, want string
		glob     bool
		plain    string // Unescape of the result, where it is no pattern
	}{
		{"/usr/lib", "/usr/lib", false, "/usr/lib"},
		{"~", `/home/a\*b\[c\]`, false, "/home/a*b[c]"},
		{"~/x", `/home/a\*b\[c\]/x`, false, "/home/a*b[c]/x"},
		{"/a/~", "/a/~", false, "/a/~"},
		{"${HOME}/*.txt", `/home/a\*b\[c\]/*.txt`, true, ""},
		{"/x/${USER}", `/x/\${HOME}`, false, "/x/${HOME}"},
		{"${CWD}/y", `/w\\x/y`, false, `/w\x/y`},
		{"/run/user/${UID}/x${UID}y", "/run/user/12/x12y", false, "/run/user/12/x12y"},
		{`/a\*b\${HOME}`, `/a\*b\${HOME}`, false, "/a*b${HOME}"},
		{"/a$", "/a$", false, "/a$"},
		{"/a$/b$1", "/a$/b$1", false, "/a$/b$1"},
		{"/a?", "/a?", true, ""},
		{"/a[x]", "/a[x]", true, ""},
	}
	for _, tt := range tests {
		got, err := Expand(tt.in, values)
		if err != nil || got != tt.want || IsGlob(got) != tt.glob {
			t.Errorf("Expand(%q) = %q, %v; want %q, glob %v", tt.in, got, err, tt.want, tt.glob)
		}
		if !tt.glob && Unescape(got) != tt.plain {
			t.Errorf("Unescape(%q) = %q, want %q", got, Unescape(got), tt.plain)
		}
	}
	for _, bad := range []string{"${NOPE}", "${HOME", "$HOME/x", `/x\`, "${VIDEOS}/x", "${}"} {
		if got, err := Expand(bad, values); err == nil {
			t.Errorf("Expand(%q) = %q, want an error", bad, got)
		}
	}
}

func TestExpandText(t *testing.T) {
	values := lookup(map[string]string{"HOME": "/h/${USER}", "USER": "ann"})
	tests := []struct{ in, want string }{
		{"", ""},
		{"plain ~ $x \\ * $", "plain ~ $x \\ * $"},
		{"${HOME}", "/h/${USER}"},
		{"a${USER}b${USER}", "aannbann"},
		{"$${USER}", "${USER}"},
		{"$$${USER}", "$${USER}"},
		{"x$${", "x${"},
	}
	for _, tt := range tests {
		if got, err := ExpandText(tt.in, values); err != nil || got != tt.want || checkText(tt.in) != nil {
			t.Errorf("ExpandText(%q) = %q, %v; want %q", tt.in, got, err, tt.want)
		}
	}
	for _, bad := range []string{"${NOPE}", "${USER", "${}"} {
		if got, err := ExpandText(bad, values); err == nil || checkText(bad) == nil {
			t.Errorf("ExpandText(%q) = %q, want an error", bad, got)
		}
	}
	if _, err := ExpandText("${CWD}", values); err == nil {
		t.Error("a variable without a value is replaced")
	}
}

func TestEscapePath(t *testing.T) {
	for _, name := range []string{"/plain", "/a*b", `/back\slash`, "/[x]", "/$HOME/${HOME}", "/a?~@"} {
		rule := EscapePath(name)
		if _, p := checkPath(rule, PathRef); p != nil {
			t.Errorf("EscapePath(%q) = %q, which is no path: %v", name, rule, p)
		}
		got, err := Expand(rule, lookup(nil))
		if err != nil || IsGlob(got) || Unescape(got) != name {
			t.Errorf("EscapePath(%q) stands for %q, %v", name, got, err)
		}
	}
}

func TestPathKeys(t *testing.T) {
	tests := []struct{ in, want string }{
		{"/", "/"},
		{"//", "/"},
		{"/usr/", "/usr"},
		{"/usr/./lib//x", "/usr/lib/x"},
		{"~", "${HOME}"},
		{"~/", "${HOME}"},
		{"~/.config", "${HOME}/.config"},
		{"${HOME}/.config/.", "${HOME}/.config"},
		{"/a/...", "/a/..."},
		{"@secrets", "@secrets"},
	}
	for _, tt := range tests {
		if got, p := checkPath(tt.in, PathPattern); p != nil || got != tt.want {
			t.Errorf("checkPath(%q) = %q, %v; want %q", tt.in, got, p, tt.want)
		}
	}
	for _, bad := range []string{`/a/.\./b`, `/pr\oc/self`, "//proc/1", "/./proc", "/proc//self", "/dev/./fd/1", "/..", "~/..", "~/../x", "${HOME}/a/.."} {
		if got, p := checkPath(bad, PathPattern); p == nil {
			t.Errorf("checkPath(%q) = %q, want a fault", bad, got)
		}
	}
}

func TestPathGroups(t *testing.T) {
	least := map[string]int{"@secrets": 200, "@startup": 300}
	for _, name := range PathGroupNames() {
		paths := PathGroup(name)
		if len(paths) < least[name] || !slices.IsSorted(paths) {
			t.Errorf("%s has %d paths, or is not sorted", name, len(paths))
		}
		seen := map[string]string{}
		for _, path := range paths {
			key, p := checkPath(path, PathPattern)
			if p != nil {
				t.Errorf("%s: %s: %v", name, path, p)
			}
			if other, ok := seen[key]; ok {
				t.Errorf("%s: %s and %s are the same", name, path, other)
			}
			seen[key] = path
		}
	}
	startup := PathGroup("@startup")
	for _, path := range ProjectStartup() {
		if !slices.Contains(startup, "${CWD}/"+path) {
			t.Errorf("%s is not in @startup", path)
		}
	}
	if PathGroup("secrets") != nil || PathGroup("@nope") != nil {
		t.Error("a group that does not exist has members")
	}
	// A few that must never be lost.
	for _, path := range []string{"~/.bashrc", "~/.local/bin", "${XDG_CONFIG_HOME}/autostart", "${XDG_CONFIG_HOME}/systemd", "~/.ssh", "${CWD}/.git/hooks", "~/.claude", "~/.vimrc"} {
		if !slices.Contains(startup, path) {
			t.Errorf("%s is not in @startup", path)
		}
	}
	for _, path := range []string{"~/.ssh", "~/.gnupg", "~/.aws", "~/.kube", "~/.mozilla", "${XDG_DATA_HOME}/keyrings", "~/.netrc", "~/.git-credentials", "${XDG_CONFIG_HOME}/gh"} {
		if !slices.Contains(PathGroup("@secrets"), path) {
			t.Errorf("%s is not in @secrets", path)
		}
	}
}

func TestMatchEnv(t *testing.T) {
	tests := []struct {
		entry, name string
		want        bool
	}{
		{"LANG", "LANG", true},
		{"LANG", "LANGUAGE", false},
		{"LANG", "LANGCHAIN_API_KEY", false},
		{"LC_*", "LC_ALL", true},
		{"LC_*", "LC_", true},
		{"LC_*", "LC", false},
		{"LC_*", "XLC_ALL", false},
		{"*", "ANY", true},
		{"lang", "LANG", false},
	}
	for _, tt := range tests {
		if got := MatchEnv(tt.entry, tt.name); got != tt.want {
			t.Errorf("MatchEnv(%q, %q) = %v", tt.entry, tt.name, got)
		}
	}
}

func TestQuantities(t *testing.T) {
	good := []struct {
		parse func(string) (int64, *problem)
		text  string
		want  int64
		again string // the canonical text, "" when there is none
	}{
		{parseSize, "512M", 512 << 20, "512M"},
		{parseSize, "1024K", 1 << 20, "1M"},
		{parseSize, "4096", 4096, "4K"},
		{parseSize, "1", 1, "1"},
		{parseSize, "7T", 7 << 40, "7T"},
		{parseSize, "8388607T", 8388607 << 40, "8388607T"},
		{parseDuration, "90s", int64(90 * time.Second), "1m30s"},
		{parseDuration, "1h", int64(time.Hour), "1h"},
		{parseDuration, "2d1h", int64(49 * time.Hour), "2d1h"},
		{parsePercent, "150%", 150, ""},
		{parseMode, "1777", 0o1777, ""},
		{parseMode, "0o700", 0o700, ""},
		{parseMode, "0700", 0o700, ""},
		{parseCount, "12", 12, ""},
	}
	for _, tt := range good {
		got, p := tt.parse(tt.text)
		if p != nil || got != tt.want {
			t.Errorf("%q = %d, %v; want %d", tt.text, got, p, tt.want)
		}
		switch again := ""; {
		case tt.again == "":
		default:
			if strings.ContainsAny(tt.text, "dhms") {
				again = formatDuration(time.Duration(got))
			} else {
				again = FormatSize(got)
			}
			if again != tt.again {
				t.Errorf("%q prints as %q, want %q", tt.text, again, tt.again)
			}
		}
	}
	bad := []struct {
		parse func(string) (int64, *problem)
		texts []string
	}{
		{parseSize, []string{"", "0", "-1", "M", "1m", "1MB", "01M", "1_0", "1.5G", " 1M", "8388608T", "99999999999999999999", "0x10"}},
		{parseDuration, []string{"", "0s", "1", "h", "1h1h", "1m1h", "1ms", "-1s", "1.5h", "9999999999s", "999999999d"}},
		{parsePercent, []string{"", "%", "150", "0%", "-1%", "1000001%", "1.5%"}},
		{parseMode, []string{"", "0", "8", "2000", "4755", "rwx", "0x1ff", "-1", "0o"}},
		{parseCount, []string{"", "0", "-1", "1_0", "0x1", "+1", "1e3", "9223372036854775808"}},
	}
	for _, tt := range bad {
		for _, text := range tt.texts {
			if got, p := tt.parse(text); p == nil {
				t.Errorf("%q = %d, want a fault", text, got)
			}
		}
	}
}

func TestProblemIsAnError(t *testing.T) {
	_, err := Expand("${HOEM}", lookup(nil))
	if _, ok := errors.AsType[*problem](err); !ok || err.Error() != `unknown variable "HOEM"` {
		t.Errorf("got %v", err)
	}
}
