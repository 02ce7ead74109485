package compile

import (
	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/plan"
)

// nonDumpable makes the init non-dumpable: other processes of the jail can't use
// ptrace on it, nor /proc/1/environ, mem, fd or exe (proc(5), PR_SET_DUMPABLE). It
// overwrote its command line and environment when it began.
func (k *compiler) nonDumpable(b *builder) {
	b.because("make unreadable", "the jail's init", nil)
	b.prctl(unix.PR_SET_DUMPABLE, "PR_SET_DUMPABLE", 0, "")
}

// reaper drops the init's capabilities and descriptors and opens its barrier. All
// that it does after that is to wait for children.
func (k *compiler) reaper(b *builder) {
	b.because("empty", "the jail's init", nil)
	if keptCapabilities(&k.p.Capabilities) != 0 {
		b.capset(0)
	}
	// `jail enter` has a process of its own that waits; see Join.
	b.each = false
	b.closeFrom(b.keptByReaper(k.own))
	b.each = true
	b.because("let", "the program's process go on", nil)
	b.call("futex", unix.SYS_FUTEX, plan.NoSlot, shared(plan.InitBarrier), num(plan.FutexWakeOp, "FUTEX_WAKE_OP"), num(1, ""), num(1, ""),
		shared(plan.InitBarrier), num(plan.FutexSetOne, "FUTEX_OP_SET 1"))
}

// closeFrom closes all descriptors from that one on.
func (b *builder) closeFrom(first uint64) {
	b.call("close_range", unix.SYS_CLOSE_RANGE, plan.NoSlot, num(first, ""), num(0xffffffff, "~0"), num(0, ""))
}

// waitForLauncher waits until the launcher listens for signals.
func (k *compiler) waitForLauncher(b *builder) {
	b.because("wait for", "the launcher", nil)
	b.wait(plan.LauncherBarrier)
}

// wait waits, for ten seconds at most, until a word of shared memory is not 0. The
// kernel says EAGAIN when it is not 0 already.
func (b *builder) wait(word uint64) {
	limit := &plan.Block{Bytes: words(10, 0), Show: "{10 s}"}
	b.call("futex", unix.SYS_FUTEX, plan.NoSlot, shared(word), num(plan.FutexWait, "FUTEX_WAIT"), num(0, ""), block(limit)).Accept = unix.EAGAIN
}

// waitForReaper waits until the init has dropped its capabilities and descriptors.
func (k *compiler) waitForReaper(b *builder) {
	b.because("wait for", "the jail's init", nil)
	b.wait(plan.InitBarrier)
}
