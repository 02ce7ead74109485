package child

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// heapArena is the size of the pieces of address space that the Go runtime
// takes its heap from, and what they are aligned to.
const heapArena = 64 << 20

// dontFork makes the launcher's own memory DONTFORK regions (madvise(2), MADV_DONTFORK),
// which the child does not get: the heap, and the runtime's mappings beside it, which are
// older than the shared memory and therefore above it. The child must not have the
// launcher's data. And the kernel would copy each page that one of them writes, which
// takes the launcher longer than anything else that it does. A mapping that is missed
// costs that time and nothing else.
//
// With a C library, the heap is the only DONTFORK region: the kernel reads the area that
// the library registered with rseq(2) in the child as well, and that lies somewhere
// outside of the heap.
func (s *scratch) dontFork(shared []byte) {
	heap := uintptr(unsafe.Pointer(new(uint64))) &^ (heapArena - 1)
	_, _, _ = syscall.RawSyscall(syscall.SYS_MADVISE, heap, heapArena, unix.MADV_DONTFORK)
	if withLibrary || loaded() {
		return
	}
	page := uintptr(os.Getpagesize())
	from := (uintptr(unsafe.Pointer(&shared[0])) + uintptr(len(shared)) + page - 1) &^ (page - 1)
	// The child overwrites the command line, so it has to have that. And it runs
	// code, which may lie in between in a position-independent executable.
	to, image := uintptr(s.commandLine)&^(page-1), imageAddress()
	if from < to && (image < from || image >= to) {
		_, _, _ = syscall.RawSyscall(syscall.SYS_MADVISE, from, to-from, unix.MADV_DONTFORK)
	}
}

// loaded tells whether a dynamic loader started this process, as it does a
// position-independent executable; it is part of the C library.
func loaded() bool {
	const base = 7 // AT_BASE of getauxval(3), the loader's address
	vector, err := unix.Auxv()
	for _, entry := range vector {
		if entry[0] == base {
			return entry[1] != 0
		}
	}
	return err != nil
}

// imageByte lies in the data of this program.
var imageByte byte

// imageAddress is where the program's own file is mapped.
func imageAddress() uintptr { return uintptr(unsafe.Pointer(&imageByte)) }
