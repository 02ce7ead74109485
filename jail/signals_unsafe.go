package jail

import (
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What is sent to the launcher is meant for the program. The handler is a few
// instructions of our own, see forwardSignal: os/signal would start four threads for it
// and take longer than the program's whole set-up.

// passedOn are the signals that somebody sends to a program by its pid. A
// terminal and a shell send theirs, for windows and job control, to the whole
// group, which the program is a member of.
func passedOn() []syscall.Signal {
	return []syscall.Signal{
		syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
	}
}

// Read by the handler, which can run at any time on any thread.
var (
	signalTarget  = int64(-1) // a pidfd, or -1 as long as there is no program
	signalsEarly  uint64      // bit N: signal N came when there was no program
	signalActions [64]kernelSigaction
)

// kernelSigaction is struct sigaction of rt_sigaction(2).
type kernelSigaction struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

// Flags of sigaction(2). The handler runs on the stack that the runtime keeps
// for handlers.
const (
	saSiginfo  = 0x4
	saRestorer = 0x04000000
	saOnstack  = 0x08000000
	saRestart  = 0x10000000
)

// forwardSignal is the handler: unless the kernel sent the signal, which it
// does to the whole foreground group of a terminal, it sends it on with
// pidfd_send_signal(2).
func handlerAddress() uintptr

// restorerAddress is where the handler returns to, rt_sigreturn(2); 0 where
// the kernel has its own.
func restorerAddress() uintptr

// catchSignals begins to keep the signals for the program. They must not be
// lost between its start and the moment its pid is known here.
func catchSignals() {
	action := kernelSigaction{
		handler: handlerAddress(), restorer: restorerAddress(),
		flags: saSiginfo | saOnstack | saRestart,
		mask:  ^uint64(0),
	}
	if action.restorer != 0 {
		action.flags |= saRestorer
	}
	for _, sig := range passedOn() {
		setAction(sig, &action, &signalActions[sig])
	}
}

// forwardTo passes the signals on, those that came early first.
func forwardTo(pidfd int) {
	atomic.StoreInt64(&signalTarget, int64(pidfd))
	early := atomic.SwapUint64(&signalsEarly, 0)
	for _, sig := range passedOn() {
		if early&(1<<uint(sig)) != 0 {
			_ = unix.PidfdSendSignal(pidfd, sig, nil, 0) // the program may just have ended
		}
	}
}

// releaseSignals ends what catchSignals began.
func releaseSignals() {
	for _, sig := range passedOn() {
		setAction(sig, &signalActions[sig], nil)
	}
	atomic.StoreInt64(&signalTarget, -1)
	atomic.StoreUint64(&signalsEarly, 0)
}

func setAction(sig syscall.Signal, to, from *kernelSigaction) {
	_, _, _ = syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(to)), uintptr(unsafe.Pointer(from)), 8, 0, 0)
}
