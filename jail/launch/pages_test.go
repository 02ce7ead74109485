package launch

import (
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestReleaseCode: a constant that was overwritten in memory is that of the file again
// afterwards, so its page was given back. How much memory the program has then can't be
// compared: of a file just written, one fault may bring all of it back.
func TestReleaseCode(t *testing.T) {
	if traced() {
		t.Skip("a debugger is looking")
	}
	address := uintptr(unsafe.Pointer(unsafe.StringData("what the file of this program holds")))
	size := uintptr(os.Getpagesize())
	at := address % size
	page := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(nil), address-at)), size)
	if err := unix.Mprotect(page, unix.PROT_READ|unix.PROT_WRITE); err != nil {
		t.Fatal(err)
	}
	page[at] = 'W'
	if err := unix.Mprotect(page, unix.PROT_READ); err != nil {
		t.Fatal(err)
	}
	releaseCode()
	if page[at] != 'w' {
		t.Errorf("the page of a constant is still the one written to: it begins with %q", page[at])
	}
}
