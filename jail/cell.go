package jail

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// Cell is the first process of a jail to be. It makes its namespaces, which
// takes longer than anything else in a launch, while the launcher reads the
// profile, and waits for a plan.
type Cell struct {
	namespaces uintptr
	pid        int
	memory     []byte // what both processes see
	shared     []byte // of that, the plan, see raw
	report     *report
	control    int // a socket to a first process that serves a terminal, or -1
}

// UsualNamespaces are those of a profile that changes nothing about them.
const UsualNamespaces = unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWNET | uintptr(unix.SIGCHLD)

// atClone are the namespaces that clone(2) has to make: a process can't move
// itself into a new PID namespace, and the user namespace comes before all
// others.
const atClone = unix.CLONE_NEWUSER | unix.CLONE_NEWPID | uintptr(0xff)

// cellSize is address space for a plan of several thousand paths; memory is
// taken only for what a plan fills.
const cellSize = 16 << 20

// NewCell makes a cell with namespaces. The jail is tied to the thread that
// forks it (PR_SET_PDEATHSIG of prctl(2)). The runtime keeps its threads for
// good, but for those of a goroutine that ends locked to one: see Start.
//
// A cell with a terminal is one that can serve it.
func NewCell(namespaces uintptr, terminal bool) (*Cell, error) {
	return newCell(namespaces, terminal, cellSize, nil)
}

// planSize is more than enough shared memory for a plan.
func planSize(p *Plan) int {
	size := 1 << 20
	for _, part := range [][]Op{p.Setup, p.Init, p.Program} {
		for i := range part {
			size += 256
			for j := range part[i].Args {
				size += argSize(&part[i].Args[j])
			}
		}
	}
	return (size + 4095) &^ 4095
}

func argSize(a *Arg) int {
	size := len(a.Text) + 1
	if a.Block != nil {
		size += blockSize(a.Block)
	}
	return size
}

func blockSize(b *Block) int {
	size := len(b.Bytes) + 16
	for i := range b.Refs {
		size += len(b.Refs[i].Text) + 1
		if b.Refs[i].Block != nil {
			size += blockSize(b.Refs[i].Block)
		}
	}
	return size
}

func newCell(namespaces uintptr, terminal bool, size int, inputs []Input) (*Cell, error) {
	report, err := newReport()
	if err != nil {
		return nil, err
	}
	c := &Cell{namespaces: namespaces, report: report, control: -1}
	if c.memory, err = unix.Mmap(-1, 0, size+int(scratchRoom), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE); err != nil {
		c.release()
		return nil, fmt.Errorf("map memory to share: %w", err)
	}
	s := newScratch(c.memory)
	c.shared = c.memory[scratchRoom:]
	if terminal {
		control, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			c.release()
			return nil, fmt.Errorf("socketpair: %w", err)
		}
		c.control, s.slots[slotControl] = control[0], uintptr(control[1])
		defer func() { _ = unix.Close(control[1]) }()
	}
	s.ours, s.unshare = uintptr(report.ours), namespaces&^atClone
	for _, in := range inputs {
		s.slots[in.Slot] = uintptr(in.FD)
	}
	s.slots[slotReport] = uintptr(report.child)
	if err := s.findCommandLine(); err != nil {
		c.release()
		return nil, fmt.Errorf("find this process's own command line in /proc/self/stat: %w", err)
	}
	s.part(c.memory)

	syscall.ForkLock.Lock()
	pid, errno := fork(header(c.shared), s, namespaces&atClone)
	syscall.ForkLock.Unlock()
	if errno != 0 {
		c.release()
		return nil, forkError(errno)
	}
	report.closeChild()
	c.pid = int(pid)
	return c, nil
}

// forkError is the kernel's refusal to make the first process.
type forkError syscall.Errno

func (e forkError) Error() string { return "new namespaces: " + syscall.Errno(e).Error() }

// Discard ends a cell that was not used.
func (c *Cell) Discard() {
	c.kill()
	c.release()
}

func (c *Cell) kill() {
	_ = unix.Kill(c.pid, unix.SIGKILL)
	reap(c.pid)
}

// release gives back what only the launch needed.
func (c *Cell) release() {
	c.report.close()
	if c.control >= 0 {
		_ = unix.Close(c.control)
		c.control = -1
	}
	if c.memory != nil {
		_ = unix.Munmap(c.memory)
		c.memory, c.shared = nil, nil
	}
}
