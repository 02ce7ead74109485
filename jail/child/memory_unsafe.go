package child

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/procstat"
)

// Memory is shared by launcher and child: it holds the encoded plan and a scratch for
// each process of the child.
type Memory struct {
	all    []byte
	shared []byte // of that, the plan, see encoded
	// Where the blocks of the plan are in the arena, which is in shared.
	arena  []byte
	blocks map[*plan.Block]uintptr
}

// NewMemory maps memory for a plan of so many bytes. The kernel allocates only the pages
// that are written.
func NewMemory(size int) (*Memory, error) {
	all, err := unix.Mmap(-1, 0, size+int(scratchRoom), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("map memory to share: %w", err)
	}
	return &Memory{all: all, shared: all[scratchRoom:]}, nil
}

// Unmap gives the memory back. The child keeps its own mapping.
func (m *Memory) Unmap() {
	if m.all != nil {
		_ = unix.Munmap(m.all)
		m.all, m.shared = nil, nil
	}
}

// header is the plan in shared memory.
func (m *Memory) header() *encoded { return (*encoded)(unsafe.Pointer(&m.shared[0])) }

// Step is the op that is being executed, or was when the child ended.
func (m *Memory) Step() plan.Index { return plan.Index(atomic.LoadUint32(&m.header().step)) }

// Result returns what the kernel has written into a block of the plan, see
// Block.Result.
func (m *Memory) Result(b *plan.Block) []byte {
	at := m.blocks[b]
	return m.arena[at : at+uintptr(len(b.Bytes))]
}

// OpenBarrier lets the program's process go on, which waits until the launcher
// listens for signals.
func (m *Memory) OpenBarrier() {
	barrier := &m.header().launcherBarrier
	atomic.StoreUint32(barrier, 1)
	_, _, _ = syscall.RawSyscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(barrier)), plan.FutexWake, 1, 0, 0, 0)
}

// Descriptors are what the child inherits.
type Descriptors struct {
	Launcher int          // the launcher's end of the socket for status messages: the child closes it
	Slots    []plan.Input // by the slots of the plan
	Join     *Join        // nil for the launcher's own network, or a new one
}

// ForkError is the kernel's refusal to make the init.
type ForkError syscall.Errno

func (e ForkError) Error() string { return "new namespaces: " + syscall.Errno(e).Error() }

// byClone are the namespaces that clone(2) has to make: a process can't move
// itself into a new PID namespace, and the user namespace comes before all
// others.
const byClone = unix.CLONE_NEWUSER | unix.CLONE_NEWPID

// exitSignal are the bits of the flags that are the signal at the child's end. It is always
// SIGCHLD: by default others end the launcher.
const exitSignal = uintptr(0xff)

// Fork starts the jail's init and returns its pid. namespaces are flags of
// clone(2). The child makes its namespaces and waits for a message on its end of
// the socket for status messages, slotReport, which says that a plan is in the
// memory. It dies with the thread that called Fork (PR_SET_PDEATHSIG of prctl(2)).
func (m *Memory) Fork(namespaces uintptr, d Descriptors) (pid int, err error) {
	s := newScratch(m.all)
	s.ours, s.unshare = uintptr(d.Launcher), namespaces&^(byClone|exitSignal)
	for _, in := range d.Slots {
		s.slots[in.Slot] = uintptr(in.FD)
	}
	if err := s.findCommandLine(); err != nil {
		return 0, fmt.Errorf("find this process's own command line in /proc/self/stat: %w", err)
	}
	s.dontFork(m.all)
	syscall.ForkLock.Lock()
	defer syscall.ForkLock.Unlock()
	flags := namespaces&byClone | uintptr(unix.SIGCHLD)
	s.fill(flags)
	if d.Join != nil {
		return m.join(s, d.Join)
	}
	child, errno := fork(m.header(), s, flags)
	if errno != 0 {
		return 0, ForkError(errno)
	}
	return int(child), nil
}

// findCommandLine looks up the memory that the kernel shows as /proc/PID/cmdline and
// environ of this process, fields 48 to 51 of proc_pid_stat(5). The child overwrites its
// copy.
func (s *scratch) findCommandLine() error {
	stat, err := procstat.Read("/proc/self/stat")
	if err != nil {
		return err
	}
	start, err := stat.Number(48)
	if err != nil {
		return err
	}
	end, err := stat.Number(51)
	if err != nil {
		return err
	}
	if start == 0 || end < start || end-start > 8<<20 {
		return strconv.ErrRange
	}
	s.commandLine, s.commandLineSize = unsafe.Add(unsafe.Pointer(nil), start), uintptr(end-start)
	return nil
}
