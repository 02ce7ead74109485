package jail

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Rules for this file and its neighbour, beginning_unsafe.go. They run before
// the Go runtime: there is one thread, no g, no heap. So what child_unsafe.go
// says of the child is true here as well, and the same test reads the compiled code.
// Addresses are numbers: to store one as a pointer takes a write barrier.
//
// Nothing here is an error: when something is not as expected there is no
// cell, and the launcher makes one. And nothing here is relied on: see
// Plan.resume.

// headStart is what the entry point leaves for the launcher, and what it works
// with.
type headStart struct {
	_ [8]uintptr // thread-local storage of the entry point, which knows the size

	// keys are of the command line up to the word with that index, 0 where
	// there is no such word.
	keys [maxWords]uint64

	// The cell, if pid is not 0. See layCell.
	pid    uintptr
	flags  uintptr // of clone(2)
	memory uintptr // of cellRoom bytes, shared with the child
	index  uintptr // of the program in the command line
	record uintptr // what it was begun from: the contents of a file
	size   uintptr // of record, in bytes
	random [16]byte

	again    bool    // executed under the name Again
	slack    uintptr // the caller's timer slack, 0 if it has been left alone
	uid      uintptr
	stat     unix.Statx_t
	pair     [2]int32 // of the report, ours first
	second   [2]int32 // likewise of the control of a terminal; without one the last is -1
	path     [maxPath]byte
	terminal [terminalWords]uint64 // struct termios and struct winsize of ioctl_tty(2)
	cpu      uint32                // that begin runs on
	cpus     [maxCPUs / 64]uint64  // that this process, and so the program, may run on
	some     [maxCPUs / 64]uint64  // for a mask of those
	cpuSize  uintptr               // of such a mask, in bytes; 0 if it is not known
	apart    bool                  // the child has been moved to another processor
}

const (
	maxWords = 32   // of a command line, up to the program; a power of two
	maxPath  = 4096 // bytes, PATH_MAX

	terminalWords = 9 // 36 bytes of settings, up to 64, and 8 of size
)

// ahead is written before the runtime starts and read by the launcher.
var ahead headStart

var _ = begin // which entry calls

// elsewhere is the entry point of another program in the same file, which does what
// can't be begun. When that has been put there, by mkjail, so has its
// address in place of this mark.
var elsewhere = uintptr(noElsewhere)

const noElsewhere = 0x65726568_77657362

// Again is under which name jail executes itself once more when what was begun
// is of no use. Nothing is begun then.
const Again = "/proc/self/exe"

// begin makes the first process of a jail if an earlier launch of this command
// line left a record of how it is set up. stack is where the kernel put argc,
// argv, the environment and the auxiliary vector. It returns where to go on, 0
// for here.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func begin(stack uintptr) uintptr {
	beginCell(stack)
	if elsewhere == noElsewhere {
		return 0
	}
	if ahead.pid == 0 {
		return elsewhere
	}
	beLazy()
	stayHere()
	return 0
}

// stayHere keeps the threads of this process on one processor, as long as the
// child sets up the jail on another. The runtime then takes it for a machine with
// one, and starts the fewer threads. See everywhere.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func stayHere() {
	var i uintptr

	if !ahead.apart {
		return
	}
	for i = 0; i < ahead.cpuSize; i += 8 {
		setWord(uintptr(unsafe.Pointer(&ahead.some))+i, 0)
	}
	setWord(uintptr(unsafe.Pointer(&ahead.some))+uintptr(ahead.cpu/64)*8, 1<<(ahead.cpu%64))
	syscall.RawSyscall6(syscall.SYS_SCHED_SETAFFINITY, 0, ahead.cpuSize, uintptr(unsafe.Pointer(&ahead.some)), 0, 0, 0)
}

// lazily is by how many nanoseconds the timers of a launcher with a head start
// may be late.
const lazily = 1e6

// beLazy lets the timers of this process be late. The runtime has a thread that
// looks after the others every 20 microseconds in its first milliseconds, and would
// take a tenth of the time of both processors. This process starts no other but to
// execute itself once more.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func beLazy() {
	ahead.slack, _, _ = syscall.RawSyscall6(syscall.SYS_PRCTL, unix.PR_GET_TIMERSLACK, 0, 0, 0, 0, 0)
	syscall.RawSyscall6(syscall.SYS_PRCTL, unix.PR_SET_TIMERSLACK, lazily, 0, 0, 0, 0)
}

// beginCell is begin but for where to go on.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func beginCell(stack uintptr) {
	var argv, env, last, home, cache, pid uintptr
	var found bool
	var s *scratch

	argv = stack + 8
	if word(stack) < 2 {
		return
	}
	for env = argv + (word(stack)+1)*8; word(env) != 0; env += 8 {
		last = word(env)
		if home == 0 && hasPrefix(last, "HOME=/") {
			home = last + 5
		}
		if cache == 0 && hasPrefix(last, "XDG_CACHE_HOME=/") {
			cache = last + 15
		}
	}
	if !ordinary(env+8) || last == 0 {
		return
	}
	if cache != 0 {
		found = setPath(cache, "/jail/launch\x00")
	} else if home != 0 {
		found = setPath(home, "/.cache/jail/launch\x00")
	}
	if ahead.again {
		takeName(word(argv))
	}
	if found && findRecord(argv) {
		s = layCell(word(argv), last+textLen(last)+1)
	}
	if s != nil {
		pid = cloneCell((*raw)(unsafe.Add(unsafe.Pointer(s), scratchRoom)), s, ahead.flags)
		apart(s, pid)
		keepCell(pid)
	}
}

// takeName names the process as it would have been without being executed once more,
// for all that is known: like the first word of the command line.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func takeName(path uintptr) {
	var name uintptr

	for name = path; byteAt(path) != 0; path++ {
		if byteAt(path) == '/' {
			name = path + 1
		}
	}
	syscall.RawSyscall6(syscall.SYS_PRCTL, unix.PR_SET_NAME, name, 0, 0, 0, 0)
}

// What the entry point reads from the auxiliary vector, getauxval(3).
const (
	auxBase   = 7
	auxUID    = 11
	auxEUID   = 12
	auxSecure = 23
	auxName   = 31 // AT_EXECFN
)

// ordinary reads the auxiliary vector. A dynamic loader leaves things behind that
// the kernel looks at in the child as well, root's jails take more than a plan,
// and with the rights of its file jail does not run.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func ordinary(vector uintptr) bool {
	var uid, euid uintptr

	for ; word(vector) != 0; vector += 16 {
		switch word(vector) {
		case auxBase, auxSecure:
			if word(vector+8) != 0 {
				return false
			}
		case auxName:
			ahead.again = hasPrefix(word(vector+8), Again+"\x00")
		case auxUID:
			uid = word(vector + 8)
		case auxEUID:
			euid = word(vector + 8)
		}
	}
	ahead.uid = uid
	return uid != 0 && uid == euid
}

// findRecord looks for a record of a word of the command line and all before
// it, in the directory that ahead.path names. The word is the program then. It
// is not known here which of them are flags.
//
//go:noinline
//go:nosplit
//go:norace
//go:nocheckptr
func findRecord(argv uintptr) bool {
	var i, dir uintptr
	var key uint64
	var found bool
	var errno syscall.Errno

	dir, _, errno = syscall.RawSyscall6(syscall.SYS_OPENAT, atCwd, uintptr(unsafe.Pointer(&ahead.path)),
		unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 || !examine(dir, unix.S_IFDIR, 0o022) {
		dir = ^uintptr(0)
	}
	key = surroundings()
	if key != 0 {
		key = hashText(key, word(argv))
		for i = 1; i < maxWords && word(argv+i*8) != 0 && !found; i++ {
			key = hashText(key, word(argv+i*8))
			ahead.keys[i&(maxWords-1)] = key
			ahead.index = i
			found = errno == 0 && !ahead.again && byteAt(word(argv+i*8)) != '-' && openRecord(dir, key)
		}
	}
	syscall.RawSyscall6(syscall.SYS_CLOSE, dir, 0, 0, 0, 0, 0)
	return found
}
