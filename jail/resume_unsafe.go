package jail

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/standin"
	"github.com/jail-project/jail/store"
)

// A head start is a cell that is set up while the Go runtime starts and the
// launcher finds out what it is to set up. The entry point of the program makes it
// (headstart_unsafe.go), from a record of how the last launch of the same
// command line did. The launcher then compiles its plan as always. Only if that plan
// is the recorded one, byte for byte, is the program's process let go; else the cell
// is thrown away, and the launch is one without. What comes behind the wait for
// the launcher is not in the record but always written anew.

// keptRecords is how many records of beginnings a user has at most.
const keptRecords = 64

// Begun returns the cell that was begun before the runtime started, and which
// word of the command line is its program; nil when there is none. It is taken once.
func Begun() (*Cell, int) {
	if ahead.pid == 0 {
		return nil, 0
	}
	b := recordHead()
	c := &Cell{
		namespaces: uintptr(b.namespaces), pid: int(ahead.pid), control: -1,
		report: &report{ours: int(ahead.pair[0]), child: -1, listener: -1},
		memory: unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(nil), ahead.memory)), cellRoom),
		record: unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(nil), ahead.record)), ahead.size),
	}
	c.shared = c.memory[scratchRoom:]
	if b.terminal != 0 {
		c.control = int(ahead.second[0])
	}
	ahead.pid = 0
	return c, int(ahead.index)
}

// recordHead is the head of the record that was found.
func recordHead() *beginning {
	return (*beginning)(unsafe.Add(unsafe.Pointer(nil), ahead.record))
}

// Alone tells that there is no other program in this one's file to go on in.
func Alone() bool { return elsewhere == noElsewhere }

// LikeCaller ends what beLazy and stayHere do, for the calling thread, before it
// executes something else.
func LikeCaller() {
	if ahead.slack != 0 {
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, ahead.slack, 0, 0, 0)
	}
	if ahead.apart {
		runOn(0)
	}
}

// everywhere ends what stayHere does, for all threads there are.
func everywhere() {
	if !ahead.apart {
		return
	}
	fd, err := unix.Open("/proc/self/task", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return // at least this thread may, see resume
	}
	defer func() { _ = unix.Close(fd) }()
	var buf [4096]byte // a handful of threads, 24 bytes each
	n, err := unix.ReadDirent(fd, buf[:])
	if err != nil {
		return
	}
	_, _, names := unix.ParseDirent(buf[:n], -1, nil)
	for _, name := range names {
		if tid, err := strconv.Atoi(name); err == nil {
			runOn(tid)
		}
	}
}

// runOn lets a thread, 0 for the calling one, run wherever the process might when it began.
func runOn(tid int) {
	_, _, _ = syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, uintptr(tid), ahead.cpuSize, uintptr(unsafe.Pointer(&ahead.cpus)))
}

// unmap gives back the memory of a cell that was begun.
func (c *Cell) unmap() {
	_, _, _ = syscall.RawSyscall(syscall.SYS_MUNMAP, ahead.memory, cellRoom, 0)
	_, _, _ = syscall.RawSyscall(syscall.SYS_MUNMAP, ahead.record, ahead.size, 0)
	c.record = nil
}

// newID makes the id of the jail; one that was begun has one.
func newID(id []byte) error {
	if ahead.memory != 0 {
		copy(id, ahead.random[:])
		return nil
	}
	return random(id)
}

// errStale is why a jail that was begun did not go on. Nothing is to be said about
// it: a launch from the beginning will show what is wrong, if anything is.
var errStale = errors.New("it was begun as is not wanted now")

// Stale tells that a cell was begun in vain.
func (f *Failure) Stale() bool { return errors.Is(f.Err, errStale) }

// resume lets a jail that was begun go on, if it was begun as this plan wants
// it. Otherwise, and after any failure, the cell is gone.
func (p *Plan) resume(cell *Cell, held *standin.Held) (*Process, *Failure) {
	l := p.continues(cell)
	if l == nil {
		cell.Discard()
		return nil, &Failure{Plan: p, Err: errStale}
	}
	l.finish(cell.shared)
	if ahead.apart {
		// The launcher is about to wait, and would for ever if another processor
		// were never free for the child.
		runOn(cell.pid)
		runOn(0)
	}
	proc, failure := follow(p, cell, held)
	switch {
	case failure != nil && failure.Ran:
		return nil, failure
	case failure != nil:
		return nil, &Failure{Plan: p, Err: errStale}
	}
	proc.begun = true
	everywhere()
	return proc, nil
}

// continues returns the lowered plan if the cell was begun as it wants it, else
// nil.
func (p *Plan) continues(cell *Cell) *lowering {
	l, record := p.beginning(p.id)
	if l == nil || !bytes.Equal(record[comparedFrom:], cell.record[comparedFrom:]) || len(l.memory) > len(cell.shared) {
		return nil
	}
	return l
}

// finish writes the ops behind waitForLauncher, and what they refer to.
func (l *lowering) finish(shared []byte) {
	base := uint64(uintptr(unsafe.Pointer(&shared[0])))
	for _, p := range l.pointers[l.latePointers:] {
		binary.NativeEndian.PutUint64(l.memory[p.at:], base+uint64(p.to))
	}
	ops := l.opsAt + uintptr(l.late)*unsafe.Sizeof(rawOp{})
	copy(shared[ops:l.arenaAt], l.memory[ops:l.arenaAt])
	late := l.arenaAt + l.lateArena
	copy(shared[late:], l.memory[late:l.arenaAt+uintptr(len(l.arena))])
}

// beginning lowers the plan, and makes the record of its beginning. Both are nil
// for a plan that can't be begun like this: whose beginning takes more than its
// first process, or leaves traces if it ends there.
func (p *Plan) beginning(id string) (*lowering, []byte) {
	if p.Group != nil || len(p.Inputs) > 0 || p.runAs != 0 || len(p.borrowed) > 0 ||
		p.subordinate != "" || p.entering || p.leavesTraces || !p.Reap || !p.OwnPIDs || p.gated == 0 {
		return nil, nil
	}
	l, err := p.lay(make([]byte, planSize(p)))
	if err != nil || l == nil {
		return nil, nil
	}
	return l, l.record(p, id)
}

// record writes the file, but for what is not compared.
func (l *lowering) record(p *Plan, id string) []byte {
	end := l.arenaAt + l.lateArena
	file := make([]byte, beginningSize, beginningSize+end+4096)
	file = append(file, l.memory[:end]...)
	image := file[beginningSize:]
	clear(image[l.opsAt+uintptr(l.late)*unsafe.Sizeof(rawOp{}) : l.arenaAt])
	var ids []uint32
	for at := 0; id != ""; {
		next := bytes.Index(image[at:], []byte(id))
		if next < 0 {
			break
		}
		at += next
		clear(image[at : at+len(id)])
		ids = append(ids, uint32(at))
	}
	for _, a := range l.pointers[:l.latePointers] {
		file = binary.NativeEndian.AppendUint32(file, uint32(a.at))
	}
	for _, at := range ids {
		file = binary.NativeEndian.AppendUint32(file, at)
	}
	for len(file)%8 != 0 {
		file = append(file, 0)
	}
	b := (*beginning)(unsafe.Pointer(&file[0]))
	b.namespaces, b.image = uint64(p.Namespaces), uint64(end)
	b.addresses, b.ids = uint64(l.latePointers), uint64(len(ids))
	if p.Terminal != nil {
		b.terminal = 1
	}
	return file
}

// errNotKept is why there is no record of a beginning.
var errNotKept = errors.New("this beginning is not kept")

// KeepBeginning keeps how a jail that runs was set up, for the next launch of this
// command line, of which the word with an index is the program. Whatever goes
// wrong costs time at the next launch and nothing else; the error is for tests.
func (p *Plan) KeepBeginning(dir string, index int, binary string) error {
	if index >= maxWords || ahead.keys[index] == 0 || ahead.again {
		return errNotKept // after one in vain, not at once: it might be every time
	}
	// Of a program that was put in the place of this one meanwhile nothing is
	// known, least of all how it reads a plan.
	var program, named unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, "/proc/self/exe", 0, unix.STATX_BASIC_STATS, &program); err != nil {
		return err
	}
	if err := unix.Statx(unix.AT_FDCWD, binary, 0, unix.STATX_BASIC_STATS, &named); err != nil {
		return err
	}
	if named.Ino != program.Ino || named.Dev_major != program.Dev_major || named.Dev_minor != program.Dev_minor {
		return errNotKept
	}
	_, file := p.beginning(p.id)
	if file == nil || len(file) > maxBeginning {
		ForgetBeginning(dir)
		return errNotKept
	}
	b := (*beginning)(unsafe.Pointer(&file[0]))
	b.heading, b.size = beginningHeading, uint64(len(file))
	b.program = [...]uint64{
		uint64(program.Dev_major)<<32 | uint64(program.Dev_minor), program.Ino, program.Size,
		nanoseconds(&program.Mtime), nanoseconds(&program.Ctime),
	}
	b.sum = checksum(uintptr(unsafe.Pointer(b)), uintptr(len(file)))
	d, err := store.Make(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Write(recordName(ahead.keys[index]), file); err != nil {
		return err
	}
	d.Prune(recordSuffix, keptRecords)
	return nil
}

// ForgetBeginning removes the record that this launch was begun from in vain. If
// another takes its place, a later launch writes it.
func ForgetBeginning(dir string) {
	if ahead.record == 0 {
		return
	}
	if d, err := store.Open(dir); err == nil {
		_ = d.Remove(recordName(ahead.keys[ahead.index]))
		d.Close()
	}
}

// recordName is the file of a key; see nameRecord.
func recordName(key uint64) string {
	digits := strconv.FormatUint(key, 16)
	return "0000000000000000"[len(digits):] + digits + recordSuffix
}

// Begun tells whether the jail had a head start.
func (p *Process) Begun() bool { return p.begun }
