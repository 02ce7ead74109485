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

// dontFork keeps the launcher's own memory from the child (madvise(2), MADV_DONTFORK): the heap, and what the
// runtime keeps beside it, mapped before the memory they share and therefore
// above. The child is not to know what the launcher knows. And memory that two
// processes have is copied page by page when one of them writes, which takes
// the launcher longer than anything else that it does.
//
// What is missed is copied: not more than time depends on it.
//
// A C library leaves memory behind, somewhere outside the heap, that the kernel
// looks at in the child as well: the area that rseq(2) registered. Where there
// is one, the heap is all that is kept from the child.
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
