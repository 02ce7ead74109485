package score

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/score/probe"
	"github.com/jail-project/jail/seccomp"
)

// syscallOf is one use of a syscall. The arguments are harmless: the kernel
// refuses them by an error that no filter gives, before it does anything.
type syscallOf struct {
	name  string
	shown string // the use, where the name alone does not tell
	args  [seccomp.ArgCount]uint64
	// kernelRefuses: without privileges the kernel's own answer can be EPERM,
	// so that nobody can tell whether a filter let the call through.
	kernelRefuses bool
}

func (c syscallOf) String() string {
	if c.shown != "" {
		return c.name + " " + c.shown
	}
	return c.name
}

// all and none: values that no call takes, for flags and for descriptors.
const (
	badFlags = 1<<32 - 1
	noFile   = 1<<32 - 1
	noMemory = 0
	oddType  = 1 << 30 // a flag beside the type of a socket that does not exist
)

func plain(name string, args ...uint64) syscallOf {
	c := syscallOf{name: name}
	copy(c.args[:], args)
	return c
}

func privileged(name string, args ...uint64) syscallOf {
	c := plain(name, args...)
	c.kernelRefuses = true
	return c
}

func use(name, shown string, args ...uint64) syscallOf {
	c := plain(name, args...)
	c.shown = shown
	return c
}

// callCheck makes a check of syscalls that the filter should refuse: every
// one that it lets through counts.
func callCheck(id, doc string, weight int, calls ...syscallOf) Check {
	var names []string
	for i := range calls {
		names = append(names, calls[i].name)
	}
	names = slices.Compact(names)
	return Check{
		ID: id, Doc: doc, Weight: weight, Range: len(calls),
		Fix: "syscalls: {deny: [" + strings.Join(names, ", ") + "]}", Cost: "programs that need these calls",
		assess: func(f *facts) outcome { return f.callsOpen(calls) },
		ask:    func(f *facts, _ *Outside) []Question { return f.askCalls(calls) },
	}
}

// callsOpen counts the calls that the filter lets through.
func (f *facts) callsOpen(calls []syscallOf) outcome {
	o := outcome{detail: "refused"}
	var open []string
	for _, c := range calls {
		r := f.verdict(c.name, c.args)
		if _, here := seccomp.SyscallNumber(c.name); !here || f.Filter != nil && r == nil || r != nil && !passes(r.Action) {
			continue
		}
		if len(open) == 0 {
			o.by = []Cause{f.ruleCause(r)}
		}
		open = append(open, c.String())
	}
	if o.badness = len(open); o.badness > 0 {
		o.detail = "allowed: " + few(open)
	}
	return o
}

func passes(a seccomp.Action) bool { return a == seccomp.Allow || a == seccomp.Log }

func syscallChecks() []Check {
	return append([]Check{filterCheck(), foreignCheck(), newCallsCheck()},
		callCheck("io-uring", "no io_uring, whose operations no filter sees", 20,
			plain("io_uring_setup", 0, noMemory), plain("io_uring_enter", noFile), plain("io_uring_register", noFile)),
		callCheck("mounting", "nothing can be mounted, by the old calls or the new", 20,
			plain("mount"), plain("umount2", noMemory, badFlags), plain("open_tree", noFile, noMemory, badFlags),
			plain("mount_setattr", noFile, noMemory, badFlags), privileged("fsopen", noMemory, badFlags),
			privileged("move_mount", noFile), privileged("pivot_root")),
		callCheck("chroot", "no other root directory", 5, plain("chroot")),
		callCheck("bpf", "no programs for the kernel", 15, plain("bpf", 9999)),
		callCheck("performance-events", "no performance events", 10, plain("perf_event_open", noMemory, 0, 0, noFile, badFlags)),
		callCheck("userfaultfd", "no page faults handled by the program, which win races in the kernel", 10, plain("userfaultfd", badFlags)),
		callCheck("tracing", "other processes cannot be traced or read", 15,
			plain("ptrace", badFlags, 1<<31-1), plain("process_vm_readv", noFile, 0, 0, 0, 0, badFlags),
			plain("process_vm_writev", noFile, 0, 0, 0, 0, badFlags), plain("pidfd_getfd", noFile, noFile, badFlags),
			plain("kcmp", 1<<31-1, 1<<31-1)),
		callCheck("kernel-keys", "no keyrings of the kernel", 10,
			plain("keyctl", badFlags), plain("add_key"), plain("request_key")),
		callCheck("file-handles", "no files by handle, past every path", 10,
			plain("name_to_handle_at", noFile, 0, 0, 0, badFlags), privileged("open_by_handle_at", noFile)),
		callCheck("joining", "no namespaces of others", 10, plain("setns", noFile)),
		callCheck("terminal-input", "nothing can be typed into the terminal", 20,
			use("ioctl", "TIOCSTI", 0, unix.TIOCSTI), use("ioctl", "TIOCLINUX", 0, 0x541c),
			use("ioctl", "TIOCSTI with high bits", 0, unix.TIOCSTI|1<<32)),
		callCheck("socket-options", "no kernel protocols, filters or packet tables through socket options", 10,
			use("setsockopt", "TCP_ULP", noFile, unix.SOL_TCP, unix.TCP_ULP),
			use("setsockopt", "SO_ATTACH_BPF", noFile, unix.SOL_SOCKET, unix.SO_ATTACH_BPF),
			use("setsockopt", "IPT_SO_SET_REPLACE", noFile, unix.SOL_IP, 64)),
		callCheck("modules", "no modules and no other kernel", 10,
			privileged("init_module"), privileged("finit_module", noFile, 0, badFlags), privileged("delete_module"),
			privileged("kexec_load", 0, 0, 0, badFlags)),
		callCheck("clocks", "the clock cannot be set", 5,
			plain("settimeofday", 1), plain("clock_settime", 9999), plain("clock_adjtime", 9999)),
		callCheck("administration", "no swap, quota, accounting or restart", 5,
			plain("quotactl", badFlags), privileged("swapon"), privileged("swapoff"), privileged("acct"), privileged("reboot")),
		callCheck("ports", "no input and output ports", 5, plain("iopl", 99), plain("ioperm", 1<<63, 1<<63)),
		callCheck("kernel-log", "the kernel's log cannot be read", 5, privileged("syslog", 10)),
		callCheck("file-events", "no events about all files", 5, plain("fanotify_init", 0x200, badFlags)),
		callCheck("personality", "no other execution domain", 5, use("personality", "ADDR_NO_RANDOMIZE", 0x0040000|0xff)),
		callCheck("old-calls", "nothing that is only there for old programs", 5,
			plain("modify_ldt"), plain("uselib"), plain("ustat"), plain("sysfs", 99), plain("vmsplice", noFile)),
	)
}

func filterCheck() Check {
	return Check{
		ID: "filter", Doc: "only listed syscalls are allowed", Weight: 30, Range: 10,
		Fix: "syscalls: {default: errno}", Cost: "what the program calls has to be listed; @default is enough for most",
		assess: func(f *facts) outcome {
			if f.Filter == nil {
				return outcome{badness: 10, detail: "there is no filter", by: []Cause{byJail("no syscall filter")}}
			}
			s := &f.Policy.Syscalls.Default
			return either(!passes(f.Filter.Default), 8, "what is not listed is refused",
				"what is not listed is allowed", leaf("syscalls.default", f.Filter.Default.String(), s.Origin))
		},
		ask: func(f *facts, _ *Outside) []Question {
			want := "0"
			if f.Filter != nil {
				want = "2"
			}
			return askStatus("Seccomp", "the mode of the filter (2 is a list)", want, same)
		},
	}
}

func foreignCheck() Check {
	accepted := func(f *facts) []string {
		if f.Filter == nil {
			return []string{"all"}
		}
		return slices.DeleteFunc(slices.Clone(f.Filter.Arches), func(a string) bool { return a == "native" })
	}
	return Check{
		ID: "other-interfaces", Doc: "no syscall interface but the native one", Weight: 15, Range: 10,
		Fix: "syscalls: {architectures: !replace [native]}", Cost: "32-bit programs",
		assess: func(f *facts) outcome {
			others := accepted(f)
			if len(others) == 0 {
				return outcome{detail: "another one ends the program"}
			}
			o := outcome{badness: 10, detail: "accepted: " + few(others)}
			for i := range f.Policy.Syscalls.Architectures {
				if e := &f.Policy.Syscalls.Architectures[i]; e.Text == others[0] {
					o.by = []Cause{leaf("syscalls.architectures", e.Text, e.Origin)}
				}
			}
			return o
		},
		ask: func(f *facts, _ *Outside) []Question {
			if _, x86 := seccomp.SyscallNumber("arch_prctl"); !x86 {
				return nil
			}
			others := accepted(f)
			ends := !slices.Contains(others, "x86") && !slices.Contains(others, "all")
			const getpid = 20 // in the table of 32-bit x86
			ask := probe.Question{Kind: probe.Foreign, Call: getpid, Ends: true}
			return askWhether("a call by the 32-bit x86 interface", ends, callEnds, callAllowed, ask, func(answer string) bool {
				return answer == probe.Ended(unix.SIGSYS)
			})
		},
	}
}

func newCallsCheck() Check {
	return Check{
		ID: "new-calls", Doc: "calls that are newer than jail do not exist", Weight: 10, Range: 10,
		Fix: "syscalls: {default: errno}", Cost: "nothing: programs fall back",
		assess: func(f *facts) outcome {
			if f.Filter == nil {
				return outcome{badness: 10, detail: "there is no filter"}
			}
			s := &f.Policy.Syscalls.Default
			return either(!passes(f.Filter.Default), 10, "they fail with ENOSYS", "they are allowed",
				leaf("syscalls.default", f.Filter.Default.String(), s.Origin))
		},
		Unmeasured: "a number without a call has the same answer from the kernel",
	}
}

// family is a use of socket(2) with a flag that no kernel knows: with a family
// that it lets through, the kernel says EINVAL.
func family(name string, number, kind, protocol uint64) syscallOf {
	return use("socket", name, number, kind|oddType, protocol)
}

// nested is a use of a call that would make a user namespace, were its other
// arguments not impossible.
func nested() []syscallOf {
	return []syscallOf{
		use("unshare", "CLONE_NEWUSER", unix.CLONE_NEWUSER|1),
		use("clone", "CLONE_NEWUSER", unix.CLONE_NEWUSER|unix.CLONE_FS),
		plain("clone3"),
	}
}

// number reads an answer as the number that it is.
func number(answer string) (uint64, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(answer), 0, 64)
	return n, err == nil
}

// hexadecimal writes a set of bits as /proc does.
func hexadecimal(v uint64) string { return fmt.Sprintf("%016x", v) }
