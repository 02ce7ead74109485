// Package allowlist writes syscall filters by hand: a list of calls that are allowed,
// some of them with certain arguments only, and an error for every other. Such a
// filter is a few hundred bytes of the kernel's classic BPF, made in microseconds. It
// needs neither the compiler of profiles' filters nor a cache, and knows only the ABI
// that this program was built for: calls by another one end the process.
package allowlist

import (
	"cmp"
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"
)

// Program is a filter under construction. Rules for one call count in the order in
// which they are added.
type Program struct {
	rules []rule
	code  []byte // of all rules
}

// rule is a piece of code about one call, which goes on behind itself when it decides
// nothing, with the number loaded.
type rule struct {
	call     uint32
	from, to int
}

// Size is that of one instruction, struct sock_filter.
const Size = 8

// Instructions of include/uapi/linux/bpf_common.h.
const (
	load   = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	equal  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	least  = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
	shares = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
	result = unix.BPF_RET | unix.BPF_K
)

// Offsets in struct seccomp_data (seccomp(2)); the low half of an argument comes first
// on every machine that jail runs on.
const (
	number    = 0
	arch      = 4
	arguments = 16
)

// New begins a program. Room for so many rules is made at once.
func New(rules int) *Program {
	return &Program{rules: make([]rule, 0, rules), code: make([]byte, 0, 4*rules*Size)}
}

// Allow allows calls whatever their arguments are.
func (p *Program) Allow(calls ...uint32) {
	for _, call := range calls {
		p.always(call, unix.SECCOMP_RET_ALLOW)
	}
}

// Refuse has a call fail with an errno of its own.
func (p *Program) Refuse(call uint32, errno unix.Errno) {
	p.always(call, unix.SECCOMP_RET_ERRNO|uint32(errno))
}

func (p *Program) always(call, answer uint32) {
	end := p.begin(call)
	p.instruction(equal, 0, 1, call)
	p.instruction(result, 0, 0, answer)
	end()
}

// begin begins a rule, which the function that it returns ends.
func (p *Program) begin(call uint32) func() {
	from := len(p.code)
	return func() { p.rules = append(p.rules, rule{call, from, len(p.code)}) }
}

// AllowIf allows a call when all conditions hold.
func (p *Program) AllowIf(call uint32, conditions ...Condition) {
	defer p.begin(call)()
	// Where a condition does not hold, the rest is skipped: the rest of the
	// conditions, the return, and on to loading the number again.
	left := len(conditions)*2 + 1
	p.instruction(equal, 0, uint8(left+1), call)
	for _, c := range conditions {
		left -= 2
		p.instruction(load, 0, 0, offset(c.argument, c.high))
		if c.unless {
			p.instruction(c.test, uint8(left), 0, c.value)
		} else {
			p.instruction(c.test, 0, uint8(left), c.value)
		}
	}
	p.instruction(result, 0, 0, unix.SECCOMP_RET_ALLOW)
	p.instruction(load, 0, 0, number)
}

// AllowValues allows a call when the low half of an argument is one of the values.
func (p *Program) AllowValues(call uint32, argument int, values ...uint32) {
	defer p.begin(call)()
	p.instruction(equal, 0, uint8(len(values)*2+2), call)
	p.instruction(load, 0, 0, offset(argument, false))
	for _, v := range values {
		p.instruction(equal, 0, 1, v)
		p.instruction(result, 0, 0, unix.SECCOMP_RET_ALLOW)
	}
	p.instruction(load, 0, 0, number)
}

// Otherwise ends the program: a call without a rule fails with EPERM, and a number that
// was unused when this was written with ENOSYS.
//
// The rules are sorted by number and stand in groups that higher numbers skip: the kernel
// runs a new filter for every syscall number, which would take longer than all else here.
func (p *Program) Otherwise() []byte {
	slices.SortStableFunc(p.rules, func(a, b rule) int { return cmp.Compare(a.call, b.call) })
	out := Program{code: make([]byte, 0, len(p.code)+(len(p.rules)+7)*Size)}
	out.instruction(load, 0, 0, arch)
	out.instruction(equal, 1, 0, audit)
	out.instruction(result, 0, 0, unix.SECCOMP_RET_KILL_PROCESS)
	out.instruction(load, 0, 0, number)
	for rest := p.rules; len(rest) > 0; {
		n, size := group(rest)
		if n < len(rest) {
			out.instruction(least, uint8(size/Size), 0, rest[n].call)
		}
		for _, r := range rest[:n] {
			out.code = append(out.code, p.code[r.from:r.to]...)
		}
		rest = rest[n:]
	}
	out.instruction(least, 0, 1, newest)
	out.instruction(result, 0, 0, unix.SECCOMP_RET_ERRNO|uint32(unix.ENOSYS))
	out.instruction(result, 0, 0, unix.SECCOMP_RET_ERRNO|uint32(unix.EPERM))
	return out.code
}

// perGroup is how many rules stand in a group, or a few more where they are about one
// call.
const perGroup = 8

// group tells how many of the rules are the next group, and the size of its code. A jump
// gets no further than over 255 instructions.
func group(rules []rule) (n, size int) {
	const most = 200 * Size
	for n < len(rules) && (n < perGroup && size < most || n > 0 && rules[n].call == rules[n-1].call) {
		size += rules[n].to - rules[n].from
		n++
	}
	return n, size
}

// newest is the first number that is unused so far (file_setattr of Linux 6.17 is 469).
// Numbers are the same for all machines since 2019.
const newest = 470

// Runtime are the calls of the Go runtime, and of a C library beside it, that are the
// same on all machines. Those that map memory, start threads and send signals take
// arguments that a filter has an opinion on, and are not among them.
func Runtime() []uint32 {
	return []uint32{
		unix.SYS_FUTEX, unix.SYS_READ, unix.SYS_WRITE, unix.SYS_WRITEV, unix.SYS_CLOSE, unix.SYS_PPOLL,
		unix.SYS_EPOLL_PWAIT, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_CREATE1, unix.SYS_EVENTFD2,
		unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_GETTIMEOFDAY, unix.SYS_RESTART_SYSCALL,
		unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY, unix.SYS_GETRANDOM, unix.SYS_BRK,
		unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK,
		unix.SYS_GETPID, unix.SYS_GETTID, unix.SYS_RSEQ, unix.SYS_SET_ROBUST_LIST, unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
	}
}

// AllowThreads allows new threads, and no new process. The flags of clone3 lie in memory,
// which a filter can't read: it fails with ENOSYS, and callers fall back to clone.
func (p *Program) AllowThreads() {
	const spaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET
	p.AllowIf(unix.SYS_CLONE, Has(0, unix.CLONE_THREAD), Lacks(0, spaces))
	p.Refuse(unix.SYS_CLONE3, unix.ENOSYS)
}

// Condition is one about half an argument.
type Condition struct {
	argument int
	high     bool
	test     uint16
	value    uint32
	unless   bool
}

// Is holds when the low half of an argument, which is all that the kernel takes of an
// int, has this value.
func Is(argument int, value uint32) Condition { return Condition{argument, false, equal, value, false} }

// HighIs and HighIsNot are about the upper half.
func HighIs(argument int, value uint32) Condition {
	return Condition{argument, true, equal, value, false}
}

// HighIsNot is the contrary of HighIs.
func HighIsNot(argument int, value uint32) Condition {
	return Condition{argument, true, equal, value, true}
}

// Has holds when at least one of the bits is set in the low half of an argument.
func Has(argument int, bits uint32) Condition {
	return Condition{argument, false, shares, bits, false}
}

// Lacks holds when none of them is.
func Lacks(argument int, bits uint32) Condition {
	return Condition{argument, false, shares, bits, true}
}

func offset(argument int, high bool) uint32 {
	at := uint32(arguments + 8*argument)
	if high {
		at += 4
	}
	return at
}

// instruction appends a struct sock_filter.
func (p *Program) instruction(code uint16, jt, jf uint8, k uint32) {
	p.code = binary.NativeEndian.AppendUint16(p.code, code)
	p.code = append(p.code, jt, jf)
	p.code = binary.NativeEndian.AppendUint32(p.code, k)
}
