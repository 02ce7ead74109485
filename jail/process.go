package jail

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/caps"
	"github.com/jail-project/jail/diag"
)

// refuseUnusable reports what can't reach a kernel interface unchanged.
func (k *compiler) refuseUnusable() {
	for _, a := range k.c.Argv {
		if strings.IndexByte(a, 0) >= 0 {
			k.problem("nul-byte", "an argument contains a NUL byte", k.c.At)
		}
	}
	if n, _ := caps.Number("sys_admin"); keptCapabilities(&k.p.Capabilities).Has(n) {
		at := keepOrigin(&k.p.Capabilities, n)
		if at == nil {
			at = new(diag.Range)
		}
		k.problems = append(k.problems, diag.Diagnostic{
			Code: "undoes-jail", Subject: *at,
			Summary: "a program that keeps sys_admin could uncover what is hidden and write what is read-only",
			Remedy:  "leave it out: no jail can keep it",
		})
	}
	if k.plan.Time = k.p.Limits.Time.V; k.plan.Time < 0 {
		k.problem("bad-limit", "the time limit is negative", k.p.Limits.Time.At)
	}
}

// identity maps one user and one group, the only ones an unprivileged
// process may map (user_namespaces(7)). setgroups(2) is off for good, as the kernel
// demands before a group is mapped.
func (k *compiler) identity(b *builder) {
	u := &k.p.Identity.User
	if k.h.RunAs > 0 {
		if _, _, ok := insideIDs(u.V, k.h); ok {
			return // the launcher has written the maps
		}
	}
	uid, gid, ok := insideIDs(u.V, k.h)
	if !ok {
		k.problem("bad-user", "identity.user is neither keep, root, nobody nor a user id: "+diag.Quote(u.V), u.At)
		return
	}
	for _, f := range [...]struct{ name, text string }{
		{"/proc/self/setgroups", "deny"},
		{"/proc/self/uid_map", fmt.Sprintf("%d %d 1\n", uid, k.h.UID)},
		{"/proc/self/gid_map", fmt.Sprintf("%d %d 1\n", gid, k.h.GID)},
	} {
		if k.plan.subordinate != "" && f.name != "/proc/self/uid_map" {
			continue // the launcher's helper has written them
		}
		b.because("set up the user namespace in", f.name, &u.At)
		b.writeFile(cwd(), f.name, f.text)
	}
}

// nobody is the user and group that stand for all that a namespace has no
// number for (user_namespaces(7), overflowuid).
const nobody = 65534

// insideIDs tells which user and group the caller is in the jail.
func insideIDs(user string, h *Host) (uid, gid int, ok bool) {
	switch user {
	case "", "keep":
		return h.UID, h.GID, true
	case "root":
		return 0, 0, true
	case "nobody":
		return nobody, nobody, true
	}
	n, err := strconv.ParseUint(user, 10, 31)
	return int(n), int(n), err == nil
}

// writeFile writes a short text to a file of /proc in one go.
func (b *builder) writeFile(dir Arg, name, content string) { b.tryWriteFile(dir, name, content, 0) }

// tryWriteFile is writeFile where one errno of the write is no failure.
func (b *builder) tryWriteFile(dir Arg, name, content string, accept syscall.Errno) {
	s := b.slot()
	b.call("openat", unix.SYS_OPENAT, s, dir, text(name), num(unix.O_WRONLY|unix.O_CLOEXEC, "O_WRONLY|O_CLOEXEC"), num(0, ""))
	b.call("write", unix.SYS_WRITE, NoSlot, fd(s), block(&Block{Bytes: []byte(content), Show: strconv.Quote(content)}),
		num(uint64(len(content)), "")).Accept = accept
	b.close(s)
}

// loopback brings up lo in a network namespace of the jail's own: programs
// expect 127.0.0.1 to be there.
func (k *compiler) loopback(b *builder) {
	if k.plan.Namespaces&unix.CLONE_NEWNET == 0 {
		return
	}
	b.because("bring up", "the loopback interface", &k.p.Network.Mode.At)
	// struct ifreq of netdevice(7): 16 bytes of name, then the flags.
	req := make([]byte, 40)
	copy(req, "lo")
	binary.NativeEndian.PutUint16(req[16:], unix.IFF_UP|unix.IFF_RUNNING)
	s := b.slot()
	b.call("socket", unix.SYS_SOCKET, s, num(unix.AF_INET, "AF_INET"), num(unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, "SOCK_DGRAM|SOCK_CLOEXEC"), num(0, ""))
	b.call("ioctl", unix.SYS_IOCTL, NoSlot, fd(s), num(unix.SIOCSIFFLAGS, "SIOCSIFFLAGS"), block(&Block{Bytes: req, Show: `{"lo", IFF_UP|IFF_RUNNING}`}))
	b.close(s)
}

func (k *compiler) names(b *builder) {
	name := &k.p.Identity.Hostname
	if !k.p.Namespaces.UTS.V || name.V == "" {
		return
	}
	b.because("set", "the host name", &name.At)
	b.call("sethostname", unix.SYS_SETHOSTNAME, NoSlot, text(name.V), num(uint64(len(name.V)), ""))
}

// keyring replaces the caller's session keyring, which holds keys and
// tokens, by an empty one (session-keyring(7)). A kernel without keyrings has
// nothing to hide.
func (k *compiler) keyring(b *builder) {
	b.because("make", "an empty session keyring", nil)
	b.call("keyctl", unix.SYS_KEYCTL, NoSlot, num(unix.KEYCTL_JOIN_SESSION_KEYRING, "KEYCTL_JOIN_SESSION_KEYRING"),
		null(), num(0, ""), num(0, ""), num(0, "")).Accept = unix.ENOSYS
}

// workDirectory keeps the caller's directory if the jail shows it, else it is
// the home directory, else the root.
func (k *compiler) workDirectory(b *builder) {
	for _, dir := range [...]string{k.h.Cwd, k.h.Home} {
		if dir == "" {
			continue
		}
		at := k.view.resolver.resolve(dir)
		if at.kind == KindDir && k.hasDirectory(at.real) {
			b.because("enter", "the working directory", nil)
			b.call("chdir", unix.SYS_CHDIR, NoSlot, text(at.real))
			return
		}
	}
}

// hasDirectory tells whether a directory of the host is there in the jail.
// Inside a home or a root of the jail's own, that depends on what lies there.
func (k *compiler) hasDirectory(real string) bool {
	s, _ := k.view.root.lookup(real)
	switch {
	case s.by != nil && s.by.real == real && (s.bound || s.by.kind == grantTmpfs):
		return true
	case !s.bound:
		return k.view.frames(real) // with --read FILE, FILE is found by its name
	case s.by.source != "" && s.by.kind != grantOverlay:
		return k.h.Files.Kind(join(s.by.source, strings.TrimPrefix(real[len(s.by.real):], "/"))) == KindDir
	default:
		return true
	}
}

// opaque makes the first process unreadable for what runs beside it: no
// ptrace, no /proc/1/environ, mem, fd or exe (proc(5), PR_SET_DUMPABLE). Its
// command line and environment were overwritten when it began.
func (k *compiler) opaque(b *builder) {
	b.because("make unreadable", "the jail's first process", nil)
	b.prctl(unix.PR_SET_DUMPABLE, "PR_SET_DUMPABLE", 0, "")
}

// reaper is what is left to do in the first process: it waits with nothing
// in its hands.
func (k *compiler) reaper(b *builder) {
	b.because("empty", "the jail's first process", nil)
	if keptCapabilities(&k.p.Capabilities) != 0 {
		b.capset(0)
	}
	// Who enters the jail has its own process for this; see Join.
	b.each = false
	b.closeFrom(b.keptByReaper(k.own))
	b.each = true
	b.because("let", "the program's process go on", nil)
	b.call("futex", unix.SYS_FUTEX, NoSlot, gate(), num(futexWakeOp, "FUTEX_WAKE_OP"), num(1, ""), num(1, ""), gate(),
		num(futexSetOne, "FUTEX_OP_SET 1"))
}

// closeFrom closes all descriptors from that one on.
func (b *builder) closeFrom(first uint64) {
	b.call("close_range", unix.SYS_CLOSE_RANGE, NoSlot, num(first, ""), num(0xffffffff, "~0"), num(0, ""))
}

// The gate is a word in shared memory, 0 while the first process is not
// ready: should that fail, the program has not run. See futex(2).
const (
	gateOffset  = 4
	openOffset  = 8
	futexWait   = 0
	futexWake   = 1
	futexWakeOp = 5
	futexSetOne = 1 << 12 // FUTEX_OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0)

	// Another word: the program's pid, as the jail numbers it.
	programOffset = 12
)

func gate() Arg { return Arg{Kind: ArgShared, Num: gateOffset} }

// waitForLauncher waits until the launcher listens for signals.
func (k *compiler) waitForLauncher(b *builder) {
	b.because("wait for", "the launcher", nil)
	b.wait(Arg{Kind: ArgShared, Num: openOffset})
}

// wait waits, for ten seconds at most, until a word of shared memory is no
// longer 0. EAGAIN says that it is not 0 already.
func (b *builder) wait(word Arg) {
	limit := &Block{Bytes: words(10, 0), Show: "{10 s}"}
	b.call("futex", unix.SYS_FUTEX, NoSlot, word, num(futexWait, "FUTEX_WAIT"), num(0, ""), block(limit)).Accept = unix.EAGAIN
}

// waitForReaper waits until the first process has emptied its hands.
func (k *compiler) waitForReaper(b *builder) {
	b.because("wait for", "the jail's first process", nil)
	b.wait(gate())
}

// descriptors lets nothing but standard input, output and error through
// execve(2).
func (k *compiler) descriptors(b *builder) {
	b.because("close", "every other descriptor", nil)
	if !k.plan.OwnPIDs {
		b.prctl(unix.PR_SET_PDEATHSIG, "PR_SET_PDEATHSIG", uint64(unix.SIGKILL), "SIGKILL")
	}
	b.call("close_range", unix.SYS_CLOSE_RANGE, NoSlot, num(3, ""), num(0xffffffff, "~0"), num(unix.CLOSE_RANGE_CLOEXEC, "CLOSE_RANGE_CLOEXEC"))
}

// ready tells the launcher that set-up is complete; see record.
func (k *compiler) ready(b *builder) {
	b.because("report", "that everything is set up", nil)
	if listener := k.plan.listener(); listener != nil {
		b.call("sendmsg", unix.SYS_SENDMSG, NoSlot, fd(slotReport), block(readyMessage(listener)), num(0, ""))
		return
	}
	b.call("write", unix.SYS_WRITE, NoSlot, fd(slotReport), block(&Block{Bytes: readyRecord(), Show: "ready"}), num(recordSize, ""))
}

func (k *compiler) filter(b *builder) {
	f := FilterOf(k.p)
	k.plan.Filter = &f
	if !letsExecute(&f) {
		k.problems = append(k.problems, diag.Diagnostic{
			Code: "no-execve", Subject: k.p.Syscalls.Default.At, Summary: "the syscalls of this profile do not include execve: no program could start",
			Remedy: "allow @default, or what the program needs, execve and exit_group among it",
		})
	}
	// struct sock_fprog of seccomp(2); its program is filled in by the launcher.
	k.plan.filterProg = &Block{Bytes: make([]byte, 16), Show: "filter"}
	b.because("install", "the syscall filter", &k.p.Syscalls.Default.At)
	b.call("seccomp", unix.SYS_SECCOMP, NoSlot, num(unix.SECCOMP_SET_MODE_FILTER, "SECCOMP_SET_MODE_FILTER"), num(0, ""), block(k.plan.filterProg))
}

// SetFilterProgram gives the plan the compiled form of Filter: struct
// sock_filter after struct sock_filter, at most 4096 of them.
func (p *Plan) SetFilterProgram(program []byte) {
	binary.NativeEndian.PutUint16(p.filterProg.Bytes, uint16(len(program)/8))
	p.filterProg.Refs = []Ref{{Offset: 8, Block: &Block{Bytes: program}}}
}

func (k *compiler) execute(b *builder) {
	b.because("execute", k.plan.Path, &k.c.At)
	b.call("execve", unix.SYS_EXECVE, NoSlot, text(k.plan.Path), block(vector("argv", k.plan.Argv)), block(vector("envp", k.plan.Env)))
}

// vector is a NULL-terminated array of strings.
func vector(name string, texts []string) *Block {
	v := &Block{Bytes: make([]byte, 8*(len(texts)+1)), Show: name + "[" + strconv.Itoa(len(texts)) + "]"}
	for i, t := range texts {
		v.Refs = append(v.Refs, Ref{Offset: 8 * i, Text: t})
	}
	return v
}
