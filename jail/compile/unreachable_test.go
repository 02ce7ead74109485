package compile

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/jailtest"
)

// rootsFiles are files of which some directories are only for their owner.
type rootsFiles struct {
	jailtest.Files
	closed string
}

func (f rootsFiles) Owner(path string) (host.Owner, bool) {
	mode := uint32(unix.S_IFDIR | 0o755)
	if path == f.closed {
		mode = unix.S_IFDIR | 0o700
	}
	return host.Owner{Mode: mode}, true
}

func (f rootsFiles) Public(path string) bool { return !host.Within(path, f.closed) }

// TestShut: below the root directory as a whole, what root alone can enter is
// hidden as a whole for a jail of root, unless it is granted by name, and for nobody
// else.
func TestShut(t *testing.T) {
	for _, c := range []struct {
		name, rules string
		runAs       int
		hidden      []string
		mapped      string
	}{
		{"root", "read: [/], hide: [/home/ann/.ssh]", host.FirstRootID, []string{"home/ann"}, ""},
		{"a user", "read: [/], hide: [/home/ann/.ssh]", 0, []string{"home/ann/.ssh"}, ""},
		{"granted by name", "read: [/, /home/ann], hide: [/home/ann/.ssh]", host.FirstRootID, []string{"home/ann/.ssh"}, "/home/ann"},
		{"granted below", "read: [/, /home/ann/src], hide: [/home/ann/.ssh]", host.FirstRootID, []string{"home/ann"}, "/home/ann/src"},
	} {
		h := jailtest.Desktop()
		h.Files, h.RunAs = rootsFiles{h.Files.(jailtest.Files), "/home/ann"}, c.runAs
		compiled, problems := compileFor(t, "filesystem: {"+c.rules+"}\n", h, "/usr/bin/true")
		if problems.HasErrors() {
			t.Fatalf("%s: %v", c.name, problems)
		}
		var hidden []string
		for i := range compiled.Plan.Setup {
			if o := &compiled.Plan.Setup[i]; o.Verb == "hide" && o.Name == "openat2" && strings.HasPrefix(o.Args[1].Text, "home") && !strings.Contains(o.Args[1].Text, "cache") {
				hidden = append(hidden, o.Args[1].Text)
			}
		}
		if strings.Join(hidden, " ") != strings.Join(c.hidden, " ") {
			t.Errorf("%s: %q is hidden, want %q", c.name, hidden, c.hidden)
		}
		mapped := ""
		for _, b := range compiled.Plan.Clones {
			mapped += b.Source
		}
		if mapped != c.mapped {
			t.Errorf("%s: the launcher makes mounts of %q, want %q", c.name, mapped, c.mapped)
		}
	}
}
