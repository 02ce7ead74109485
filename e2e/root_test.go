package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// N6: the jail of root is nobody's. It reads and writes root's files where
// they are granted, and has no right of root's anywhere else.
func TestN6Root(t *testing.T) {
	w := newWorld(t)
	w.write(filepath.Join(w.project, "secret"), "x")
	for _, name := range []string{w.home, w.project, filepath.Join(w.project, "secret")} {
		if err := os.Chmod(name, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	common := []string{"--profile", "default"}
	w.arms("cat secret && echo y >>secret && touch made && rm made", common, nil, []string{"--write", w.project})
	w.succeeds("run", "--profile", "default", "--write", w.project, "sh", "-c", "echo x >kept; mkdir -p a/b; chown 0:0 kept")
	for _, name := range []string{"kept", "a", "a/b"} {
		if info, err := os.Stat(filepath.Join(w.project, name)); err != nil || ownerOf(info) != 0 {
			t.Errorf("%s: %v, owner %d", name, err, ownerOf(info))
		}
	}
	// A directory that all may read holds files that only root may.
	w.arms("cat /etc/shadow >/dev/null", common, []string{"--read", "/etc"}, []string{"--read", "/etc/shadow"})
	w.arms("cat /etc/shadow >/dev/null", common, nil, []string{"--read", "/etc/shadow"})
	// Files of the kernel that belong to root.
	for _, name := range []string{"/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/vm/drop_caches", "/proc/sysrq-trigger"} {
		for _, user := range []string{"keep", "root"} {
			r := w.jail("run", "--profile", "default", "--user", user, "sh", "-c", "test -e "+name+" && : >>"+name)
			if r.status == 0 {
				t.Errorf("%s could be opened for writing as %s", name, user)
			}
		}
	}
	for _, script := range []string{
		"ls /sys/kernel", "ls /sys/fs/cgroup", "mknod /tmp/x b 254 0 && cat /tmp/x", "cat /dev/mem", "cat /dev/kmsg", "ls /dev/vda",
		"mount -t tmpfs x /tmp", "mount -o remount,rw /proc/sys", "unshare -U true", "setpriv --reuid 1 true", "chown 1 kept",
	} {
		if r := w.jail("run", "--profile", "default", "--write", w.project, "sh", "-ec", script); r.status == 0 {
			t.Errorf("%q worked", script)
		}
	}
	w.arms("i=0; while [ $i -lt 40 ]; do sleep 1 & i=$((i+1)); done; wait", common, []string{"--processes", "20"}, []string{"--processes", "200"})
}

// N6: ids, groups, capabilities and namespaces of the jail's processes, as the
// host sees them.
func TestN6RootIsNobody(t *testing.T) {
	w := newWorld(t)
	for _, user := range []string{"keep", "root", "nobody", "1234"} {
		cmd := w.command(jailBin, "run", "--profile", "default", "--user", user, "sh", "-c", "exec sleep 60")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var below []int
		if !eventually(func() bool {
			below = descendants(cmd.Process.Pid)
			return len(below) == 2 && strings.HasPrefix(commandLine(below[1]), "sleep")
		}) {
			t.Fatalf("the jail of %s has the processes %v", user, below)
		}
		for _, pid := range below {
			status := statusOf(pid)
			for _, id := range append(strings.Fields(status["Uid"]), strings.Fields(status["Gid"])...) {
				if !isRootsJail(id) {
					t.Errorf("as %s, process %d has the ids %s, %s", user, pid, status["Uid"], status["Gid"])
				}
			}
			if strings.TrimSpace(status["Groups"]) != "" || strings.Trim(status["CapEff"]+status["CapPrm"]+status["CapBnd"]+status["CapInh"]+status["CapAmb"], "0") != "" {
				t.Errorf("as %s, process %d has groups %q, capabilities %s", user, pid, status["Groups"], status["CapEff"])
			}
			for _, kind := range []string{"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"} {
				inside, _ := os.Readlink(filepath.Join("/proc", itoa(pid), "ns", kind))
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
	w := newWorld(t)
	w.write(filepath.Join(w.root, "tree/a"), "a")
	if err := os.Chmod(w.home, 0o700); err != nil {
		t.Fatal(err)
	}
	profile := w.profile("extends: [default]\nfilesystem:\n  home: private\n  write: [{path: \"${CWD}/new/deep\", create: directory}]\n  overlay: [{path: \"" + w.root + "/tree\", keep: \"" + w.root + "/kept\"}]\n")
	for range 2 {
		w.succeeds("run", "--profile", profile, "sh", "-ec", "echo x >>~/mine; echo x >>"+w.project+"/new/deep/f; cd "+w.root+"/tree; cat a; echo b >>a; echo c >>c")
	}
	for _, name := range []string{"home/project/new/deep/f", "kept/upper/c", "home/.local/state/jail/homes/test/mine"} {
		path := filepath.Join(w.root, name)
		info, err := os.Stat(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if ownerOf(info) != 0 || info.Size() != 4 {
			t.Errorf("%s: owner %d, %q", name, ownerOf(info), w.read(path))
		}
	}
	if got := w.read(filepath.Join(w.root, "tree/a")); got != "a" {
		t.Errorf("the host's file is %q", got)
	}
}

// N9: root without root's capabilities, as in a container, can't become
// somebody else and is refused.
func TestN6HalfRoot(t *testing.T) {
	need(t, "setpriv")
	w := newWorld(t)
	canary := filepath.Join(w.project, "canary")
	argv := []string{jailBin, "run", "--profile", "default", "--write", w.project, "touch", canary}
	r := w.host(append([]string{"setpriv", "--bounding-set=-sys_admin", "--inh-caps=-all"}, argv...)...)
	if r.status != 125 || !strings.Contains(r.stderr, "capabilities") || exists(canary) {
		t.Errorf("exit status %d, canary %v\n%s", r.status, exists(canary), r.output())
	}
	w.succeeds(argv[1:]...)
	if !exists(canary) {
		t.Error("with its capabilities, root's jail did not run")
	}
}

// N6: who listens on the host learns that a jail of root is nobody, whoever
// makes its connections.
func TestN6RootsConnections(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(w.project, "socket")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	must(t, err)
	defer l.Close()
	must(t, os.Chmod(path, 0o600))
	peer := func(argv ...string) int {
		t.Helper()
		arrived := make(chan int, 1)
		go func() {
			c, err := l.AcceptUnix()
			if err != nil {
				return
			}
			defer c.Close()
			arrived <- userBehind(t, c)
		}()
		if r := w.host(argv...); r.status != 0 {
			t.Fatalf("%v: exit status %d\n%s", argv, r.status, r.output())
		}
		return <-arrived
	}
	connect := []string{probeBin, "connect", "stream", path}
	if user := peer(connect...); user != 0 {
		t.Errorf("without a jail user %d connects", user)
	}
	granted := []string{jailBin, "run", "--read", binDir, "--set", "sockets=" + path}
	if user := peer(concat(granted, connect)...); !isRootsJail(itoa(user)) {
		t.Errorf("from a jail user %d connects", user)
	}
	j := w.runs(concat(granted[2:], []string{"sleep", "60"})...)
	if user := peer(concat([]string{jailBin, "enter", j.id}, connect)...); !isRootsJail(itoa(user)) {
		t.Errorf("from a jail that was entered user %d connects", user)
	}
}

// N6: connections of a jail take nothing from its launcher: it still learns that
// its own parent has ended, and belongs to root as others see it.
func TestN6RootsLauncherStays(t *testing.T) {
	need(t, "setpriv")
	w := newWorld(t)
	path := filepath.Join(w.project, "socket")
	serve(t, "stream", path)
	script := probeBin + " connect stream " + path + "; touch connected; exec sleep 60"
	for range 4 { // which thread makes the connections is a matter of luck
		_ = os.Remove(w.project + "/connected")
		cmd := w.command("sh", "-c", `setpriv --pdeathsig KILL "$@" & echo $!; wait`, "sh",
			jailBin, "run", "--read", binDir, "--write", w.project, "--set", "sockets="+path, "sh", "-c", script)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		var launcher int
		_, err = fmt.Fscan(out, &launcher)
		must(t, err)
		if !within(10*time.Second, func() bool { return exists(w.project + "/connected") }) {
			t.Fatal("the program did not connect")
		}
		if ids := statusOf(launcher)["Uid"]; strings.TrimSpace(ids) != "0\t0\t0\t0" {
			t.Errorf("the launcher has the user ids %s", ids)
		}
		must(t, cmd.Process.Kill())
		if !within(5*time.Second, func() bool { return statusOf(launcher)["State"] == "" }) {
			t.Error("the launcher outlives its parent")
			_ = unix.Kill(launcher, unix.SIGKILL)
		}
		_ = cmd.Wait()
	}
}

// userBehind is the user that connected (SO_PEERCRED of unix(7)).
func userBehind(t *testing.T, c *net.UnixConn) int {
	t.Helper()
	raw, err := c.SyscallConn()
	must(t, err)
	user := -1
	must(t, raw.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			user = int(cred.Uid)
		}
	}))
	return user
}

// N6: a jail of root that shows the root directory starts although the jail's
// user can't enter what only root can, and shows nothing of that but what is
// granted there.
func TestN6WholeRoot(t *testing.T) {
	w := newWorld(t)
	diary, key := filepath.Join(w.home, "Documents/diary.txt"), filepath.Join(w.home, ".ssh/id_ed25519")
	must(t, os.Chmod(w.root, 0o700))
	must(t, os.Chmod(filepath.Join(w.root, "run"), 0o700))
	must(t, os.MkdirAll(filepath.Join(w.root, "run", "jail"), 0o700))
	whole := []string{"--profile", "default", "--home", "host", "--read", "/"}
	w.arms("grep -q canary '"+diary+"'", whole, []string{"--hide", diary}, []string{"--read", diary})
	w.arms("grep -q canary '"+diary+"'", whole, nil, []string{"--read", filepath.Dir(diary)})
	// The directory itself, by name; what is secret in it stays so.
	w.arms("grep -q canary '"+key+"'", whole, []string{"--read", w.root}, []string{"--read", w.root, "--read", filepath.Dir(key)})
	args := append([]string{"run"}, whole...)
	w.succeeds(append(args, "--read", w.root, "grep", "-q", "canary", diary)...)
	r := w.succeeds(append(args, "--read", diary, "find", w.root, "-type", "f")...)
	if r.stdout != diary+"\n" {
		t.Errorf("beside what is granted, the jail shows %q", r.stdout)
	}
	before := w.snap()
	for _, script := range []string{"echo x >>'" + diary + "'", "touch '" + w.root + "/made'", "touch '" + w.home + "/made'"} {
		if r := w.jail(append(args, "--read", diary, "sh", "-c", script)...); r.status == 0 || r.status == 125 {
			t.Errorf("%q: exit status %d\n%s", script, r.status, r.output())
		}
	}
	before.unchanged(t)
	profile := w.profile("extends: [default]\nfilesystem: {read: [/], home: host}\n")
	must(t, os.Chmod(profile, 0o644))
	if r := w.succeeds("explain", profile, key); !strings.Contains(r.stdout, "hidden") || !strings.Contains(r.stdout, "what only root can enter") {
		t.Errorf("jail explain says %q", r.stdout)
	}
}
