package confine

import (
	"fmt"
	"strings"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The fixed page holds what a filter has to know about memory: a struct open_how and a
// name. Nothing else is mapped near its address, and once the filter is installed no
// thread can write it or map anything over it.
const (
	howAt       = 0
	howSize     = unix.SizeofOpenHow
	statusAt    = 64
	statusFlags = unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_CLOEXEC
	namesAt     = 128
	// readFlags open a file that can be something else by then, and wait for nothing.
	readFlags = unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC
)

// fixedHigh is the upper half of the page's address, the lower is 0; 0 as long as there
// is none.
var fixedHigh atomic.Uint32

// highHalf chooses it, for a heap at this address. The heap of Go begins at a random
// multiple of 64 MiB and goes on, where something is in its way, at that plus a multiple
// of 256 GiB (mallocinit in the runtime): in those terms, of 64 times 4 GiB, the page is
// 64 GiB or more behind it. What the kernel chooses itself is far above. Both values
// are within the smallest address space, of 39 bits.
func highHalf(heap uintptr) uint32 {
	const low, high = 0x10, 0x30
	if heap>>32%64 < 32 {
		return high
	}
	return low
}

func fixedPage() unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(nil), uint64(fixedHigh.Load())<<32)
}

// offsets are where names begin in the page, and how many of them fit.
func offsets(names []string) []uint32 {
	at, all := namesAt, make([]uint32, 0, len(names))
	for _, name := range names {
		if at+len(name)+1 > unix.Getpagesize() || strings.ContainsRune(name, 0) {
			break
		}
		all = append(all, uint32(at))
		at += len(name) + 1
	}
	return all
}

// mapFixed makes the page, with as many of the names in it as fit.
func mapFixed(names []string) error {
	if fixedHigh.Load() != 0 {
		return nil
	}
	half := highHalf(uintptr(unsafe.Pointer(new([64]byte))))
	size := uintptr(unix.Getpagesize())
	const flags = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_FIXED_NOREPLACE
	at, err := unix.MmapPtr(-1, 0, unsafe.Add(unsafe.Pointer(nil), uint64(half)<<32), size, unix.PROT_READ|unix.PROT_WRITE, flags)
	if err != nil {
		return fmt.Errorf("map the page that a filter knows: %w", err)
	}
	*(*unix.OpenHow)(unsafe.Add(at, howAt)) = openHow()
	copy(unsafe.Slice((*byte)(unsafe.Add(at, statusAt)), len(statusName)), statusName)
	for i, offset := range offsets(names) {
		copy(unsafe.Slice((*byte)(unsafe.Add(at, offset)), len(names[i])), names[i])
	}
	if err := unix.Mprotect(unsafe.Slice((*byte)(at), size), unix.PROT_READ); err != nil {
		return fmt.Errorf("protect the page that a filter knows: %w", err)
	}
	fixedHigh.Store(half)
	return nil
}

// statusName is that of /proc/PID/status.
const statusName = "status\x00"

func openHow() unix.OpenHow {
	return unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT}
}

// OpenInRoot opens a path with O_PATH as if a directory were the root directory
// (openat2(2), RESOLVE_IN_ROOT).
func OpenInRoot(root int, name string) (int, unix.Errno) {
	how := openHow()
	at := unsafe.Pointer(&how)
	if fixedHigh.Load() != 0 {
		at = unsafe.Add(fixedPage(), howAt)
	}
	text, err := unix.BytePtrFromString(name)
	if err != nil {
		return -1, unix.EINVAL
	}
	fd, _, errno := unix.Syscall6(unix.SYS_OPENAT2, uintptr(root), uintptr(unsafe.Pointer(text)), uintptr(at), howSize, 0, 0)
	return int(fd), errno
}

// OpenStatus opens the file status of a directory /proc/PID for reading.
func OpenStatus(process int) (int, unix.Errno) {
	name := [...]byte{'s', 't', 'a', 't', 'u', 's', 0}
	at := unsafe.Pointer(&name)
	if fixedHigh.Load() != 0 {
		at = unsafe.Add(fixedPage(), statusAt)
	}
	fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(process), uintptr(at), statusFlags, 0, 0, 0)
	return int(fd), errno
}

// OpenNamed opens one of the names that the process was prepared to read (Prepare), by its
// place among them, for reading and without waiting.
func (c *Confinement) OpenNamed(i int) (int, unix.Errno) {
	if c == nil || i >= len(c.names) {
		return -1, unix.ENOENT
	}
	cwd := unix.AT_FDCWD
	fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(cwd), uintptr(unsafe.Add(fixedPage(), c.names[i])), readFlags, 0, 0, 0)
	return int(fd), errno
}
