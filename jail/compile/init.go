package compile

import (
	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/plan"
)

// nonDumpable makes the first process unreadable for what runs beside it: no
// ptrace, no /proc/1/environ, mem, fd or exe (proc(5), PR_SET_DUMPABLE). Its
// command line and environment were overwritten when it began.
func (k *compiler) nonDumpable(b *builder) {
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
	b.call("futex", unix.SYS_FUTEX, plan.NoSlot, initBarrier(), num(plan.FutexWakeOp, "FUTEX_WAKE_OP"), num(1, ""), num(1, ""), initBarrier(),
		num(plan.FutexSetOne, "FUTEX_OP_SET 1"))
}

// closeFrom closes all descriptors from that one on.
func (b *builder) closeFrom(first uint64) {
	b.call("close_range", unix.SYS_CLOSE_RANGE, plan.NoSlot, num(first, ""), num(0xffffffff, "~0"), num(0, ""))
}

func initBarrier() plan.Arg { return plan.Arg{Kind: plan.ArgShared, Num: plan.InitBarrier} }

// waitForLauncher waits until the launcher listens for signals.
func (k *compiler) waitForLauncher(b *builder) {
	b.because("wait for", "the launcher", nil)
	b.wait(plan.Arg{Kind: plan.ArgShared, Num: plan.LauncherBarrier})
}

// wait waits, for ten seconds at most, until a word of shared memory is no
// longer 0. EAGAIN says that it is not 0 already.
func (b *builder) wait(word plan.Arg) {
	limit := &plan.Block{Bytes: words(10, 0), Show: "{10 s}"}
	b.call("futex", unix.SYS_FUTEX, plan.NoSlot, word, num(plan.FutexWait, "FUTEX_WAIT"), num(0, ""), block(limit)).Accept = unix.EAGAIN
}

// waitForReaper waits until the first process has emptied its hands.
func (k *compiler) waitForReaper(b *builder) {
	b.because("wait for", "the jail's first process", nil)
	b.wait(initBarrier())
}
