package launch

import (
	"bytes"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// releaseCode gives the pages of this program's code and constants back to the kernel
// (madvise(2), MADV_DONTNEED). They are those of the file, unchanged: what is used
// again is mapped again. A launch goes through most of the program once, and what
// follows it uses little of that, perhaps for days.
func releaseCode() {
	segments, base := ownSegments()
	page := uintptr(os.Getpagesize())
	for i := range segments {
		s := &segments[i]
		if s.kind != segmentLoad || s.flags&segmentWritable != 0 {
			continue
		}
		from := base + uintptr(s.address)&^(page-1)
		to := (base + uintptr(s.address+s.size)) &^ (page - 1) // the last page may be another's too
		if from < to {
			_, _, _ = unix.RawSyscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED)
		}
	}
}

// programHeader is struct Elf64_Phdr of elf(5).
type programHeader struct {
	kind, flags       uint32
	_, address        uint64
	_, _, size, align uint64
}

// Values of its fields.
const (
	segmentLoad     = 1 // PT_LOAD
	segmentHeaders  = 6 // PT_PHDR
	segmentWritable = 2 // PF_W
)

// ownSegments are the program headers of this program, which the kernel shows in the
// auxiliary vector (getauxval(3)), and what is to be added to the addresses in them:
// 0 but for a position-independent executable. There are none where that can't be told.
func ownSegments() (segments []programHeader, base uintptr) {
	const headersAt, headerSize, headerCount = 3, 4, 5 // AT_PHDR, AT_PHENT, AT_PHNUM
	vector, err := unix.Auxv()
	var at, size, count uintptr
	for _, entry := range vector {
		switch entry[0] {
		case headersAt:
			at = entry[1]
		case headerSize:
			size = entry[1]
		case headerCount:
			count = entry[1]
		}
	}
	if err != nil || at == 0 || size != unsafe.Sizeof(programHeader{}) {
		return nil, 0
	}
	segments = unsafe.Slice((*programHeader)(unsafe.Add(unsafe.Pointer(nil), at)), count)
	for i := range segments {
		if segments[i].kind == segmentHeaders {
			return segments, at - uintptr(segments[i].address)
		}
	}
	return nil, 0
}

// traced tells whether a debugger may have written breakpoints into the code, which
// would be lost with the pages. When that can't be told, it has.
func traced() bool {
	var buf [4096]byte
	fd, err := unix.Open("/proc/self/status", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return true
	}
	defer func() { _ = unix.Close(fd) }()
	n, err := unix.Read(fd, buf[:])
	return err != nil || !bytes.Contains(buf[:n], []byte("\nTracerPid:\t0\n"))
}
