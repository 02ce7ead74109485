package lifecycle

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// bubblewrap mounts, which Landlock forbids: it needs a jail without.
func TestBubblewrapInJail(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "bwrap")
	w := testenv.NewWorld(t)
	canary := filepath.Join(w.Project, "ran")
	args := []string{"run", "--profile", "default", "--write", w.Project, "--nested-userns", "--set", "syscalls.default=allow"}
	command := []string{"bwrap", "--bind", "/", "/", "--unshare-user", "touch", canary}
	for _, off := range []bool{false, true} {
		_ = os.Remove(canary)
		flags := args
		if off {
			flags = append(slices.Clip(flags), "--landlock", "off")
		}
		cmd := w.Command(append(append([]string{testenv.JailBin}, flags...), command...)...)
		cmd.Stdin = strings.NewReader("")
		r := w.Finish(cmd)
		if ran := testenv.Exists(canary); ran != off {
			t.Errorf("landlock off %v: bubblewrap worked: %v, exit status %d\n%s", off, ran, r.Status, r.Output())
		}
	}
}

// N8, N9: inside another sandbox jail confines in full, or refuses and the
// program has not run. Nothing is between.
func TestN9InsideOtherSandboxes(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	testenv.Need(t, "bwrap", "unshare", "chroot")
	w := testenv.NewWorld(t)
	bwrap := func(args ...string) []string {
		return append([]string{"bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc"}, args...)
	}
	// Without openat2 jail gets nowhere: both outer jails have it.
	nested := w.Profile("extends: [default]\nnamespaces: {user: true}\nsyscalls: {restrict-suid-sgid: false}\nfilesystem: {write: [\"${CWD}\"], read: [\"" + strings.Join(append(testenv.JailFiles(), testenv.BinDir), `", "`) + "\"]}\n")
	for _, c := range []struct {
		name    string
		in      []string
		refused bool // must be; else either will do
	}{
		{"bubblewrap", bwrap(), false},
		{"bubblewrap, all namespaces", bwrap("--unshare-all"), false},
		{"bubblewrap, as root", bwrap("--unshare-user", "--uid", "0", "--gid", "0"), false},
		{"bubblewrap, no user namespaces", bwrap("--unshare-user", "--disable-userns"), true},
		{"jail", slices.Concat([]string{testenv.JailBin, "run", "--profile", "default", "--write", w.Project, "--set", "syscalls.restrict-suid-sgid=false", "--read", testenv.BinDir}, testenv.ReadJail()), true},
		{"jail with user namespaces", []string{testenv.JailBin, "run", "--profile", nested}, false},
		{"chroot", []string{"unshare", "--user", "--map-root-user", "--mount", "sh", "-c", `mount --rbind / "$0" && exec chroot "$0" "$@"`, filepath.Join(w.Root, "run")}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := w.In(t)
			canary := filepath.Join(w.Project, "canary")
			_ = os.Remove(canary)
			run := []string{testenv.JailBin, "run", "--profile", "default", "--read", testenv.BinDir, "--write", w.Project}
			if r := w.Host(append(append([]string(nil), c.in...), "touch", canary)...); r.Status != 0 || !testenv.Exists(canary) {
				t.Fatalf("the outer sandbox runs nothing: %d\n%s", r.Status, r.Output())
			}
			_ = os.Remove(canary)
			r := w.Host(append(append(append([]string(nil), c.in...), run...), "sh", "-c", "touch "+canary+" && exec "+testenv.ProbeBin)...)
			if r.Status != 0 {
				if r.Status != 125 || testenv.Exists(canary) || !strings.Contains(r.Stderr, "jail: error: ") || !strings.Contains(r.Stderr, "help: ") {
					t.Errorf("exit status %d, canary %v\n%s", r.Status, testenv.Exists(canary), r.Output())
				}
				return
			}
			if c.refused {
				t.Error("it ran, and was to be refused")
			}
			f := testenv.ParseFacts(t, r.Stdout)
			for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"} {
				if strings.Trim(f.Status[set], "0") != "" {
					t.Errorf("%s is %s", set, f.Status[set])
				}
			}
			if f.Status["NoNewPrivs"] != "1" || f.Status["Seccomp"] != "2" || len(f.Interfaces) != 1 || len(f.Processes) > 3 {
				t.Errorf("not confined: %+v", f)
			}
			if _, ok := f.MountPoints()["/proc/sys"]; !ok && !f.MountPoints()["/proc"].Has("ro") {
				t.Error("/proc/sys can be written")
			}
		})
	}
}
