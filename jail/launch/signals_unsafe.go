package launch

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Signals to the launcher are meant for the program. Their handler is a few instructions
// of our own, which note the signal and wake Process.Wait: os/signal would start four
// threads, which takes longer than the program's whole set-up.

// caught are the signals that the launcher passes on to the program.
func caught() []syscall.Signal {
	return []syscall.Signal{
		syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
		syscall.SIGTSTP, syscall.SIGCONT, syscall.SIGWINCH,
	}
}

// Used by the handler, which can run at any time on any thread.
var (
	signalWake    = int64(-1) // an eventfd(2)
	signalsSent   uint64      // bit N: a process sent signal N
	signalsTyped  uint64      // bit N: the kernel did, for a terminal
	signalActions [64]kernelSigaction
)

// kernelSigaction is struct sigaction of rt_sigaction(2).
type kernelSigaction struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

const (
	sigDefault = 0
	sigIgnore  = 1
)

// Flags of sigaction(2). The handler runs on the stack that the runtime keeps
// for handlers.
const (
	saSiginfo  = 0x4
	saRestorer = 0x04000000
	saOnstack  = 0x08000000
	saRestart  = 0x10000000
)

// handlerAddress is where the handler, noteSignal, begins.
func handlerAddress() uintptr

// restorerAddress is where the handler returns to, rt_sigreturn(2); 0 where
// the kernel has its own.
func restorerAddress() uintptr

func ourAction() kernelSigaction {
	action := kernelSigaction{
		handler: handlerAddress(), restorer: restorerAddress(),
		flags: saSiginfo | saOnstack | saRestart,
		mask:  ^uint64(0),
	}
	if action.restorer != 0 {
		action.flags |= saRestorer
	}
	return action
}

// catchSignals installs the handler, before the program's pid is known, so that no signal
// is lost. Signals that the caller ignores stay ignored: SIGHUP by nohup(1), SIGINT and
// SIGQUIT by a shell for background jobs. The runtime has replaced the action of SIGQUIT,
// but shells ignore both or none.
func catchSignals() error {
	if atomic.LoadInt64(&signalWake) >= 0 {
		return nil
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return err
	}
	atomic.StoreInt64(&signalWake, int64(wake))
	action, ignore := ourAction(), kernelSigaction{handler: sigIgnore}
	setAction(newName, &action, &signalActions[newName])
	for _, sig := range caught() {
		was := &signalActions[sig]
		setAction(sig, &action, was)
		switch {
		case was.handler == sigIgnore:
			setAction(sig, &ignore, nil)
		case sig == syscall.SIGQUIT && signalActions[syscall.SIGINT].handler == sigIgnore:
			setAction(sig, &ignore, nil)
		}
	}
	return nil
}

// releaseSignals ends what catchSignals began.
func releaseSignals() {
	if wakeFD() < 0 {
		return
	}
	setAction(newName, &signalActions[newName], nil)
	for _, sig := range caught() {
		setAction(sig, &signalActions[sig], nil)
	}
	_ = unix.Close(int(atomic.SwapInt64(&signalWake, -1)))
	atomic.StoreUint64(&signalsSent, 0)
	atomic.StoreUint64(&signalsTyped, 0)
}

// takeSignals returns which signals came since the last call.
func takeSignals() (sent, typed uint64) {
	_, _ = unix.Read(wakeFD(), make([]byte, 8))
	return atomic.SwapUint64(&signalsSent, 0), atomic.SwapUint64(&signalsTyped, 0)
}

// raiseDefault sends a signal to this process with the default action, and returns after
// that: for one that stops, when the process is continued. The kernel ignores a stop
// signal of a terminal in an orphaned process group (setpgid(2)).
func raiseDefault(sig syscall.Signal) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	byDefault, was := kernelSigaction{handler: sigDefault}, kernelSigaction{}
	setAction(sig, &byDefault, &was)
	// To this very thread: it is stopped before the call returns.
	_ = unix.Tgkill(unix.Getpid(), unix.Gettid(), sig)
	setAction(sig, &was, nil)
}

// signalOthers sends a signal to the process group of this process, without
// it.
func signalOthers(sig syscall.Signal) {
	ignore, was := kernelSigaction{handler: sigIgnore}, kernelSigaction{}
	setAction(sig, &ignore, &was)
	_ = unix.Kill(0, sig)
	setAction(sig, &was, nil)
}

// wakeFD is readable when there are signals to take.
func wakeFD() int { return int(atomic.LoadInt64(&signalWake)) }

func setAction(sig syscall.Signal, to, from *kernelSigaction) {
	_, _, _ = syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(to)), uintptr(unsafe.Pointer(from)), 8, 0, 0)
}
