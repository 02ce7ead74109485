package confine

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// writeTo asks whether the memory of a process can be written.
func writeTo(process int) error {
	local := unix.Iovec{Base: new(byte)}
	local.SetLen(1)
	remote := struct{ base, length uintptr }{4096, 1} // nothing is mapped there
	_, _, errno := unix.Syscall6(unix.SYS_PROCESS_VM_WRITEV, uintptr(process), uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1, 0)
	return reached(errno)
}

// replaceFixed puts an empty page in the place of the fixed one: its open_how would
// open everything for reading.
func replaceFixed() error {
	_, err := unix.MmapPtr(-1, 0, fixedPage(), uintptr(unix.Getpagesize()), unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_FIXED)
	return err
}

func protectFixed() error {
	return unix.Mprotect(unsafe.Slice((*byte)(fixedPage()), unix.Getpagesize()), unix.PROT_READ|unix.PROT_WRITE)
}
