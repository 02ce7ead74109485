package compile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/jailtest"
)

// TestProcIsProtected looks at /proc from inside, with and without a PID
// namespace: what root could change the host with is read-only, for a jail that
// root starts has root's files.
func TestProcIsProtected(t *testing.T) {
	jailtest.RequireJails(t)
	for _, c := range []struct{ name, text string }{
		{"own", jailtest.SystemProfile},
		{"the host's", jailtest.SystemProfile + "namespaces: {pid: false}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			runScript(t, c.text, jailtest.RealHost(t), `grep -q " /proc/sys ro,"  /proc/self/mountinfo && ! cat /proc/keys 2>/dev/null`)
		})
	}
}

// TestParentsStay tries to move away the directories in which something is
// protected or hidden: an empty one in the old place would be the host's next.
func TestParentsStay(t *testing.T) {
	jailtest.RequireJails(t)
	for _, c := range []struct{ name, write string }{
		{"the home", `"~"`},
		{"both by name", `"~", ~/.config, ~/a`},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := jailtest.RealHost(t)
			for _, dir := range []string{".config/autostart", "a/b/secret"} {
				if err := os.MkdirAll(filepath.Join(h.Home, dir), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			profile := "filesystem:\n  read: [/usr, /bin, /sbin, /lib, /lib64]\n  write: [" + c.write + "]\n  hide: [~/a/b/secret]\n" +
				"environment: {keep: [PATH, HOME]}\nsyscalls: {default: allow}\n"
			runScript(t, profile, h, `cd && for d in .config .config/autostart a/b a; do mv $d moved 2>/dev/null && exit 1; done; `+
				`touch .config/file a/b/file && mv .config/file .config/other`)
			if !exists(filepath.Join(h.Home, ".config/other")) || !exists(filepath.Join(h.Home, "a/b/file")) {
				t.Error("what was written is not on the host")
			}
		})
	}
}

// TestLinksStay tries to exchange the links that lead to what is protected.
func TestLinksStay(t *testing.T) {
	jailtest.RequireJails(t)
	h := jailtest.RealHost(t)
	for _, dir := range []string{"dot/config/autostart", "dot/keys"} {
		if err := os.MkdirAll(filepath.Join(h.Home, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{".config": "dot/config", "keys": "dot/keys"} {
		if err := os.Symlink(target, filepath.Join(h.Home, link)); err != nil {
			t.Fatal(err)
		}
	}
	profile := "filesystem:\n  read: [/usr, /bin, /sbin, /lib, /lib64]\n  write: [\"~\"]\n  hide: [~/keys]\n" +
		"environment: {keep: [PATH, HOME]}\nsyscalls: {default: allow}\n"
	runScript(t, profile, h, `cd && for l in .config keys; do rm $l 2>/dev/null && exit 1; mv $l moved 2>/dev/null && exit 2; `+
		`ln -sfn / $l 2>/dev/null && exit 3; done; test -d .config/autostart && touch .config/new && touch beside`)
	if !exists(filepath.Join(h.Home, "dot/config/new")) || !exists(filepath.Join(h.Home, "beside")) {
		t.Error("what may be written was not")
	}
}

// TestHomeByLinkIsTooWide has a home that HOME names by a link.
func TestHomeByLinkIsTooWide(t *testing.T) {
	h := jailtest.Desktop()
	h.Files.(jailtest.Files)["/people"] = "home"
	h.Home, h.Cwd = "/people/ann", "/home/ann"
	_, problems := compileFor(t, "filesystem: {read: [/usr], write: [\"${CWD}\"]}\n", h, "/usr/bin/true")
	if len(problems) != 1 || problems[0].Code != "cwd-too-wide" {
		t.Errorf("got %v", problems)
	}
}

// TestKeepByPlantedLink: where the changes of an overlay go is not for the
// program to say.
func TestKeepByPlantedLink(t *testing.T) {
	for _, c := range []struct {
		name, write string
		problems    int
	}{
		{"the jail can change the link", "~/src", 1},
		{"it can't", "~/Downloads", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := jailtest.Desktop()
			h.Files.(jailtest.Files)["/home/ann/src/kept"] = "/home/ann/docs"
			text := "filesystem:\n  read: [/usr]\n  write: [" + c.write + "]\n  overlay: [{path: /etc/ssl, keep: ~/src/kept}]\n"
			_, problems := compileFor(t, text, h, "/usr/bin/true")
			if len(problems) != c.problems || c.problems > 0 && problems[0].Code != "link-in-writable" {
				t.Errorf("got %v", problems)
			}
		})
	}
}

// TestWholeRoot: hiding everything is not to begin with everything.
func TestWholeRoot(t *testing.T) {
	for _, list := range []string{"hide: [/]", "tmpfs: [/]", "overlay: [{path: /, changes: discard}]"} {
		_, problems := compileFor(t, "filesystem: {read: [/usr], "+list+"}\n", jailtest.Desktop(), "/usr/bin/true")
		if len(problems) != 1 || problems[0].Code != "whole-root" {
			t.Errorf("%s: got %v", list, problems)
		}
	}
}

// runScript runs a shell script in a jail, and fails unless it ends with 0.
func runScript(t *testing.T, profile string, h *host.Host, script string) {
	t.Helper()
	c, problems := compileFor(t, profile, h, "/bin/sh", "-c", script)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	process, failure := start(t, c.Plan)
	if failure != nil {
		t.Fatal(failure.Diagnostic())
	}
	if status := process.Wait(); status != 0 {
		t.Errorf("%q ends with %d", script, status)
	}
}
