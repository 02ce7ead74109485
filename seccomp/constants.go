package seccomp

import "golang.org/x/sys/unix"

// constant is a name of the kernel's headers and its value, negative ones in
// two's complement.
type constant struct {
	name  string
	value uint64
}

func (c constant) key() string { return c.name }

// Constant returns the value of a kernel constant that can stand in a
// condition, such as AF_UNIX, CLONE_NEWUSER or TIOCSTI, as the kernel's
// headers for the native architecture define it.
func Constant(name string) (uint64, bool) {
	if c := find(constantTable[:], name); c != nil {
		return c.value, true
	}
	return 0, false
}

// ConstantNames returns every name that Constant knows, sorted.
func ConstantNames() []string { return namesOf(constantTable[:]) }

// maxErrno is the highest error number that has a name, and so the highest that
// a program can be given.
const maxErrno = int(unix.EHWPOISON)

// ErrnoNumber returns the number of an error name such as EPERM, as in
// errno(3).
func ErrnoNumber(name string) (int, bool) {
	switch name { // The second names of errno(3).
	case "EWOULDBLOCK":
		return int(unix.EAGAIN), true
	case "EDEADLOCK":
		return int(unix.EDEADLK), true
	case "ENOTSUP":
		return int(unix.EOPNOTSUPP), true
	}
	for number := 1; number <= maxErrno; number++ {
		if known := unix.ErrnoName(unix.Errno(number)); known != "" && known == name {
			return number, true
		}
	}
	return 0, false
}

// ErrnoName returns the name of an error number, "" when it has none.
func ErrnoName(number int) string {
	if number <= 0 || number > maxErrno {
		return ""
	}
	return unix.ErrnoName(unix.Errno(number))
}
