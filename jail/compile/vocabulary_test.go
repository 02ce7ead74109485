package compile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/jailtest"
	"github.com/jail-project/jail/jail/plan"
)

// TestPlanVocabulary executes a plan that no profile asks for: everything
// that a front with other options than ours needs to be able to say.
func TestPlanVocabulary(t *testing.T) {
	jailtest.RequireJails(t)
	h := jailtest.RealHost(t)
	if err := os.Mkdir(filepath.Join(h.Home, "out"), 0o755); err != nil {
		t.Fatal(err)
	}
	content, err := os.CreateTemp(h.Home, "content")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := content.WriteString("from a descriptor"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = content.Close() }() // also keeps the descriptor open
	readyRead, readyWrite, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = readyRead.Close(), readyWrite.Close() }()
	const contentSlot, readySlot plan.Slot = 40, 41

	script := strings.Join([]string{
		`exec > ` + h.Home + `/out/seen`,
		`readlink /opt/link`,
		`cat /opt/inline; echo; cat /opt/copied; echo`,
		`stat -c %a /opt/dir`,
		`touch /opt/dir/x 2>/dev/null && echo writable || echo sealed`,
		`grep -c mqueue /proc/self/mounts`,
		`test -c /opt/null && echo device`,
		`echo pid $$`,
	}, "; ")
	var extra []plan.Op
	m := &mounter{builder: newBuilder(&extra), blocks: newBlocks(), k: &compiler{h: h}}
	m.next = 20
	open := fstree.Setting{}
	m.mkdirat(fd(plan.SlotRoot), "opt", 0o755)
	m.symlinkat("/usr", "opt/link")
	m.text(&fstree.Grant{Text: "inline"}, "opt/inline", open)
	copyFile(m, contentSlot, "opt/copied", 17)
	m.mkdirat(fd(plan.SlotRoot), "opt/dir", 0o710)
	remount := m.newTmpfs(1<<20, 10, 0o710)
	m.moveTo(remount, "opt/dir")
	m.setAttr(remount, "", 0, m.rootOnly)
	m.mkdirat(fd(plan.SlotRoot), "opt/mqueue", 0o755)
	m.moveTo(m.newFS("mqueue", unix.MOUNT_ATTR_NOSUID, "MOUNT_ATTR_NOSUID"), "opt/mqueue")
	m.attach(m.cloneHost("/dev/null", false, m.device), &fstree.Grant{File: host.KindFile}, "opt/null", open)
	m.closeParent()
	// The tree must be attached for a remount of something inside it.
	made := attachedVariant(t, h, script)
	at := indexOf(t, made.Setup, "tidy up")
	made.Setup = append(made.Setup[:at:at], append(extra, made.Setup[at:]...)...)
	// The program as the init, and a byte on a descriptor of the
	// caller when everything is set up.
	made.Reap, made.Init = false, nil
	made.Program = withoutOp(withoutOp(made.Program, "futex"), "setpgid")
	var ready []plan.Op
	newBuilder(&ready).call("write", unix.SYS_WRITE, plan.NoSlot, fd(readySlot), text("!"), num(1, ""))
	made.Program = append(ready, made.Program...)
	made.Inputs = []plan.Input{{Slot: contentSlot, FD: int(content.Fd())}, {Slot: readySlot, FD: int(readyWrite.Fd())}}

	process, failure := start(t, made)
	if failure != nil {
		t.Fatal(failure.Diagnostic())
	}
	var b [1]byte
	if _, err := readyRead.Read(b[:]); err != nil || b[0] != '!' {
		t.Errorf("ready: %q, %v", b, err)
	}
	if status := process.Wait(); status != 0 {
		t.Errorf("status %d", status)
	}
	seen, err := os.ReadFile(filepath.Join(h.Home, "out", "seen"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "/usr\ninline\nfrom a descriptor\n710\nsealed\n1\ndevice\npid 1\n"; string(seen) != want {
		t.Errorf("inside was seen\n%s\nwant\n%s", seen, want)
	}
}

func attachedVariant(t *testing.T, h *host.Host, script string) *plan.Plan {
	t.Helper()
	h.Kernel.DetachedTree = false
	c, problems := compileFor(t, strings.Replace(jailtest.SystemProfile, "filesystem:", "filesystem:\n  write: [~/out]", 1), h, "/bin/sh", "-c", script)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	return c.Plan
}

func copyFile(m *mounter, from plan.Slot, path string, n uint64) {
	s := m.slot()
	how := &plan.Block{Bytes: words(unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, 0o444, unix.RESOLVE_BENEATH), Show: "{O_WRONLY|O_CREAT|O_EXCL}"}
	m.openat2(s, fd(plan.SlotRoot), path, how)
	start := &plan.Block{Bytes: words(0), Show: "[0]"}
	m.call("sendfile", unix.SYS_SENDFILE, plan.NoSlot, fd(s), fd(from), block(start), num(n, ""))
	m.close(s)
}

func indexOf(t *testing.T, ops []plan.Op, verb string) int {
	t.Helper()
	for i := range ops {
		if ops[i].Verb == verb {
			return i
		}
	}
	t.Fatalf("no op to %s", verb)
	return 0
}

func withoutOp(ops []plan.Op, name string) []plan.Op {
	var out []plan.Op
	for _, o := range ops {
		if o.Name != name {
			out = append(out, o)
		}
	}
	return out
}

// TestJoinNamespaces starts a program in the namespaces of another jail.
func TestJoinNamespaces(t *testing.T) {
	jailtest.RequireJails(t)
	h := jailtest.RealHost(t)
	outer, problems := compileFor(t, jailtest.SystemProfile+"identity: {hostname: first}\n", h, "/bin/sleep", "100")
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	first, failure := start(t, outer.Plan)
	if failure != nil {
		t.Fatal(failure.Diagnostic())
	}
	defer func() { _ = first.Kill(); first.Wait() }()
	pidfd, err := unix.PidfdOpen(first.Pid(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(pidfd) }()

	const target plan.Slot = 40
	var setup, program []plan.Op
	b := newBuilder(&setup)
	b.call("setns", unix.SYS_SETNS, plan.NoSlot, fd(target), num(unix.CLONE_NEWUSER|unix.CLONE_NEWUTS|unix.CLONE_NEWNS|unix.CLONE_NEWPID|unix.CLONE_NEWNET|unix.CLONE_NEWIPC, ""))
	b.list = &program
	k := &compiler{plan: &plan.Plan{Path: "/bin/sh", Argv: []string{"sh", "-c", "test $(hostname) = first && test $(cat /proc/1/comm) != cat"}, OwnPIDs: true}}
	k.descriptors(b)
	k.ready(b)
	k.execute(b)
	joined := &plan.Plan{Namespaces: uintptr(unix.SIGCHLD), Setup: setup, Program: program, Reap: true, Inputs: []plan.Input{{Slot: target, FD: pidfd}}}
	process, failure := start(t, joined)
	if failure != nil {
		t.Fatal(failure.Diagnostic())
	}
	if status := process.Wait(); status != 0 {
		t.Errorf("the program in the other jail's namespaces ended with %d", status)
	}
}
