package paths

import (
	"errors"
	"slices"
	"testing"

	"github.com/jail-project/jail/diag"
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
		if got, err := ExpandText(tt.in, values); err != nil || got != tt.want || CheckText(tt.in) != nil {
			t.Errorf("ExpandText(%q) = %q, %v; want %q", tt.in, got, err, tt.want)
		}
	}
	for _, bad := range []string{"${NOPE}", "${USER", "${}"} {
		if got, err := ExpandText(bad, values); err == nil || CheckText(bad) == nil {
			t.Errorf("ExpandText(%q) = %q, want an error", bad, got)
		}
	}
	if _, err := ExpandText("${CWD}", values); err == nil {
		t.Error("a variable without a value is replaced")
	}
}

func TestEscape(t *testing.T) {
	for _, name := range []string{"/plain", "/a*b", `/back\slash`, "/[x]", "/$HOME/${HOME}", "/a?~@"} {
		rule := Escape(name)
		if _, p := Check(rule); p != nil {
			t.Errorf("Escape(%q) = %q, which is no path: %v", name, rule, p)
		}
		got, err := Expand(rule, lookup(nil))
		if err != nil || IsGlob(got) || Unescape(got) != name {
			t.Errorf("Escape(%q) stands for %q, %v", name, got, err)
		}
	}
}

func TestKeys(t *testing.T) {
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
		if got, p := CheckPattern(tt.in); p != nil || got != tt.want {
			t.Errorf("CheckPattern(%q) = %q, %v; want %q", tt.in, got, p, tt.want)
		}
	}
	for _, bad := range []string{`/a/.\./b`, `/pr\oc/self`, "//proc/1", "/./proc", "/proc//self", "/dev/./fd/1", "/..", "~/..", "~/../x", "${HOME}/a/.."} {
		if got, p := CheckPattern(bad); p == nil {
			t.Errorf("CheckPattern(%q) = %q, want a fault", bad, got)
		}
	}
}

func TestGroups(t *testing.T) {
	least := map[string]int{"@secrets": 200, "@startup": 300}
	for _, name := range GroupNames() {
		paths := Group(name)
		if len(paths) < least[name] || !slices.IsSorted(paths) {
			t.Errorf("%s has %d paths, or is not sorted", name, len(paths))
		}
		seen := map[string]string{}
		for _, path := range paths {
			key, p := CheckPattern(path)
			if p != nil {
				t.Errorf("%s: %s: %v", name, path, p)
			}
			if other, ok := seen[key]; ok {
				t.Errorf("%s: %s and %s are the same", name, path, other)
			}
			seen[key] = path
		}
	}
	startup := Group("@startup")
	for _, path := range append(ProjectAutomatic(), ProjectTools()...) {
		if !slices.Contains(startup, "${CWD}/"+path) {
			t.Errorf("%s is not in @startup", path)
		}
	}
	if Group("secrets") != nil || Group("@nope") != nil {
		t.Error("a group that does not exist has members")
	}
	// A few that must never be lost.
	for _, path := range []string{"~/.bashrc", "~/.local/bin", "${XDG_CONFIG_HOME}/autostart", "${XDG_CONFIG_HOME}/systemd", "~/.ssh", "${CWD}/.git/hooks", "~/.claude", "~/.vimrc"} {
		if !slices.Contains(startup, path) {
			t.Errorf("%s is not in @startup", path)
		}
	}
	for _, path := range []string{"~/.ssh", "~/.gnupg", "~/.aws", "~/.kube", "~/.mozilla", "${XDG_DATA_HOME}/keyrings", "~/.netrc", "~/.git-credentials", "${XDG_CONFIG_HOME}/gh"} {
		if !slices.Contains(Group("@secrets"), path) {
			t.Errorf("%s is not in @secrets", path)
		}
	}
}

func TestProblemIsAnError(t *testing.T) {
	_, err := Expand("${HOEM}", lookup(nil))
	if _, ok := errors.AsType[*diag.Problem](err); !ok || err.Error() != `unknown variable "HOEM"` {
		t.Errorf("got %v", err)
	}
}
