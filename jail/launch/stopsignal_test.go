package launch

import (
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/plan"
)

// A message of the child can stop the launcher and not end it.
func TestStopSignalOnlyStops(t *testing.T) {
	stops := map[syscall.Signal]bool{unix.SIGSTOP: true, unix.SIGTSTP: true, unix.SIGTTIN: true, unix.SIGTTOU: true}
	for step := range int32(1 << 16) {
		sig := stopSignal(plan.StatusMessage{Step: step, Errno: 1})
		if !stops[sig] {
			t.Fatalf("status %#x gives signal %d", step, sig)
		}
		if status := syscall.WaitStatus(step); status.Stopped() && stops[status.StopSignal()] && sig != status.StopSignal() {
			t.Errorf("status %#x gives signal %d, not the one that stopped", step, sig)
		}
	}
}

// Whatever flags an init is forked with, its end sends SIGCHLD: the launcher survives one
// that asks for SIGKILL.
func TestInitEndsWithoutHarm(t *testing.T) {
	for _, sig := range []syscall.Signal{unix.SIGKILL, unix.SIGTERM, unix.SIGUSR1, 0} {
		init, err := NewInit(unix.CLONE_NEWUSER|unix.CLONE_NEWPID|uintptr(sig), false)
		if err != nil {
			t.Fatal(err)
		}
		init.Discard()
	}
}
