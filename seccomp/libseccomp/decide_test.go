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

// ordinary is the filter of a profile that says nothing about syscalls.
func ordinary(more ...seccomp.Rule) seccomp.Filter {
	return seccomp.Filter{Default: seccomp.Errno, Allow: append([]seccomp.Rule{{Name: "@default"}}, more...), Arches: []string{"native"}}
}

// compile compiles a filter that has to compile.
func compile(t *testing.T, f seccomp.Filter) vm.Machine {
	t.Helper()
	program, err := Compile(f)
	if err != nil {
		t.Fatal(err)
	}
	return load(t, program)
}

// expectation is what a call must give, by program and by definition.
type expectation struct {
	call string
	args [seccomp.ArgCount]uint64
	want string // "allow", "kill", "log" or an error name
}

// verify checks expectations against both.
func verify(t *testing.T, f seccomp.Filter, expectations []expectation) {
	t.Helper()
	m := compile(t, f)
	for _, e := range expectations {
		nr, ok := seccomp.SyscallNumber(e.call)
		if !ok {
			if seccomp.IsSyscall(e.call) {
				continue // a call of another architecture
			}
			t.Errorf("%s is no syscall", e.call)
		}
		c := vm.Call{Arch: vm.Native(), Number: uint32(nr), Args: e.args}
		agree(t, f, m, c)
		decision := seccomp.Verdict(f, c.Arch, c.Number, c.Args)
		got := decision.Action.String()
		if decision.Action == seccomp.Errno {
			got = seccomp.ErrnoName(decision.Errno)
		}
		if got != e.want {
			t.Errorf("%s%#x: %s, want %s (%v rule %d)", e.call, e.args, got, e.want, decision.List, decision.Index)
		}
	}
}

// x32Bit marks the numbers of x32, tiocLinux steers the virtual console.
const (
	x32Bit    = 0x40000000
	tiocLinux = 0x541c
)

// high are bits that the kernel ignores in an int.
const high = 0xdead_beef << 32

func TestDefaultGroup(t *testing.T) {
	const (
		stream, dgram, raw, packet = unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_RAW, unix.SOCK_SEQPACKET
		cloexec                    = unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK
		sigchld                    = uint64(unix.SIGCHLD)
	)
	args := func(a ...uint64) (all [seccomp.ArgCount]uint64) {
		copy(all[:], a)
		return all
	}
	verify(t, ordinary(), []expectation{
		{"openat", args(), "allow"},
		{"read", args(^uint64(0), ^uint64(0)), "allow"},
		{"futex", args(), "allow"},

		// Namespaces.
		{"clone", args(sigchld), "allow"},
		{"clone", args(unix.CLONE_VM | unix.CLONE_THREAD | unix.CLONE_SIGHAND | unix.CLONE_SETTLS), "allow"},
		{"clone", args(0x80), "allow"}, // CLONE_NEWTIME is an exit signal here
		{"clone", args(sigchld | unix.CLONE_NEWUSER), "EPERM"},
		{"clone", args(sigchld | unix.CLONE_NEWUSER | high), "EPERM"},
		{"clone", args(unix.CLONE_NEWNS), "EPERM"},
		{"clone", args(unix.CLONE_NEWCGROUP), "EPERM"},
		{"clone", args(unix.CLONE_NEWUTS), "EPERM"},
		{"clone", args(unix.CLONE_NEWIPC), "EPERM"},
		{"clone", args(unix.CLONE_NEWPID), "EPERM"},
		{"clone", args(unix.CLONE_NEWNET), "EPERM"},
		{"clone3", args(), "ENOSYS"},
		{"unshare", args(unix.CLONE_FILES | unix.CLONE_FS), "allow"},
		{"unshare", args(unix.CLONE_NEWUSER), "EPERM"},
		{"unshare", args(unix.CLONE_NEWTIME), "EPERM"},
		{"setns", args(), "EPERM"},

		// Sockets.
		{"socket", args(unix.AF_UNIX, stream|cloexec), "allow"},
		{"socket", args(unix.AF_UNIX, packet), "allow"},
		{"socket", args(unix.AF_UNIX, raw), "EAFNOSUPPORT"},
		{"socket", args(unix.AF_INET|high, stream|high, high), "allow"},
		{"socket", args(unix.AF_INET, stream, unix.IPPROTO_TCP), "allow"},
		{"socket", args(unix.AF_INET6, dgram, unix.IPPROTO_UDP), "allow"},
		{"socket", args(unix.AF_INET, stream, unix.IPPROTO_MPTCP), "EPROTONOSUPPORT"},
		{"socket", args(unix.AF_INET6, stream, unix.IPPROTO_MPTCP|high), "EPROTONOSUPPORT"},
		{"socket", args(unix.AF_INET, stream, unix.IPPROTO_SCTP), "EAFNOSUPPORT"},
		{"socket", args(unix.AF_INET, packet, unix.IPPROTO_SCTP), "EAFNOSUPPORT"},
		{"socket", args(unix.AF_INET, dgram, unix.IPPROTO_UDPLITE), "EAFNOSUPPORT"},
		{"socket", args(unix.AF_INET, dgram, unix.IPPROTO_ICMP), "EAFNOSUPPORT"},
		{"socket", args(unix.AF_INET6, dgram, unix.IPPROTO_ICMPV6), "EAFNOSUPPORT"},
		{"socket", args(unix.AF_INET, unix.SOCK_DCCP, unix.IPPROTO_DCCP), "EAFNOSUPPORT"},
		{"socket", args(unix.AF_INET, raw, unix.IPPROTO_RAW), "EAFNOSUPPORT"},
		{"socket", args(unix.AF_INET, unix.SOCK_PACKET), "EAFNOSUPPORT"},
		{"socket", args(unix.AF_NETLINK, raw|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE), "EAFNOSUPPORT"},
		{"socket", args(unix.AF_NETLINK, dgram, unix.NETLINK_ROUTE), "EAFNOSUPPORT"},
		{"socket", args(unix.AF_NETLINK, raw, unix.NETLINK_NETFILTER), "EAFNOSUPPORT"},
		{"socket", args(unix.AF_NETLINK, raw, unix.NETLINK_XFRM), "EAFNOSUPPORT"},
		{"socketpair", args(unix.AF_UNIX, stream|cloexec), "allow"},
		{"socketpair", args(unix.AF_INET, stream), "EPERM"},
		{"setsockopt", args(3, unix.SOL_SOCKET, unix.SO_REUSEADDR), "allow"},
		{"setsockopt", args(3, unix.SOL_SOCKET, unix.SO_ATTACH_BPF), "EPERM"},
		{"setsockopt", args(3, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER|high), "EPERM"},
		{"setsockopt", args(3, unix.SOL_TCP, unix.TCP_NODELAY), "allow"},
		{"setsockopt", args(3, unix.SOL_TCP|high, unix.TCP_ULP|high), "EPERM"},
		{"setsockopt", args(3, unix.SOL_UDP, unix.UDP_ENCAP), "EPERM"},
		{"setsockopt", args(3, unix.SOL_UDP, unix.UDP_SEGMENT), "allow"},
		{"setsockopt", args(3, unix.SOL_IP, unix.IP_TOS), "allow"},
		{"setsockopt", args(3, unix.SOL_IP, unix.IP_XFRM_POLICY), "EPERM"},
		{"setsockopt", args(3, unix.SOL_IP, 64), "EPERM"},
		{"setsockopt", args(3, unix.SOL_IPV6, unix.IPV6_V6ONLY), "allow"},
		{"setsockopt", args(3, unix.SOL_IPV6, unix.IPV6_TCLASS), "allow"},
		{"setsockopt", args(3, unix.SOL_IPV6, unix.IPV6_XFRM_POLICY), "EPERM"},
		{"setsockopt", args(3, unix.SOL_IPV6, 64), "EPERM"},
		{"setsockopt", args(3, unix.SOL_ALG, unix.ALG_SET_KEY), "EPERM"},

		// Terminals, execution domains, prctl.
		{"ioctl", args(0, unix.TCGETS), "allow"},
		{"ioctl", args(0, 0xffffffff_80045430), "allow"}, // sign-extended, as an int is
		{"ioctl", args(0, unix.TIOCSTI), "EPERM"},
		{"ioctl", args(0, unix.TIOCSTI|high), "EPERM"},
		{"ioctl", args(0, 1<<32|unix.TIOCSTI), "EPERM"},
		{"ioctl", args(0, tiocLinux|1<<63), "EPERM"},
		{"personality", args(0), "allow"},
		{"personality", args(0xffffffff), "allow"},
		{"personality", args(0x40000), "EPERM"},
		{"personality", args(8), "EPERM"},
		{"prctl", args(unix.PR_SET_NAME), "allow"},
		{"prctl", args(unix.PR_SET_MM | high), "EPERM"},
	})
}

// TestNetlinkGroup grants routing netlink and no other.
func TestNetlinkGroup(t *testing.T) {
	args := func(kind, protocol uint64) [seccomp.ArgCount]uint64 {
		return [seccomp.ArgCount]uint64{unix.AF_NETLINK, kind, protocol}
	}
	expectations := []expectation{
		{"socket", args(unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE), "allow"},
		{"socket", args(unix.SOCK_DGRAM, unix.NETLINK_ROUTE|high), "allow"},
		{"socket", args(unix.SOCK_STREAM, unix.NETLINK_ROUTE), "EAFNOSUPPORT"},
	}
	for protocol := uint64(1); protocol < 32; protocol++ {
		expectations = append(expectations, expectation{"socket", args(unix.SOCK_RAW, protocol), "EAFNOSUPPORT"})
	}
	verify(t, ordinary(seccomp.Rule{Name: "@netlink"}), expectations)
}

// TestSandboxGroup grants a browser its namespaces and nothing around them.
func TestSandboxGroup(t *testing.T) {
	flags := func(f uint64) [seccomp.ArgCount]uint64 { return [seccomp.ArgCount]uint64{f} }
	verify(t, ordinary(seccomp.Rule{Name: "@sandbox"}), []expectation{
		{"clone", flags(unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC), "allow"},
		{"clone", flags(unix.CLONE_NEWUSER | unix.CLONE_NEWNS), "EPERM"},
		{"clone", flags(unix.CLONE_NEWUSER | unix.CLONE_NEWUTS | high), "EPERM"},
		{"clone", flags(unix.CLONE_NEWCGROUP), "EPERM"},
		{"clone3", flags(0), "ENOSYS"},
		{"unshare", flags(unix.CLONE_NEWUSER), "allow"},
		{"unshare", flags(unix.CLONE_NEWPID), "allow"},
		{"unshare", flags(unix.CLONE_NEWUSER | unix.CLONE_NEWNS), "EPERM"},
		{"unshare", flags(unix.CLONE_NEWNET), "EPERM"},
		{"unshare", flags(unix.CLONE_NEWTIME), "EPERM"},
		{"chroot", flags(0), "allow"},
		{"mount", flags(0), "EPERM"},
		{"pivot_root", flags(0), "EPERM"},
		{"setns", flags(0), "EPERM"},
		{"ptrace", flags(0), "EPERM"},
	})
}

// TestSocketFamilies tries every family with every type: only the ordinary
// ones get through.
func TestSocketFamilies(t *testing.T) {
	f := ordinary()
	m := compile(t, f)
	nr, _ := seccomp.SyscallNumber("socket")
	for family := range uint64(unix.AF_MAX + 2) {
		for kind := range uint64(16) {
			c := vm.Call{Arch: vm.Native(), Number: uint32(nr), Args: [seccomp.ArgCount]uint64{family, kind}}
			agree(t, f, m, c)
			var want bool
			switch family {
			case unix.AF_UNIX:
				want = kind == unix.SOCK_STREAM || kind == unix.SOCK_DGRAM || kind == unix.SOCK_SEQPACKET
			case unix.AF_INET, unix.AF_INET6:
				want = kind == unix.SOCK_STREAM || kind == unix.SOCK_DGRAM
			}
			if got := run(t, m, c) == unix.SECCOMP_RET_ALLOW; got != want {
				t.Errorf("family %d type %d: allowed %v, want %v", family, kind, got, want)
			}
		}
	}
}

// TestDefaultGroupRefuses lists what must never slip into @default.
func TestDefaultGroupRefuses(t *testing.T) {
	refused := []string{
		"ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "bpf", "perf_event_open", "userfaultfd",
		"io_uring_setup", "io_uring_enter", "io_uring_register", "add_key", "request_key", "keyctl", "mount",
		"umount2", "pivot_root", "chroot", "fsopen", "fsconfig", "fsmount", "fspick", "open_tree",
		"open_tree_attr", "move_mount", "mount_setattr", "listmount", "statmount", "name_to_handle_at",
		"open_by_handle_at", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module",
		"quotactl", "quotactl_fd", "acct", "swapon", "swapoff", "reboot", "iopl", "ioperm", "modify_ldt",
		"vmsplice", "fanotify_init", "fanotify_mark", "lookup_dcookie", "clock_settime", "clock_adjtime",
		"settimeofday", "adjtimex", "syslog", "setns", "lsm_get_self_attr", "lsm_set_self_attr",
		"lsm_list_modules", "nfsservctl", "map_shadow_stack", "memfd_secret", "listns", "rseq_slice_yield",
		"uprobe", "uretprobe", "kcmp", "migrate_pages", "move_pages", "sethostname", "setdomainname", "vhangup",
		"uselib", "ustat", "sysfs", "remap_file_pages",
	}
	expectations := make([]expectation, len(refused))
	for i, name := range refused {
		expectations[i] = expectation{call: name, want: "EPERM"}
	}
	verify(t, ordinary(), expectations)
}

func TestNumbersBeyondTheNames(t *testing.T) {
	filters := map[string]seccomp.Filter{
		"errno": ordinary(),
		"kill":  {Default: seccomp.Kill, Allow: []seccomp.Rule{{Name: "read"}}, Arches: []string{"native"}},
		"allow": {Default: seccomp.Allow, Deny: []seccomp.Rule{{Name: "read", Action: seccomp.Errno}}, Arches: []string{"native"}},
		"log":   {Default: seccomp.Log, Allow: []seccomp.Rule{{Name: "read"}}, Arches: []string{"native"}},
		"all": {
			Default: seccomp.Errno, Allow: []seccomp.Rule{{Name: "@default"}, {Name: "@privileged"}, {Name: "@debug"}, {Name: "@obsolete"}},
			Arches: []string{"native"},
		},
	}
	unknown := map[string]uint32{
		"errno": unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS), "kill": unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS),
		"all":   unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS),
		"allow": unix.SECCOMP_RET_ALLOW, "log": unix.SECCOMP_RET_LOG,
	}
	for name, f := range filters {
		m := compile(t, f)
		for nr := range uint32(1200) {
			c := vm.Call{Arch: vm.Native(), Number: nr}
			agree(t, f, m, c)
			if _, named := seccomp.SyscallName(int(nr)); !named && run(t, m, c) != unknown[name] {
				t.Errorf("%s: number %d gives %#x", name, nr, run(t, m, c))
			}
		}
		for _, nr := range []uint32{1 << 20, 1<<30 - 1, ^uint32(0)} {
			c := vm.Call{Arch: vm.Native(), Number: nr}
			agree(t, f, m, c)
			if got := run(t, m, c); got != unknown[name] {
				t.Errorf("%s: number %#x gives %#x, want %#x", name, nr, got, unknown[name])
			}
		}
	}
}

// TestForeignABIs shows that calls by another ABI kill, whatever the filter
// allows: through int 0x80, with bit 30, and from other processors.
func TestForeignABIs(t *testing.T) {
	f := seccomp.Filter{Default: seccomp.Allow, Arches: []string{"native"}, Deny: []seccomp.Rule{{Name: "ptrace", Action: seccomp.Errno}}}
	m := compile(t, f)
	calls := []vm.Call{{Arch: 0}, {Arch: 1}, {Arch: unix.AUDIT_ARCH_I386 ^ 1}, {Arch: 0xc00000f3, Number: 63}}
	if runtime.GOARCH == "amd64" {
		for nr := range uint32(600) {
			calls = append(calls, vm.Call{Arch: unix.AUDIT_ARCH_I386, Number: nr}, vm.Call{Arch: unix.AUDIT_ARCH_X86_64, Number: nr | x32Bit})
		}
		calls = append(calls, vm.Call{Arch: unix.AUDIT_ARCH_X86_64, Number: 1 << 31}, vm.Call{Arch: unix.AUDIT_ARCH_X86_64, Number: 0xfffffffe})
	}
	for _, c := range calls {
		agree(t, f, m, c)
		if got := run(t, m, c); got != unix.SECCOMP_RET_KILL_PROCESS {
			t.Errorf("arch %#x number %#x: %#x", c.Arch, c.Number, got)
		}
	}
}

// TestSecondABI compiles for every ABI of the machine and compares them all.
// Calls newer than libseccomp get the unnamed answer outside the native ABI;
// those are told apart by asking the library.
func TestSecondABI(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Log("only x86-64 has a second ABI that every kernel supports")
		return
	}
	for _, arches := range [][]string{{"native", "x86"}, {"native", "x32"}, {"x86", "native", "x32", "arm64"}, {"x86"}} {
		f := seccomp.Filter{
			Default: seccomp.Errno, Arches: arches,
			Allow: []seccomp.Rule{{Name: "@default"}},
			Deny: []seccomp.Rule{
				{Name: "semget", Action: seccomp.Errno, Errno: int(unix.EACCES), When: []seccomp.Cond{{Arg: 0, Op: "==", Value: 7}}},
				{Name: "shmat", Action: seccomp.Kill},
			},
		}
		m := compile(t, f)
		unheard := unknownToLibrary(t, f)
		for _, a := range []struct {
			name      string
			arch, bit uint32
		}{
			{"x86-64", unix.AUDIT_ARCH_X86_64, 0}, {"x86", unix.AUDIT_ARCH_I386, 0}, {"x32", unix.AUDIT_ARCH_X86_64, x32Bit},
		} {
			r := rand.New(rand.NewPCG(1, 2))
			for nr := range uint32(560) {
				c := vm.Call{Arch: a.arch, Number: nr | a.bit}
				if unheard[a.name][nr] {
					continue
				}
				for range 3 {
					agree(t, f, m, c)
					for i := range c.Args {
						c.Args[i] = value(r)
						if a.name == "x86" {
							c.Args[i] = uint64(r.IntN(30))
						}
					}
				}
			}
		}
	}
}

// unknownToLibrary returns the numbers, by ABI, of the calls that libseccomp
// cannot be told about.
func unknownToLibrary(t *testing.T, f seccomp.Filter) map[string]map[uint32]bool {
	t.Helper()
	tables, err := seccomp.Tables(f)
	if err != nil {
		t.Fatal(err)
	}
	unheard := map[string]map[uint32]bool{}
	for i := range tables {
		numbers := map[uint32]bool{}
		for j := range tables[i].Calls {
			c := &tables[i].Calls[j]
			if _, known := numberOf(&tables[i], c); !known && c.Number >= 0 {
				numbers[uint32(c.Number)] = true
			}
		}
		unheard[tables[i].Arch] = numbers
	}
	return unheard
}

func TestPrecedence(t *testing.T) {
	eq := func(value uint64) []seccomp.Cond { return []seccomp.Cond{{Arg: 0, Op: "==", Value: value}} }
	native := []string{"native"}
	tests := []struct {
		name string
		f    seccomp.Filter
		want []expectation
	}{
		{
			"deny wins over allow",
			seccomp.Filter{Default: seccomp.Allow, Allow: []seccomp.Rule{{Name: "kill"}}, Deny: []seccomp.Rule{{Name: "kill", Action: seccomp.Errno}}, Arches: native},
			[]expectation{{"kill", [6]uint64{}, "EPERM"}, {"tkill", [6]uint64{}, "allow"}},
		},
		{
			"deny takes only what it names",
			seccomp.Filter{
				Default: seccomp.Kill, Allow: []seccomp.Rule{{Name: "kill"}}, Arches: native,
				Deny: []seccomp.Rule{{Name: "kill", When: eq(7), Action: seccomp.Errno, Errno: int(unix.ESRCH)}},
			},
			[]expectation{
				{"kill", [6]uint64{7}, "ESRCH"},
				{"kill", [6]uint64{8}, "allow"},
				{"kill", [6]uint64{1<<32 | 7}, "allow"},
				{"tkill", [6]uint64{}, "kill"},
			},
		},
		{
			"mixed conditions",
			seccomp.Filter{
				Default: seccomp.Errno, Arches: native,
				Allow: []seccomp.Rule{{Name: "kill", When: eq(1)}, {Name: "kill", When: []seccomp.Cond{{Arg: 1, Op: ">", Value: 9}}}},
				Deny:  []seccomp.Rule{{Name: "kill", When: []seccomp.Cond{{Arg: 1, Op: ">=", Value: 30}}, Action: seccomp.Kill}},
			},
			[]expectation{
				{"kill", [6]uint64{1, 0}, "allow"},
				{"kill", [6]uint64{1, 30}, "kill"},
				{"kill", [6]uint64{2, 10}, "allow"},
				{"kill", [6]uint64{2, 9}, "EPERM"},
				{"kill", [6]uint64{2, 1 << 40}, "kill"},
			},
		},
		{
			"the later deny has the last word",
			seccomp.Filter{
				Default: seccomp.Allow, Arches: native,
				Deny: []seccomp.Rule{{Name: "@debug", Action: seccomp.Kill}, {Name: "ptrace", Action: seccomp.Errno, Errno: int(unix.EACCES)}},
			},
			[]expectation{{"ptrace", [6]uint64{}, "EACCES"}, {"kcmp", [6]uint64{}, "kill"}},
		},
		{
			"a grant is not taken back by a group that refuses",
			seccomp.Filter{Default: seccomp.Errno, Allow: []seccomp.Rule{{Name: "clone3"}, {Name: "@default"}}, Arches: native},
			[]expectation{{"clone3", [6]uint64{}, "allow"}},
		},
		{
			"a denied group loses all its members",
			seccomp.Filter{
				Default: seccomp.Errno, Allow: []seccomp.Rule{{Name: "@default"}}, Arches: native,
				Deny: []seccomp.Rule{{Name: "@network-io", Action: seccomp.Errno, Errno: int(unix.EACCES)}},
			},
			[]expectation{
				{"socket", [6]uint64{unix.AF_UNIX, unix.SOCK_STREAM}, "EACCES"},
				{"connect", [6]uint64{}, "EACCES"},
				{"read", [6]uint64{}, "allow"},
			},
		},
		{
			"a denied group with conditions loses what it grants",
			seccomp.Filter{
				Default: seccomp.Errno, Allow: []seccomp.Rule{{Name: "@default"}, {Name: "@sandbox"}}, Arches: native,
				Deny: []seccomp.Rule{{Name: "@sandbox", Action: seccomp.Errno}},
			},
			[]expectation{{"chroot", [6]uint64{}, "EPERM"}},
		},
		{
			"log",
			seccomp.Filter{
				Default: seccomp.Errno, Arches: native, Allow: []seccomp.Rule{{Name: "kill", Action: seccomp.Log}, {Name: "kill", When: eq(3)}},
				Deny: []seccomp.Rule{{Name: "tkill", Action: seccomp.Log}},
			},
			[]expectation{
				{"kill", [6]uint64{3}, "allow"},
				{"kill", [6]uint64{4}, "log"},
				{"tkill", [6]uint64{}, "log"},
			},
		},
		{
			"a default that logs sees what a group would refuse",
			seccomp.Filter{Default: seccomp.Log, Allow: []seccomp.Rule{{Name: "@default"}}, Arches: native},
			[]expectation{
				{"read", [6]uint64{}, "allow"},
				{"clone3", [6]uint64{}, "log"},
				{"socket", [6]uint64{unix.AF_PACKET}, "log"},
				{"socket", [6]uint64{unix.AF_UNIX, unix.SOCK_STREAM}, "allow"},
			},
		},
		{
			"the answer for unknown numbers, for a known call",
			seccomp.Filter{
				Default: seccomp.Errno, Allow: []seccomp.Rule{{Name: "kill"}}, Arches: native,
				Deny: []seccomp.Rule{
					{Name: "kill", When: eq(3), Action: seccomp.Errno, Errno: int(unix.ENOSYS)},
					{Name: "kill", When: []seccomp.Cond{{Arg: 1, Op: "<", Value: 5}}, Action: seccomp.Errno},
				},
			},
			[]expectation{
				{"kill", [6]uint64{3, 9}, "ENOSYS"},
				{"kill", [6]uint64{3, 4}, "EPERM"},
				{"kill", [6]uint64{4, 5}, "allow"},
			},
		},
		{
			"a mask across both halves",
			seccomp.Filter{
				Default: seccomp.Errno, Arches: native,
				Allow: []seccomp.Rule{{Name: "kill", When: []seccomp.Cond{{Arg: 5, Op: "&", Mask: 1<<40 | 1<<3, Value: 1 << 40}}}},
			},
			[]expectation{
				{"kill", [6]uint64{5: 1 << 40}, "allow"},
				{"kill", [6]uint64{5: ^uint64(1 << 3)}, "allow"},
				{"kill", [6]uint64{5: 1<<40 | 1<<3}, "EPERM"},
				{"kill", [6]uint64{5: 0}, "EPERM"},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { verify(t, tt.f, tt.want) })
	}
}
