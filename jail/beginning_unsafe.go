package jail

import (
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// beginning is the head of a record: how a jail was set up, up to the moment at
// which its program waits for the launcher. Behind it lie the image of a plan,
// see lowering, then the offsets in it of its addresses, which count from its
// beginning, and of the jail's id, which is left out, 32 bits each.
type beginning struct {
	heading uint64
	sum     uint64 // of everything behind it
	size    uint64 // of everything
	program [5]uint64

	// From here on a launcher makes it anew, and compares.
	namespaces uint64
	terminal   uint64 // 1: the first process serves one
	image      uint64 // bytes
	addresses  uint64 // how many
	ids        uint64 // how many
	_          uint64
}

const (
	beginningHeading = 0x3130_6e69_6765_626a // "jbegin01"
	beginningSize    = unsafe.Sizeof(beginning{})
	comparedFrom     = unsafe.Offsetof(beginning{}.namespaces)
	maxBeginning     = 4 << 20 // bytes
	idDigits         = 32      // of Host.RandomID
)

// openRecord takes the file of a key, if it can be believed: nobody but the
// user could have written it, this very executable did, and no bit of it has
// changed.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func openRecord(dir uintptr, key uint64) bool {
	var fd, size, at, ret uintptr
	var errno syscall.Errno

	nameRecord(key)
	fd, _, errno = syscall.RawSyscall6(syscall.SYS_OPENAT, dir, uintptr(unsafe.Pointer(&ahead.path)),
		unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return false
	}
	if examine(fd, unix.S_IFREG, 0o7177) && ahead.stat.Nlink == 1 && ahead.stat.Size >= uint64(beginningSize) && ahead.stat.Size <= maxBeginning {
		size = uintptr(ahead.stat.Size)
		at, _, errno = syscall.RawSyscall6(syscall.SYS_MMAP, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_POPULATE, ^uintptr(0), 0)
		if errno == 0 {
			ret, _, errno = syscall.RawSyscall6(syscall.SYS_READ, fd, at, size, 0, 0, 0)
			if errno == 0 && ret == size && intact(at, size) {
				ahead.record, ahead.size = at, size
			} else {
				syscall.RawSyscall6(syscall.SYS_MUNMAP, at, size, 0, 0, 0, 0)
			}
		}
	}
	syscall.RawSyscall6(syscall.SYS_CLOSE, fd, 0, 0, 0, 0, 0)
	return ahead.record != 0
}

// intact tells whether the contents of a file are a record of this executable.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func intact(at, size uintptr) bool {
	var b *beginning
	var errno syscall.Errno
	var rest, i uintptr

	b = (*beginning)(unsafe.Add(unsafe.Pointer(nil), at))
	if b.heading != beginningHeading || b.size != uint64(size) || size%8 != 0 || b.sum != checksum(at, size) {
		return false
	}
	_, _, errno = syscall.RawSyscall6(unix.SYS_STATX, atCwd, textAt("/proc/self/exe\x00"), 0, unix.STATX_BASIC_STATS, uintptr(unsafe.Pointer(&ahead.stat)), 0)
	if errno != 0 || b.program[0] != uint64(ahead.stat.Dev_major)<<32|uint64(ahead.stat.Dev_minor) || b.program[1] != ahead.stat.Ino ||
		b.program[2] != ahead.stat.Size || b.program[3] != nanoseconds(&ahead.stat.Mtime) || b.program[4] != nanoseconds(&ahead.stat.Ctime) {
		return false
	}
	rest = size - beginningSize
	if b.image < uint64(unsafe.Sizeof(raw{})) || b.image > uint64(rest) || b.image%16 != 0 {
		return false
	}
	rest = (rest - uintptr(b.image)) / 4
	if b.addresses > uint64(rest) || b.ids > uint64(rest)-b.addresses {
		return false
	}
	for i = 0; i < uintptr(b.addresses+b.ids); i++ {
		if uint64(offsetAt(b, i))+idDigits > b.image {
			return false
		}
	}
	return true
}

// offsetAt is one of the offsets behind the image.
//
//go:nosplit
//go:norace
//go:nocheckptr
func offsetAt(b *beginning, i uintptr) uint32 {
	return *(*uint32)(unsafe.Add(unsafe.Pointer(b), beginningSize+uintptr(b.image)+4*i))
}

// checksum is of a record from behind the sum to its end.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func checksum(at, size uintptr) uint64 {
	var i uintptr
	var sum uint64

	sum = 1
	for i = unsafe.Offsetof(beginning{}.size); i < size; i += 8 {
		sum = mix(sum, uint64(word(at+i)))
	}
	return sum
}

// layCell makes all of a cell but the child, as newCell does, for a record that
// was found, and puts the plan into it. It returns nil when that fails. clear and
// end are the command line and environment of this process.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func layCell(clear, end uintptr) *scratch {
	var b *beginning
	var s *scratch
	var memory uintptr
	var errno syscall.Errno

	b = (*beginning)(unsafe.Add(unsafe.Pointer(nil), ahead.record))
	memory, _, errno = syscall.RawSyscall6(syscall.SYS_MMAP, 0, cellRoom, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE, ^uintptr(0), 0)
	if errno != 0 || !makeSockets(b.terminal != 0) {
		return nil
	}
	_, _, errno = syscall.RawSyscall6(unix.SYS_GETRANDOM, uintptr(unsafe.Pointer(&ahead.random)), 16, 0, 0, 0, 0)
	if errno != 0 {
		return nil
	}
	syscall.RawSyscall6(syscall.SYS_MADVISE, ahead.record, ahead.size, unix.MADV_DONTFORK, 0, 0, 0)
	fill(b, memory+scratchRoom)
	s = layScratch(memory)
	*(*uintptr)(unsafe.Pointer(&s.clear)) = clear
	s.clearN = end - clear
	s.begun = true
	s.ours, s.slots[slotReport] = uintptr(ahead.pair[0]), uintptr(ahead.pair[1])
	if b.terminal != 0 {
		s.slots[slotControl] = uintptr(ahead.second[1])
	}
	s.unshare = uintptr(b.namespaces) &^ atClone
	ahead.cpuSize, _, errno = syscall.RawSyscall6(syscall.SYS_SCHED_GETAFFINITY, 0, maxCPUs/8, uintptr(unsafe.Pointer(&ahead.cpus)), 0, 0, 0)
	if errno != 0 {
		ahead.cpuSize = 0
	}
	ahead.flags = uintptr(b.namespaces) & atClone
	ahead.memory = memory
	return s
}

// What placed says when it is not 0.
const (
	stayedThere = 1
	movedApart  = 2
)

// apart has the child begin on another processor. The kernel often leaves it
// on this one, to wait until the launcher waits, though others are idle: on a
// virtual machine one that sleeps counts as taken.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func apart(s *scratch, pid uintptr) {
	var i, others, now uintptr
	var errno syscall.Errno

	_, _, errno = syscall.RawSyscall6(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&ahead.cpu)), 0, 0, 0, 0, 0)
	if errno == 0 && refused(pid) == 0 && uintptr(ahead.cpu) < 8*ahead.cpuSize {
		for i = 0; i < ahead.cpuSize; i += 8 {
			now = word(uintptr(unsafe.Pointer(&ahead.cpus)) + i)
			if i == uintptr(ahead.cpu/64)*8 {
				now &^= 1 << (ahead.cpu % 64)
			}
			setWord(uintptr(unsafe.Pointer(&ahead.some))+i, now)
			others |= now
		}
		if others != 0 {
			_, _, errno = syscall.RawSyscall6(syscall.SYS_SCHED_SETAFFINITY, pid, ahead.cpuSize, uintptr(unsafe.Pointer(&ahead.some)), 0, 0, 0)
			if errno == 0 {
				ahead.apart = true
				atomic.StoreUint32(&s.placed, movedApart)
				return
			}
		}
	}
	atomic.StoreUint32(&s.placed, stayedThere)
}

// keepCell leaves the cell to the launcher, when there is a child.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func keepCell(pid uintptr) {
	syscall.RawSyscall6(syscall.SYS_CLOSE, uintptr(ahead.pair[1]), 0, 0, 0, 0, 0)
	syscall.RawSyscall6(syscall.SYS_CLOSE, uintptr(ahead.second[1]), 0, 0, 0, 0, 0)
	if refused(pid) == 0 {
		ahead.pid = pid
	}
}

// makeSockets makes the socket pairs of a cell, see newReport and newCell.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func makeSockets(terminal bool) bool {
	var errno syscall.Errno

	_, _, errno = syscall.RawSyscall6(syscall.SYS_SOCKETPAIR, unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0, uintptr(unsafe.Pointer(&ahead.pair)), 0, 0)
	if errno != 0 {
		return false
	}
	ahead.second[0], ahead.second[1] = 1, -1 // the value of the option, and no descriptor
	_, _, errno = syscall.RawSyscall6(syscall.SYS_SETSOCKOPT, uintptr(ahead.pair[0]), unix.SOL_SOCKET, unix.SO_PASSCRED, uintptr(unsafe.Pointer(&ahead.second)), 4, 0)
	if errno == 0 && terminal {
		_, _, errno = syscall.RawSyscall6(syscall.SYS_SOCKETPAIR, unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0, uintptr(unsafe.Pointer(&ahead.second)), 0, 0)
	}
	return errno == 0
}

// fill makes the plan of a record: its image, in which addresses are those of
// its place in memory, and the id of the jail is a new one.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func fill(b *beginning, to uintptr) {
	var from, i, at, j uintptr
	var digit byte

	from = uintptr(unsafe.Pointer(b)) + beginningSize
	for i = 0; i < uintptr(b.image); i += 8 {
		setWord(to+i, word(from+i))
	}
	for i = 0; i < uintptr(b.addresses); i++ {
		at = to + uintptr(offsetAt(b, i))
		setWord(at, to+word(at))
	}
	for ; i < uintptr(b.addresses+b.ids); i++ {
		at = to + uintptr(offsetAt(b, i))
		//nolint:modernize // a range would declare a second j
		for j = 0; j < idDigits; j++ {
			digit = byteAt(uintptr(unsafe.Pointer(&ahead.random))+j/2) >> (4 - j%2*4) & 15
			setByte(at+j, hexDigit(digit))
		}
	}
}
