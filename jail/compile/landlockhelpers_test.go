package compile

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/jailtest"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/landlock"
)

// requireLandlock skips where the kernel lacks a version, and fails where all
// have to be there.
func requireLandlock(t *testing.T, least landlock.ABI) {
	t.Helper()
	jailtest.RequireJails(t)
	if have := host.ReadKernel().Landlock; have >= least {
		return
	}
	if os.Getenv("JAIL_TEST_REQUIRE") != "" {
		t.Fatalf("this kernel lacks version %d of Landlock", least)
	}
	t.Skipf("this kernel lacks version %d of Landlock", least)
}

// bench is a home directory for a probe, in which out is granted to every
// jail for the results.
type bench struct {
	t    *testing.T
	h    *host.Host
	home string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	h := jailtest.RealHost(t)
	b := &bench{t: t, h: h, home: h.Home}
	b.write("results", "")
	b.write("secret", "secret\n")
	return b
}

func (b *bench) path(name string) string { return filepath.Join(b.home, name) }

func (b *bench) write(name, text string) {
	b.t.Helper()
	if err := os.MkdirAll(filepath.Dir(b.path(name)), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(b.path(name), []byte(text), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) read(name string) string {
	b.t.Helper()
	text, err := os.ReadFile(b.path(name))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

// stream makes a file standard stream n of what is started, until the test
// ends.
func (b *bench) stream(n int, path string, flags int) {
	b.t.Helper()
	saved, err := unix.FcntlInt(uintptr(n), unix.F_DUPFD_CLOEXEC, 100)
	if err != nil {
		b.t.Fatal(err)
	}
	f, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	_ = unix.Dup3(f, n, 0)
	_ = unix.Close(f)
	b.h.Stdio[n] = host.ReadStream(n)
	b.t.Cleanup(func() {
		_ = unix.Dup3(saved, n, 0)
		_ = unix.Close(saved)
	})
}

// profile is the system, the probe, the results, and more path rules.
func (b *bench) profile(rules string) string {
	exe, err := os.Executable()
	if err != nil {
		b.t.Fatal(err)
	}
	return "filesystem:\n  read: [/usr, /bin, /lib, /lib64, " + exe + "]\n" +
		"  write: [" + b.path("results") + "]\n  tmpfs: [/var]\n" +
		"environment: {set: {" + probeVariable + ": " + b.path("results") + "}}\nsyscalls: {default: allow}\n" + rules
}

// rules adds path rules to profile: lines of the filesystem section.
func (b *bench) rules(read, write string) string {
	text := b.profile("")
	text = strings.Replace(text, "/lib64,", "/lib64, "+read+",", 1)
	if read == "" {
		text = strings.Replace(text, "/lib64, ,", "/lib64,", 1)
	}
	if write != "" {
		text = strings.Replace(text, "write: [", "write: ["+write+", ", 1)
	}
	return text
}

// plan compiles a launch of the probe.
func (b *bench) plan(profile string, ops ...string) *plan.Plan {
	b.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		b.t.Fatal(err)
	}
	c, problems := compileFor(b.t, profile, b.h, append([]string{exe}, ops...)...)
	if problems.HasErrors() {
		b.t.Fatal(problems)
	}
	return c.Plan
}

// run starts a plan and returns what became of each operation.
func (b *bench) run(p *plan.Plan) map[string]string {
	b.t.Helper()
	b.write("results", "")
	process, failure := start(b.t, p)
	if failure != nil {
		b.t.Fatal(failure.Diagnostic())
	}
	if status := process.Wait(); status != 0 {
		b.t.Fatalf("the probe ended with status %d", status)
	}
	return b.results()
}

// host runs the probe without a jail.
func (b *bench) host(ops ...string) map[string]string {
	b.t.Helper()
	b.write("results", "")
	exe, err := os.Executable()
	if err != nil {
		b.t.Fatal(err)
	}
	cmd := exec.CommandContext(b.t.Context(), exe, ops...)
	cmd.Env = []string{probeVariable + "=" + b.path("results")}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		b.t.Fatal(err)
	}
	return b.results()
}

func (b *bench) results() map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(b.read("results")) {
		op, result, _ := strings.Cut(strings.TrimSpace(line), ": ")
		out[op] = result
	}
	return out
}
