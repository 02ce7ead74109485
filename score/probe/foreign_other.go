//go:build !amd64

package probe

// foreign has no other way into the kernel on this machine.
func foreign(int) string { return "ENOSYS" }
