package compile

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/jailtest"
	"github.com/jail-project/jail/jail/launch"
)

// withSockets has sockets of the host, one by a link.
func withSockets(h *host.Host) *host.Host {
	files := h.Files.(jailtest.Files)
	files["/run/service/socket"], files["/run/bus"], files["/home/ann/.agent"] = "=", "=", "="
	files["/run/short"] = "service/socket"
	return h
}

func TestSocketGrants(t *testing.T) {
	const text = `
filesystem:
  read: [/usr, /run]
  hide: [/run/bus]
  tmpfs: [/tmp]
sockets: [/run/short, /run/missing, ~/.agent, "@name", /run/bus]
`
	c, problems := compileFor(t, text, withSockets(jailtest.Desktop()), "/usr/bin/true")
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	for path, want := range map[string]fstree.Visibility{
		"/run/service/socket": fstree.Socket, "/run/short": fstree.Socket, "/home/ann/.agent": fstree.Socket, "/run": fstree.ReadOnly, "/run/bus": fstree.Hidden,
	} {
		if got := c.View.Explain(path).Visibility; got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	guard := c.Plan.Sockets
	if guard == nil || guard.Listener == nil || len(guard.Names) != 1 || guard.Names[0] != "name" {
		t.Fatalf("the guard is %+v", guard)
	}
	if len(guard.Files) != 2 || len(guard.Mounts) != 2 {
		t.Errorf("%d sockets and %d own mounts are noted, want 2, and /tmp and /dev/shm", len(guard.Files), len(guard.Mounts))
	}
}

func TestSocketMistakes(t *testing.T) {
	nested := withSockets(jailtest.Desktop())
	nested.Kernel.NoListener = true
	for _, c := range []struct {
		text string
		host *host.Host
		want string
	}{
		{"sockets: [/etc/passwd]", jailtest.Desktop(), "is not a socket"},
		{"sockets: [/usr]", jailtest.Desktop(), "is not a socket"},
		{"sockets: [{path: /run/none, required: true}]", jailtest.Desktop(), "does not exist"},
		{"sockets: [/run/bus]", nested, "inside another jail"},
		{"sockets: ['@name']", nested, "inside another jail"},
		{"sockets: ['*']", nested, ""},
		{"sockets: []", nested, ""},
	} {
		_, problems := compileFor(t, "filesystem: {read: [/usr]}\n"+c.text+"\n", c.host, "/usr/bin/true")
		got := ""
		for _, d := range problems {
			got += d.Summary
		}
		if !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%s: %q, want %q", c.text, got, c.want)
		}
	}
}

// The guard comes before the message that hands its listener over, and that
// before the filter, which may forbid it.
func TestSocketGuardOrder(t *testing.T) {
	plan := func(text string, h *host.Host) string {
		c, problems := compileFor(t, "filesystem: {read: [/usr]}\n"+text+"\n", h, "/usr/bin/true")
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		var calls []string
		for i := range c.Plan.Program {
			if o := &c.Plan.Program[i]; o.Name == "seccomp" || o.Name == "sendmsg" || o.Name == "write" {
				calls = append(calls, o.String())
			}
		}
		return strings.Join(calls, "; ")
	}
	const filter = "seccomp(SECCOMP_SET_MODE_FILTER, 0, filter)"
	if got, want := plan("", jailtest.Desktop()), "seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, socket guard); sendmsg(status, {ready, {SCM_RIGHTS, [listener]}}, 0); "+filter; got != want {
		t.Errorf("guarded: %s\nwant %s", got, want)
	}
	if got, want := plan("sockets: ['*']", jailtest.Desktop()), "write(status, ready, 8); "+filter; got != want {
		t.Errorf("unguarded: %s\nwant %s", got, want)
	}
	nested := jailtest.Desktop()
	nested.Kernel.NoListener = true
	if got, want := plan("", nested), "seccomp(SECCOMP_SET_MODE_FILTER, 0, socket guard); write(status, ready, 8); "+filter; got != want {
		t.Errorf("under another listener: %s\nwant %s", got, want)
	}
}

// Only the guard's own refusal asks for another plan.
func TestNeedsListener(t *testing.T) {
	c, problems := compileFor(t, "filesystem: {read: [/usr]}\n", jailtest.Desktop(), "/usr/bin/true")
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	for i := range c.Plan.Program {
		op := &c.Plan.Program[i]
		f := &launch.Failure{Plan: c.Plan, Op: op, Errno: unix.EBUSY}
		if want := op.Store != nil; f.NeedsListener() != want {
			t.Errorf("%s: %v, want %v", op, f.NeedsListener(), want)
		}
		if f.Errno = unix.EINVAL; f.NeedsListener() {
			t.Errorf("%s: EINVAL asks for another plan", op)
		}
	}
}
