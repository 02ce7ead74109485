package lifecycle

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// N6: the jail of root is nobody's. It reads and writes root's files where
// they are granted, and has no right of root's anywhere else.
func TestN6Root(t *testing.T) {
	testenv.Requires(t, testenv.Root)
	t.Parallel()
	w := testenv.NewWorld(t)
	w.Write(filepath.Join(w.Project, "secret"), "x")
	for _, name := range []string{w.Home, w.Project, filepath.Join(w.Project, "secret")} {
		if err := os.Chmod(name, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	common := []string{"--profile", "default"}
	w.Variants("cat secret && echo y >>secret && touch made && rm made", common, nil, []string{"--write", w.Project})
	w.Succeeds("run", "--profile", "default", "--write", w.Project, "sh", "-c", "echo x >kept; mkdir -p a/b; chown 0:0 kept")
	for _, name := range []string{"kept", "a", "a/b"} {
		if info, err := os.Stat(filepath.Join(w.Project, name)); err != nil || testenv.OwnerOf(info) != 0 {
			t.Errorf("%s: %v, owner %d", name, err, testenv.OwnerOf(info))
		}
	}
	// A directory that all may read holds files that only root may.
	w.Variants("cat /etc/shadow >/dev/null", common, []string{"--read", "/etc"}, []string{"--read", "/etc/shadow"})
	w.Variants("cat /etc/shadow >/dev/null", common, nil, []string{"--read", "/etc/shadow"})
	// Files of the kernel that belong to root.
	for _, name := range []string{"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches", "/proc/sysrq-trigger"} {
		for _, user := range []string{"keep", "root"} {
			r := w.Jail("run", "--profile", "default", "--user", user, "sh", "-c", "test -e "+name+" && : >>"+name)
			if r.Status == 0 {
				t.Errorf("%s could be opened for writing as %s", name, user)
			}
		}
	}
	for _, script := range []string{
		"ls /sys/kernel", "ls /sys/fs/cgroup", "mknod /tmp/x b 254 0 && cat /tmp/x", "cat /dev/mem", "cat /dev/kmsg", "ls /dev/vda",
		"mount -t tmpfs x /tmp", "mount -o remount,rw /proc/sys", "unshare -U true", "setpriv --reuid 1 true", "chown 1 kept",
	} {
		if r := w.Jail("run", "--profile", "default", "--write", w.Project, "sh", "-ec", script); r.Status == 0 {
			t.Errorf("%q worked", script)
		}
	}
	w.Variants("i=0; while [ $i -lt 40 ]; do sleep 1 & i=$((i+1)); done; wait", common, []string{"--processes", "20"}, []string{"--processes", "200"})
}

// N6: ids, groups, capabilities and namespaces of the jail's processes, as the
// host sees them.
func TestN6RootIsNobody(t *testing.T) {
	testenv.Requires(t, testenv.Root)
	t.Parallel()
	w := testenv.NewWorld(t)
	for _, user := range []string{"keep", "root", "nobody", "1234"} {
		cmd := w.Command(testenv.JailBin, "run", "--profile", "default", "--user", user, "sh", "-c", "exec sleep 60")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var below []int
		if !testenv.Eventually(func() bool {
			below = testenv.Descendants(cmd.Process.Pid)
			return len(below) == 2 && strings.HasPrefix(testenv.CommandLine(below[1]), "sleep")
		}) {
			t.Fatalf("the jail of %s has the processes %v", user, below)
		}
		for _, pid := range below {
			status := testenv.StatusOf(pid)
			for _, id := range append(strings.Fields(status["Uid"]), strings.Fields(status["Gid"])...) {
				if !testenv.IsRootsJail(id) {
					t.Errorf("as %s, process %d has the ids %s, %s", user, pid, status["Uid"], status["Gid"])
				}
			}
			if strings.TrimSpace(status["Groups"]) != "" || strings.Trim(status["CapEff"]+status["CapPrm"]+status["CapBnd"]+status["CapInh"]+status["CapAmb"], "0") != "" {
				t.Errorf("as %s, process %d has groups %q, capabilities %s", user, pid, status["Groups"], status["CapEff"])
			}
			for _, kind := range []string{"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"} {
				inside, _ := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "ns", kind))
				if outside, _ := os.Readlink("/proc/self/ns/" + kind); inside == "" || inside == outside {
					t.Errorf("as %s, the %s namespace of process %d is %q", user, kind, pid, inside)
				}
			}
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

// N6: homes, layers and what a profile makes belong to root, and work.
func TestN6RootKeeps(t *testing.T) {
	testenv.Requires(t, testenv.Root)
	t.Parallel()
	w := testenv.NewWorld(t)
	w.Write(filepath.Join(w.Root, "tree/a"), "a")
	if err := os.Chmod(w.Home, 0o700); err != nil {
		t.Fatal(err)
	}
	profile := w.Profile("extends: [default]\nfilesystem:\n  home: private\n  write: [{path: \"${CWD}/new/deep\", create: directory}]\n  overlay: [{path: \"" + w.Root + "/tree\", keep: \"" + w.Root + "/kept\"}]\n")
	for range 2 {
		w.Succeeds("run", "--profile", profile, "sh", "-ec", "echo x >>~/mine; echo x >>"+w.Project+"/new/deep/f; cd "+w.Root+"/tree; cat a; echo b >>a; echo c >>c")
	}
	for _, name := range []string{"home/project/new/deep/f", "kept/upper/c", "home/.local/state/jail/homes/test/mine"} {
		path := filepath.Join(w.Root, name)
		info, err := os.Stat(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if testenv.OwnerOf(info) != 0 || info.Size() != 4 {
			t.Errorf("%s: owner %d, %q", name, testenv.OwnerOf(info), w.Read(path))
		}
	}
	if got := w.Read(filepath.Join(w.Root, "tree/a")); got != "a" {
		t.Errorf("the host's file is %q", got)
	}
}

// N9: root without root's capabilities, as in a container, can't become
// somebody else and is refused.
func TestN6HalfRoot(t *testing.T) {
	testenv.Requires(t, testenv.Root)
	t.Parallel()
	testenv.Need(t, "setpriv")
	w := testenv.NewWorld(t)
	canary := filepath.Join(w.Project, "canary")
	argv := []string{testenv.JailBin, "run", "--profile", "default", "--write", w.Project, "touch", canary}
	r := w.Host(append([]string{"setpriv", "--bounding-set=-sys_admin", "--inh-caps=-all"}, argv...)...)
	if r.Status != 125 || !strings.Contains(r.Stderr, "capabilities") || testenv.Exists(canary) {
		t.Errorf("exit status %d, canary %v\n%s", r.Status, testenv.Exists(canary), r.Output())
	}
	w.Succeeds(argv[1:]...)
	if !testenv.Exists(canary) {
		t.Error("with its capabilities, root's jail did not run")
	}
}
