//go:build cgo

package child

// dontFork does nothing in a process with a C library, of which the kernel looks
// at memory in the child as well: the area that rseq(2) registered.
func (s *scratch) dontFork([]byte) {}
