package launch

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/child"
	"github.com/jail-project/jail/jail/plan"
)

// Init is a pre-forked init. While the launcher reads the profile, it makes its
// namespaces, which takes longer than anything else in a launch; then it waits for a
// plan.
type Init struct {
	namespaces uintptr
	pid        int
	memory     *child.Memory
	status     *statusSocket
	control    int // a socket to an init that serves a terminal, or -1
}

// usualSize is address space for a plan of several thousand paths.
const usualSize = 16 << 20

// NewInit forks an init with these namespaces, flags of clone(2). The kernel kills the
// jail when the thread ends that forks the init (PR_SET_PDEATHSIG of prctl(2)). The
// runtime ends a thread only when a goroutine ends that is locked to it: see Start.
//
// With terminal, the init can serve a terminal.
func NewInit(namespaces uintptr, terminal bool) (*Init, error) {
	return newInit(namespaces, terminal, usualSize, nil, nil)
}

func newInit(namespaces uintptr, terminal bool, size int, inputs []plan.Input, join *child.Join) (*Init, error) {
	status, err := newStatusSocket()
	if err != nil {
		return nil, err
	}
	in := &Init{namespaces: namespaces, status: status, control: -1}
	if in.memory, err = child.NewMemory(size); err != nil {
		in.release()
		return nil, err
	}
	slots := append([]plan.Input{{Slot: plan.SlotStatus, FD: status.child}}, inputs...)
	if terminal {
		control, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			in.release()
			return nil, fmt.Errorf("socketpair: %w", err)
		}
		in.control = control[0]
		slots = append(slots, plan.Input{Slot: plan.SlotControl, FD: control[1]})
		defer func() { _ = unix.Close(control[1]) }()
	}
	if in.pid, err = in.memory.Fork(namespaces, child.Descriptors{Launcher: status.ours, Slots: slots, Join: join}); err != nil {
		in.release()
		return nil, err
	}
	status.closeChild()
	return in, nil
}

// fits tells whether the init can run a plan with these inputs.
func (in *Init) fits(p *plan.Plan, inputs []plan.Input) bool {
	return in.namespaces == p.Namespaces && len(inputs) == 0 && p.Join.Path == "" && p.Inside == nil && p.Terminal == (in.control >= 0)
}

// Discard ends an init that was not used; nil is none.
func (in *Init) Discard() {
	if in != nil {
		in.kill()
		in.release()
	}
}

func (in *Init) kill() {
	_ = unix.Kill(in.pid, unix.SIGKILL)
	reap(in.pid)
}

// release closes the sockets and unmaps the memory of the launch.
func (in *Init) release() {
	in.status.close()
	if in.control >= 0 {
		_ = unix.Close(in.control)
		in.control = -1
	}
	if in.memory != nil {
		in.memory.Unmap()
	}
}
