package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func itoa(n int) string { return strconv.Itoa(n) }

// N8, N9: inside another sandbox jail confines in full, or refuses and the
// program has not run. Nothing is between.
func TestN9InsideOtherSandboxes(t *testing.T) {
	need(t, "bwrap", "unshare", "chroot")
	w := newWorld(t)
	bwrap := func(args ...string) []string {
		return append([]string{"bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc"}, args...)
	}
	nested := w.profile("extends: [default]\nnamespaces: {user: true}\nfilesystem: {write: [\"${CWD}\"], read: [\"" + binDir + "\"]}\n")
	for _, c := range []struct {
		name    string
		in      []string
		refused bool // must be; else either will do
	}{
		{"bubblewrap", bwrap(), false},
		{"bubblewrap, all namespaces", bwrap("--unshare-all"), false},
		{"bubblewrap, as root", bwrap("--unshare-user", "--uid", "0", "--gid", "0"), false},
		{"bubblewrap, no user namespaces", bwrap("--unshare-user", "--disable-userns"), true},
		{"jail", []string{jailBin, "run", "--profile", "default", "--write", w.project, "--read", binDir}, true},
		{"jail with user namespaces", []string{jailBin, "run", "--profile", nested}, false},
		{"chroot", []string{"unshare", "--user", "--map-root-user", "--mount", "sh", "-c", `mount --rbind / "$0" && exec chroot "$0" "$@"`, filepath.Join(w.root, "run")}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			canary := filepath.Join(w.project, "canary")
			_ = os.Remove(canary)
			run := []string{jailBin, "run", "--profile", "default", "--read", binDir, "--write", w.project}
			if r := w.host(append(append([]string(nil), c.in...), "touch", canary)...); r.status != 0 || !exists(canary) {
				t.Fatalf("the outer sandbox runs nothing: %d\n%s", r.status, r.output())
			}
			_ = os.Remove(canary)
			r := w.host(append(append(append([]string(nil), c.in...), run...), "sh", "-c", "touch "+canary+" && exec "+probeBin)...)
			if r.status != 0 {
				if r.status != 125 || exists(canary) || !strings.Contains(r.stderr, "jail: error: ") || !strings.Contains(r.stderr, "help: ") {
					t.Errorf("exit status %d, canary %v\n%s", r.status, exists(canary), r.output())
				}
				return
			}
			if c.refused {
				t.Error("it ran, and was to be refused")
			}
			f := parseFacts(t, r.stdout)
			for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"} {
				if strings.Trim(f.Status[set], "0") != "" {
					t.Errorf("%s is %s", set, f.Status[set])
				}
			}
			if f.Status["NoNewPrivs"] != "1" || f.Status["Seccomp"] != "2" || len(f.Interfaces) != 1 || len(f.Processes) > 3 {
				t.Errorf("not confined: %+v", f)
			}
			if _, ok := f.mounts()["/proc/sys"]; !ok && !f.mounts()["/proc"].has("ro") {
				t.Error("/proc/sys can be written")
			}
		})
	}
}
