package seccomp_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/seccomp"
	"github.com/jail-project/jail/seccomp/internal/vm"
)

// The numbers are those of x86-64, 32-bit x86 and x32, written out: the test
// is not to look them up where the program does.
func TestSocketGuard(t *testing.T) {
	const (
		amd64, x86, x32 = unix.AUDIT_ARCH_X86_64, unix.AUDIT_ARCH_I386, 0x40000000
		allow, notify   = unix.SECCOMP_RET_ALLOW, unix.SECCOMP_RET_USER_NOTIF
		noType, noCall  = unix.SECCOMP_RET_ERRNO | uint32(unix.ESOCKTNOSUPPORT), unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
		noFamily        = unix.SECCOMP_RET_ERRNO | uint32(unix.EAFNOSUPPORT)
		high            = 0xdead_0000_0000 // the kernel does not look at it
	)
	guard, none := load(t, seccomp.SocketGuard()), load(t, seccomp.NoSockets())
	for _, test := range []struct {
		name        string
		arch, nr    uint32
		args        [6]uint64
		guard, none uint32
	}{
		{"connect", amd64, 42, [6]uint64{3, 0x1000, 110}, notify, allow},
		{"connect of x32", amd64, 42 | x32, [6]uint64{3}, notify, allow},
		{"connect of x86", x86, 362, [6]uint64{3}, notify, allow},
		{"read", amd64, 0, [6]uint64{}, allow, allow},
		{"sendto", amd64, 44, [6]uint64{1, 2, 3, 4, 5, 6}, allow, allow},
		{"no call at all", amd64, 0xffffffff, [6]uint64{}, allow, allow},
		{"stream", amd64, 41, [6]uint64{unix.AF_UNIX, unix.SOCK_STREAM}, allow, noFamily},
		{"stream with flags", amd64, 41, [6]uint64{unix.AF_UNIX, unix.SOCK_STREAM | unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK}, allow, noFamily},
		{"seqpacket", amd64, 41, [6]uint64{unix.AF_UNIX, unix.SOCK_SEQPACKET}, allow, noFamily},
		{"datagram", amd64, 41, [6]uint64{unix.AF_UNIX, unix.SOCK_DGRAM | unix.SOCK_CLOEXEC}, noType, noFamily},
		{"raw, which becomes datagram", amd64, 41, [6]uint64{unix.AF_UNIX, unix.SOCK_RAW}, noType, noFamily},
		{"datagram under a high half", amd64, 41, [6]uint64{high | unix.AF_UNIX, high | unix.SOCK_DGRAM}, noType, noFamily},
		{"datagram of x32", amd64, 41 | x32, [6]uint64{unix.AF_UNIX, unix.SOCK_DGRAM}, noType, noFamily},
		{"datagram of x86", x86, 359, [6]uint64{unix.AF_UNIX, unix.SOCK_DGRAM}, noType, noFamily},
		{"UDP", amd64, 41, [6]uint64{unix.AF_INET, unix.SOCK_DGRAM}, allow, allow},
		{"a pair of streams", amd64, 53, [6]uint64{unix.AF_UNIX, unix.SOCK_STREAM}, allow, allow},
		{"a pair of datagrams", amd64, 53, [6]uint64{unix.AF_UNIX, unix.SOCK_DGRAM}, noType, noType},
		{"a pair of datagrams of x86", x86, 360, [6]uint64{unix.AF_UNIX, unix.SOCK_DGRAM}, noType, noType},
		{"socketcall to socket", x86, 102, [6]uint64{1}, noCall, noCall},
		{"socketcall to connect", x86, 102, [6]uint64{3}, noCall, noCall},
		{"socketcall to socketpair", x86, 102, [6]uint64{8}, noCall, noCall},
		{"socketcall to listen", x86, 102, [6]uint64{4}, allow, allow},
		{"io_uring_setup", amd64, 425, [6]uint64{}, noCall, noCall},
		{"io_uring_enter", amd64, 426, [6]uint64{}, noCall, noCall},
		{"io_uring_register", x86, 427, [6]uint64{}, noCall, noCall},
		{"a foreign ABI", unix.AUDIT_ARCH_AARCH64, 203, [6]uint64{}, unix.SECCOMP_RET_KILL_PROCESS, unix.SECCOMP_RET_KILL_PROCESS},
	} {
		for _, m := range []struct {
			name    string
			machine vm.Machine
			want    uint32
		}{{"guard", guard, test.guard}, {"none", none, test.none}} {
			got, err := m.machine.Run(vm.Call{Arch: test.arch, Number: test.nr, Args: test.args})
			if err != nil || got != m.want {
				t.Errorf("%s, %s: %#x, %v, want %#x", test.name, m.name, got, err, m.want)
			}
		}
	}
}

func load(t *testing.T, p seccomp.Program) vm.Machine {
	t.Helper()
	m, err := vm.Load(p)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
