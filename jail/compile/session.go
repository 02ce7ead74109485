package compile

import (
	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/plan"
)

// session gives the jail a session of its own, and with it process groups
// that no process outside is in: kill(2) with 0 or a negative number, F_SETOWN of
// fcntl(2) and the signals of a terminal stay inside. The init leads the session and the
// program only a group in it: a group whose parent is in another session counts as
// orphaned, and Ctrl-Z would not stop it (setpgid(2)).
func (k *compiler) session(b *builder) {
	b.because("make", "a session of the jail's own", nil)
	b.call("setsid", unix.SYS_SETSID, plan.NoSlot)
}

// stillIgnored are the signals that may be ignored here although the launcher
// is a Go program, whose runtime takes over all others. SIGHUP stays as it is:
// it is ignored because of nohup(1), and that is meant for the program. 32 to 34
// belong to C libraries.
var stillIgnored = [...]struct {
	number uint64
	name   string
}{
	{uint64(unix.SIGINT), "SIGINT"},
	{uint64(unix.SIGCONT), "SIGCONT"},
	{uint64(unix.SIGTSTP), "SIGTSTP"},
	{uint64(unix.SIGTTIN), "SIGTTIN"},
	{uint64(unix.SIGTTOU), "SIGTTOU"},
	{32, "SIGRT_32"},
	{33, "SIGRT_33"},
	{34, "SIGRT_34"},
}

// signals lets the program begin with no signal blocked and none but SIGHUP
// ignored, whatever the caller did with them.
func (k *compiler) signals(b *builder) {
	b.because("set to their defaults", "the signals", nil)
	action := &plan.Block{Bytes: make([]byte, 32), Show: "{SIG_DFL}"}
	for _, sig := range stillIgnored {
		b.call("rt_sigaction", unix.SYS_RT_SIGACTION, plan.NoSlot, num(sig.number, sig.name), block(action), null(), num(plan.SignalSetSize, ""))
	}
	b.signalMask("[]", 0)
}

// signalMask blocks the signals of a set, bit N-1 for signal N, and no
// others.
func (b *builder) signalMask(show string, set uint64) {
	b.call("rt_sigprocmask", unix.SYS_RT_SIGPROCMASK, plan.NoSlot, num(unix.SIG_SETMASK, "SIG_SETMASK"),
		block(&plan.Block{Bytes: words(set), Show: show}), null(), num(plan.SignalSetSize, ""))
}

// group makes the program's process the leader of a process group.
func (k *compiler) group(b *builder) {
	if !k.plan.Reap {
		return // it leads the session
	}
	b.because("make", "a process group for the program", nil)
	b.call("setpgid", unix.SYS_SETPGID, plan.NoSlot, num(0, ""), num(0, ""))
}

// The umask that the jail's own files are made with, and the bit of a mode that lets
// all users write.
const (
	usualUmask  = 0o022
	othersWrite = 0o002
)

// umask makes the modes of the jail's own directories independent of the caller.
func (k *compiler) umask(b *builder) {
	b.because("set", "the umask", nil)
	b.umask(usualUmask)
}

// callersUmask gives the program the caller's umask, unless that would let all users
// write the program's files.
func (k *compiler) callersUmask(b *builder) {
	if k.h.Umask&othersWrite == 0 || k.h.Umask == usualUmask {
		return
	}
	b.because("set", "the caller's umask", nil)
	b.umask(k.h.Umask)
}

func (b *builder) umask(mask uint32) {
	b.call("umask", unix.SYS_UMASK, plan.NoSlot, octal(mask))
}
