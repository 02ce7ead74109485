package seccomp

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// ordinary is the filter of a profile that says nothing about syscalls.
func ordinary(more ...Rule) Filter {
	return Filter{Default: Errno, Allow: append([]Rule{{Name: "@default"}}, more...), Arches: []string{"native"}}
}

// compile compiles a filter that has to compile.
func compile(t *testing.T, f Filter) machine {
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
	args [argCount]uint64
	want string // "allow", "kill", "log" or an error name
}

// verify checks expectations against both.
func verify(t *testing.T, f Filter, expectations []expectation) {
	t.Helper()
	m := compile(t, f)
	for _, e := range expectations {
		nr, ok := SyscallNumber(e.call)
		if !ok {
			if IsSyscall(e.call) {
				continue // a call of another architecture
			}
			t.Errorf("%s is no syscall", e.call)
		}
		c := call{arch: nativeABI.audit(), nr: uint32(nr), args: e.args}
		agree(t, f, m, c)
		decision := Verdict(f, c.arch, c.nr, c.args)
		got := decision.Action.String()
		if decision.Action == Errno {
			got = ErrnoName(decision.Errno)
		}
		if got != e.want {
			t.Errorf("%s%#x: %s, want %s (%v rule %d)", e.call, e.args, got, e.want, decision.List, decision.Index)
		}
	}
}

// high are bits that the kernel ignores in an int.
const high = 0xdead_beef << 32

func TestDefaultGroup(t *testing.T) {
	const (
		stream, dgram, raw, packet = unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_RAW, unix.SOCK_SEQPACKET
		cloexec                    = unix.SOCK_CLOEXEC | unix.SOCK_NONBLOCK
		sigchld                    = uint64(unix.SIGCHLD)
	)
	args := func(a ...uint64) (all [argCount]uint64) {
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
		{"socket", args(unix.AF_NETLINK, raw|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE), "allow"},
		{"socket", args(unix.AF_NETLINK, dgram, unix.NETLINK_ROUTE), "allow"},
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

// TestSandboxGroup grants a browser its namespaces and nothing around them.
func TestSandboxGroup(t *testing.T) {
	flags := func(f uint64) [argCount]uint64 { return [argCount]uint64{f} }
	verify(t, ordinary(Rule{Name: "@sandbox"}), []expectation{
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
	nr, _ := SyscallNumber("socket")
	for family := range uint64(unix.AF_MAX + 2) {
		for kind := range uint64(16) {
			c := call{arch: nativeABI.audit(), nr: uint32(nr), args: [argCount]uint64{family, kind}}
			agree(t, f, m, c)
			var want bool
			switch family {
			case unix.AF_UNIX:
				want = kind == unix.SOCK_STREAM || kind == unix.SOCK_DGRAM || kind == unix.SOCK_SEQPACKET
			case unix.AF_INET, unix.AF_INET6:
				want = kind == unix.SOCK_STREAM || kind == unix.SOCK_DGRAM
			case unix.AF_NETLINK:
				want = kind == unix.SOCK_RAW || kind == unix.SOCK_DGRAM
			}
			if got := m.run(t, c) == unix.SECCOMP_RET_ALLOW; got != want {
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
	filters := map[string]Filter{
		"errno": ordinary(),
		"kill":  {Default: Kill, Allow: []Rule{{Name: "read"}}, Arches: []string{"native"}},
		"allow": {Default: Allow, Deny: []Rule{{Name: "read", Action: Errno}}, Arches: []string{"native"}},
		"log":   {Default: Log, Allow: []Rule{{Name: "read"}}, Arches: []string{"native"}},
		"all": {
			Default: Errno, Allow: []Rule{{Name: "@default"}, {Name: "@privileged"}, {Name: "@debug"}, {Name: "@obsolete"}},
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
			c := call{arch: nativeABI.audit(), nr: nr}
			agree(t, f, m, c)
			if _, named := SyscallName(int(nr)); !named && m.run(t, c) != unknown[name] {
				t.Errorf("%s: number %d gives %#x", name, nr, m.run(t, c))
			}
		}
		for _, nr := range []uint32{1 << 20, 1<<30 - 1, ^uint32(0)} {
			c := call{arch: nativeABI.audit(), nr: nr}
			agree(t, f, m, c)
			if got := m.run(t, c); got != unknown[name] {
				t.Errorf("%s: number %#x gives %#x, want %#x", name, nr, got, unknown[name])
			}
		}
	}
}

// TestForeignABIs shows that calls by another ABI kill, whatever the filter
// allows: through int 0x80, with bit 30, and from other processors.
func TestForeignABIs(t *testing.T) {
	f := Filter{Default: Allow, Arches: []string{"native"}, Deny: []Rule{{Name: "ptrace", Action: Errno}}}
	m := compile(t, f)
	calls := []call{{arch: 0}, {arch: 1}, {arch: auditX86 ^ 1}, {arch: 0xc00000f3, nr: 63}}
	if nativeABI == abiAMD64 {
		for nr := range uint32(600) {
			calls = append(calls, call{arch: auditX86, nr: nr}, call{arch: auditAMD64, nr: nr | x32Bit})
		}
		calls = append(calls, call{arch: auditAMD64, nr: 1 << 31}, call{arch: auditAMD64, nr: 0xfffffffe})
	}
	for _, c := range calls {
		agree(t, f, m, c)
		if got := m.run(t, c); got != unix.SECCOMP_RET_KILL_PROCESS {
			t.Errorf("arch %#x number %#x: %#x", c.arch, c.nr, got)
		}
	}
}

// TestSecondABI compiles for every ABI of the machine and compares them all.
// Calls newer than libseccomp get the unnamed answer outside the native ABI;
// those are told apart by asking the library.
func TestSecondABI(t *testing.T) {
	if nativeABI != abiAMD64 {
		t.Log("only x86-64 has a second ABI that every kernel supports")
		return
	}
	for _, arches := range [][]string{{"native", "x86"}, {"native", "x32"}, {"x86", "native", "x32", "arm64"}, {"x86"}} {
		f := Filter{
			Default: Errno, Arches: arches,
			Allow: []Rule{{Name: "@default"}},
			Deny: []Rule{
				{Name: "semget", Action: Errno, Errno: int(unix.EACCES), When: []Cond{{Arg: 0, Op: "==", Value: 7}}},
				{Name: "shmat", Action: Kill},
			},
		}
		m := compile(t, f)
		for _, a := range []abi{abiAMD64, abiX86, abiX32} {
			r := rand.New(rand.NewPCG(1, 2))
			for nr := range uint32(560) {
				c := call{arch: a.audit(), nr: nr}
				if a == abiX32 {
					c.nr |= x32Bit
				}
				row := rowOf(a, nr)
				if row != nil {
					if _, known := a.libraryNumber(row); !known {
						continue
					}
				}
				for range 3 {
					agree(t, f, m, c)
					for i := range c.args {
						c.args[i] = value(r)
						if a.narrow() {
							c.args[i] = uint64(r.IntN(30))
						}
					}
				}
			}
		}
	}
}

func TestMultiplexedCalls(t *testing.T) {
	f := ordinary()
	f.Arches = []string{"x86"}
	f.Deny = []Rule{{Name: "shmat", Action: Errno, Errno: int(unix.EACCES)}}
	tests := []struct {
		nr   uint32
		call uint64
		want int // error number, 0 for allowed
	}{
		{102, 1, int(unix.EAFNOSUPPORT)},   // socket: depends on its arguments
		{102, 2, 0},                        // bind
		{102, 14, int(unix.EPERM)},         // setsockopt
		{102, 17, 0},                       // recvmsg
		{102, 0, int(unix.ENOSYS)},         // none
		{102, 21, int(unix.ENOSYS)},        // none
		{117, 2, 0},                        // semget
		{117, 21, int(unix.EACCES)},        // shmat
		{117, 5, int(unix.ENOSYS)},         // none
		{117, 1<<16 | 2, int(unix.ENOSYS)}, // a version no program uses
	}
	for _, tt := range tests {
		got := Verdict(f, auditX86, tt.nr, [argCount]uint64{tt.call})
		if got.Errno != tt.want || (got.Action == Allow) != (tt.want == 0) {
			t.Errorf("%d(%d): %v %d, want %d", tt.nr, tt.call, got.Action, got.Errno, tt.want)
		}
	}
}

func TestPrecedence(t *testing.T) {
	eq := func(value uint64) []Cond { return []Cond{{Arg: 0, Op: "==", Value: value}} }
	native := []string{"native"}
	tests := []struct {
		name string
		f    Filter
		want []expectation
	}{
		{
			"deny wins over allow",
			Filter{Default: Allow, Allow: []Rule{{Name: "kill"}}, Deny: []Rule{{Name: "kill", Action: Errno}}, Arches: native},
			[]expectation{{"kill", [6]uint64{}, "EPERM"}, {"tkill", [6]uint64{}, "allow"}},
		},
		{
			"deny takes only what it names",
			Filter{
				Default: Kill, Allow: []Rule{{Name: "kill"}}, Arches: native,
				Deny: []Rule{{Name: "kill", When: eq(7), Action: Errno, Errno: int(unix.ESRCH)}},
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
			Filter{
				Default: Errno, Arches: native,
				Allow: []Rule{{Name: "kill", When: eq(1)}, {Name: "kill", When: []Cond{{Arg: 1, Op: ">", Value: 9}}}},
				Deny:  []Rule{{Name: "kill", When: []Cond{{Arg: 1, Op: ">=", Value: 30}}, Action: Kill}},
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
			Filter{
				Default: Allow, Arches: native,
				Deny: []Rule{{Name: "@debug", Action: Kill}, {Name: "ptrace", Action: Errno, Errno: int(unix.EACCES)}},
			},
			[]expectation{{"ptrace", [6]uint64{}, "EACCES"}, {"kcmp", [6]uint64{}, "kill"}},
		},
		{
			"a grant is not taken back by a group that refuses",
			Filter{Default: Errno, Allow: []Rule{{Name: "clone3"}, {Name: "@default"}}, Arches: native},
			[]expectation{{"clone3", [6]uint64{}, "allow"}},
		},
		{
			"a denied group loses all its members",
			Filter{
				Default: Errno, Allow: []Rule{{Name: "@default"}}, Arches: native,
				Deny: []Rule{{Name: "@network-io", Action: Errno, Errno: int(unix.EACCES)}},
			},
			[]expectation{
				{"socket", [6]uint64{unix.AF_UNIX, unix.SOCK_STREAM}, "EACCES"},
				{"connect", [6]uint64{}, "EACCES"},
				{"read", [6]uint64{}, "allow"},
			},
		},
		{
			"a denied group with conditions loses what it grants",
			Filter{
				Default: Errno, Allow: []Rule{{Name: "@default"}, {Name: "@sandbox"}}, Arches: native,
				Deny: []Rule{{Name: "@sandbox", Action: Errno}},
			},
			[]expectation{{"chroot", [6]uint64{}, "EPERM"}},
		},
		{
			"log",
			Filter{
				Default: Errno, Arches: native, Allow: []Rule{{Name: "kill", Action: Log}, {Name: "kill", When: eq(3)}},
				Deny: []Rule{{Name: "tkill", Action: Log}},
			},
			[]expectation{
				{"kill", [6]uint64{3}, "allow"},
				{"kill", [6]uint64{4}, "log"},
				{"tkill", [6]uint64{}, "log"},
			},
		},
		{
			"a default that logs sees what a group would refuse",
			Filter{Default: Log, Allow: []Rule{{Name: "@default"}}, Arches: native},
			[]expectation{
				{"read", [6]uint64{}, "allow"},
				{"clone3", [6]uint64{}, "log"},
				{"socket", [6]uint64{unix.AF_PACKET}, "log"},
				{"socket", [6]uint64{unix.AF_UNIX, unix.SOCK_STREAM}, "allow"},
			},
		},
		{
			"the answer for unknown numbers, for a known call",
			Filter{
				Default: Errno, Allow: []Rule{{Name: "kill"}}, Arches: native,
				Deny: []Rule{
					{Name: "kill", When: eq(3), Action: Errno, Errno: int(unix.ENOSYS)},
					{Name: "kill", When: []Cond{{Arg: 1, Op: "<", Value: 5}}, Action: Errno},
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
			Filter{
				Default: Errno, Arches: native,
				Allow: []Rule{{Name: "kill", When: []Cond{{Arg: 5, Op: "&", Mask: 1<<40 | 1<<3, Value: 1 << 40}}}},
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

func TestExplain(t *testing.T) {
	f := ordinary(Rule{Name: "@sandbox"}, Rule{Name: "@system-service"})
	f.Deny = []Rule{{Name: "@file-system", Action: Errno, Errno: int(unix.EROFS)}, {Name: "rmdir", Action: Kill}}

	open := Explain(f, "openat")
	if len(open) != 1 || open[0].List != InDeny || open[0].Index != 0 || open[0].Errno != int(unix.EROFS) ||
		!slices.Equal(open[0].Path, []string{"@file-system", "openat"}) {
		t.Errorf("openat: %+v", open)
	}
	if e := Explain(f, "rmdir"); len(e) != 1 || e[0].Index != 1 || e[0].Action != Kill {
		t.Errorf("rmdir: %+v", e)
	}
	if e := Explain(f, "epoll_wait"); len(e) != 1 ||
		!slices.Equal(e[0].Path, []string{"@default", "@io-event", "epoll_wait"}) {
		t.Errorf("epoll_wait: %+v", e)
	}
	if e := Explain(f, "keyctl"); len(e) != 1 || e[0].Index != 2 ||
		strings.Join(e[0].Path, ">") != "@system-service>@keyring>keyctl" {
		t.Errorf("keyctl: %+v", e)
	}
	clone := Explain(f, "clone")
	if len(clone) != 4 || clone[0].Index != 0 || clone[1].Index != 1 || clone[2].Index != 2 ||
		clone[3].List != ByDefault || len(clone[3].When) != 0 || clone[3].Errno != int(unix.EPERM) {
		t.Errorf("clone: %+v", clone)
	}
	if e := Explain(f, "ptrace"); len(e) != 1 || e[0].List != ByDefault || e[0].Index != -1 {
		t.Errorf("ptrace: %+v", e)
	}
}

// TestVerdictNamesTheRule follows one decision to its reason.
func TestVerdictNamesTheRule(t *testing.T) {
	nr, _ := SyscallNumber("openat")
	got := Verdict(ordinary(), nativeABI.audit(), uint32(nr), [argCount]uint64{})
	if got.Name != "openat" || got.List != InAllow || got.Index != 0 ||
		strings.Join(got.Path, " ") != "@default @file-system openat" {
		t.Errorf("%+v", got)
	}
}

func TestGroupsDoNotNestInCircles(t *testing.T) {
	var visit func(name string, path []string)
	visit = func(name string, path []string) {
		if slices.Contains(path, name) {
			t.Fatalf("circle: %v %s", path, name)
		}
		for _, member := range Group(name) {
			visit(member.Name, append(path, name))
		}
	}
	for _, name := range GroupNames() {
		visit(name, nil)
	}
}

func TestCheck(t *testing.T) {
	with := func(c Cond) Filter {
		return Filter{Allow: []Rule{{Name: "read", When: []Cond{c}}}, Arches: []string{"native"}}
	}
	tests := []struct {
		f    Filter
		want string // part of the message
	}{
		{Filter{}, "no architecture"},
		{Filter{Arches: []string{"mips"}}, `"mips" is unknown`},
		{Filter{Default: 9, Arches: []string{"native"}}, "default: action 9"},
		{Filter{Allow: []Rule{{Name: "raed"}}, Arches: []string{"native"}}, `allow rule 0, "raed"`},
		{Filter{Allow: []Rule{{Name: "@nothing"}}, Arches: []string{"native"}}, "no such syscall or group"},
		{Filter{Deny: []Rule{{Name: "read"}}, Arches: []string{"native"}}, "cannot have the action allow"},
		{Filter{Deny: []Rule{{Name: "read", Action: 7}}, Arches: []string{"native"}}, "action 7"},
		{Filter{Deny: []Rule{{Name: "read", Action: Errno, Errno: 134}}, Arches: []string{"native"}}, "error number 134"},
		{Filter{Deny: []Rule{{Name: "read", Action: Errno, Errno: -1}}, Arches: []string{"native"}}, "error number -1"},
		{Filter{Deny: []Rule{{Name: "read", Action: Kill, Errno: 1}}, Arches: []string{"native"}}, "goes with the action errno"},
		{with(Cond{Arg: 6, Op: "=="}), "no argument 6"},
		{with(Cond{Op: "="}), `unknown operator "="`},
		{with(Cond{Op: "==", Width: 16}), "width 16"},
		{with(Cond{Op: "==", Width: 32, Value: 1 << 32}), "does not fit"},
		{with(Cond{Op: "==", Mask: 1}), "a mask goes with"},
		{with(Cond{Op: "&", Mask: 1, Value: 2}), "outside the mask"},
		{with(Cond{Op: "&"}), "mask is zero"},
		{with(Cond{Op: "&", Mask: 1 << 32, Width: 32}), "mask 0x100000000 does not fit"},
	}
	if nativeABI == abiAMD64 {
		tests = append(tests, struct {
			f    Filter
			want string
		}{Filter{Allow: []Rule{{Name: "socketcall"}}, Arches: []string{"native", "x86"}}, "name the calls behind it"})
	}
	for _, tt := range tests {
		err := Check(tt.f)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q", tt.f, err, tt.want)
		}
		if program, err := Compile(tt.f); err == nil {
			t.Errorf("%+v compiles to %d instructions", tt.f, program.Len())
		}
	}
	if err := Check(ordinary(Rule{Name: "socketcall"}, Rule{Name: "open"})); err != nil {
		t.Errorf("calls of other architectures are refused: %v", err)
	}
}
