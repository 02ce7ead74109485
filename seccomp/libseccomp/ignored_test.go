//go:build cgo

package libseccomp

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/seccomp"
	"github.com/jail-project/jail/seccomp/internal/vm"
)

// narrow lists the arguments that the kernel declares as 32 bits wide (the
// SYSCALL_DEFINE of each call), or of which it takes the low half (clone), and
// the flags beside the type of a socket.
var narrow = []struct {
	call string
	args []int
	free map[int]uint64 // bits that choose nothing that a filter is about
}{
	{"ioctl", []int{0, 1}, nil},
	{"socket", []int{0, 1, 2}, map[int]uint64{1: unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK}},
	{"socketpair", []int{0, 1, 2}, map[int]uint64{1: unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK}},
	{"setsockopt", []int{0, 1, 2, 4}, nil},
	{"getsockopt", []int{0, 1, 2}, nil},
	{"personality", []int{0}, nil},
	{"prctl", []int{0}, nil},
	{"clone", []int{0}, map[int]uint64{0: 0xff}}, // the exit signal
	{"fcntl", []int{0, 1}, nil},
	{"setns", []int{0, 1}, nil},
	{"bpf", []int{0}, nil},
	{"keyctl", []int{0}, nil},
}

// TestS4IgnoredBits: what the kernel does not look at decides nothing. The upper
// half of an int is such, in every interface of the kernel that a filter
// accepts; a filter that compared it would be passed by setting a bit there.
func TestS4IgnoredBits(t *testing.T) {
	filters := []seccomp.Filter{ordinary(), ordinary(seccomp.Rule{Name: "@sandbox"}, seccomp.Rule{Name: "@netlink"})}
	if runtime.GOARCH == "amd64" {
		other := ordinary()
		other.Arches = []string{"native", "x32"}
		filters = append(filters, other)
	}
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	for _, f := range filters {
		m := compile(t, f)
		entries := seccomp.Expand(f)
		for _, n := range narrow {
			nr, ok := seccomp.SyscallNumber(n.call)
			if !ok {
				continue
			}
			for range 3000 {
				c := randomCall(r, entries)
				for _, e := range entries {
					// Values that the rules are about, most of the time.
					if e.Name == n.call && r.IntN(4) == 0 {
						for _, cond := range e.When {
							c.Args[cond.Arg] = cond.Value
						}
					}
				}
				c.Arch, c.Number = vm.Native(), uint32(nr)
				if len(f.Arches) > 1 && r.IntN(2) == 0 {
					c.Number |= x32Bit
				}
				before := run(t, m, c)
				for _, arg := range n.args {
					c.Args[arg] ^= uint64(r.Uint32()) << 32
					c.Args[arg] ^= n.free[arg] & r.Uint64()
				}
				if after := run(t, m, c); before != after {
					t.Fatalf("seed %d: %s%#x: %#x with other bits, was %#x", seed, n.call, c.Args, after, before)
				}
			}
		}
	}
}
