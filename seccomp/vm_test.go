package seccomp

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// machine runs a program as the kernel would, on made-up calls.
type machine struct{ vm *bpf.VM }

// load prepares a program for running, and fails the test when it holds an
// instruction that is none.
func load(t *testing.T, p Program) machine {
	t.Helper()
	if err := p.check(); err != nil {
		t.Fatal(err)
	}
	instructions := disassemble(p)
	for at := range instructions {
		if _, unknown := instructions[at].(bpf.RawInstruction); unknown {
			t.Fatalf("instruction %d is not known: %+v", at, instructions[at])
		}
	}
	vm, err := bpf.NewVM(instructions)
	if err != nil {
		t.Fatal(err)
	}
	return machine{vm}
}

// disassemble reads the instructions of a program.
func disassemble(p Program) []bpf.Instruction {
	instructions := make([]bpf.Instruction, 0, p.Len())
	for at := 0; at < len(p); at += instructionSize {
		raw := bpf.RawInstruction{
			Op: binary.NativeEndian.Uint16(p[at:]), Jt: p[at+2], Jf: p[at+3], K: binary.NativeEndian.Uint32(p[at+4:]),
		}
		instructions = append(instructions, raw.Disassemble())
	}
	return instructions
}

// call is one made-up syscall.
type call struct {
	arch, nr uint32
	args     [argCount]uint64
}

// run returns the SECCOMP_RET_* value for a call. The machine loads big-endian
// words, the kernel native ones: struct seccomp_data is laid out accordingly,
// each 64-bit argument with its low half first as on a little-endian kernel.
func (m machine) run(t *testing.T, c call) uint32 {
	t.Helper()
	data := make([]byte, 64)
	binary.BigEndian.PutUint32(data[0:], c.nr)
	binary.BigEndian.PutUint32(data[4:], c.arch)
	for i, arg := range c.args {
		binary.BigEndian.PutUint32(data[16+8*i:], uint32(arg))
		binary.BigEndian.PutUint32(data[20+8*i:], uint32(arg>>32))
	}
	result, err := m.vm.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(result)
}

// ret is the SECCOMP_RET_* value of a decision.
func (d Decision) ret() uint32 {
	switch d.Action {
	case Allow:
		return unix.SECCOMP_RET_ALLOW
	case Kill:
		return unix.SECCOMP_RET_KILL_PROCESS
	case Log:
		return unix.SECCOMP_RET_LOG
	case Errno:
	}
	return unix.SECCOMP_RET_ERRNO | uint32(d.Errno)
}

// agree compares program and definition for one call.
func agree(t *testing.T, f Filter, m machine, c call) {
	t.Helper()
	want := Verdict(f, c.arch, c.nr, c.args)
	if got := m.run(t, c); got != want.ret() {
		t.Fatalf("%+v\narch %#x nr %#x (%s) args %#x: program gives %#x, want %#x (%v rule %d)",
			f, c.arch, c.nr, want.Name, c.args, got, want.ret(), want.List, want.Index)
	}
}

// interesting are values of conditions and arguments near which mistakes
// would show.
var interesting = []uint64{
	0, 1, 2, 3, 5, 10, 16, 31, 32, 63, 64, 0x5412, 0x541c, 0x7e020000, 0x10000000, 0x7fffffff, 0x80000000, 0xffffffff,
	0x1_00000000, 0x1_00005412, 0x8000_0000_0000_0000, 0xffff_ffff_0000_0000, 0xffff_ffff_ffff_ffff,
}

// value picks an interesting value, one beside it, or any.
func value(r *rand.Rand) uint64 {
	v := interesting[r.IntN(len(interesting))]
	switch r.IntN(6) {
	case 0:
		return v ^ 1<<r.IntN(64)
	case 1:
		return v + 1
	case 2:
		return v - 1
	case 3:
		return r.Uint64() >> r.IntN(64)
	}
	return v
}

// condition makes a valid condition.
func condition(r *rand.Rand) Cond {
	c := Cond{
		Arg: uint(r.IntN(3)), Op: [...]string{"==", "!=", "<", "<=", ">", ">=", "&"}[r.IntN(7)], Width: 64,
		Value: value(r),
	}
	if r.IntN(4) > 0 {
		// Of the dear ones not too many: ranges and masks of many bits on
		// several arguments at once are refused.
		c.Op = [...]string{"==", "!="}[r.IntN(2)]
	}
	if r.IntN(2) == 0 {
		c.Width = 32
		c.Value &= 1<<32 - 1
	}
	if c.Op == "&" {
		c.Mask = max(value(r), 1)
		if c.Width == 32 {
			c.Mask = max(c.Mask&(1<<32-1), 1)
		}
		c.Value &= c.Mask
	}
	return c
}

// randomRule makes a valid rule on one of a few names, so that rules meet.
func randomRule(r *rand.Rand, list List) Rule {
	names := []string{"socket", "ioctl", "clone", "openat", "read", "semget", "@sandbox", "@keyring", "mmap", "rseq_slice_yield"}
	rule := Rule{Name: names[r.IntN(len(names))]}
	for range r.IntN(3) {
		rule.When = append(rule.When, condition(r))
	}
	actions := []Action{Allow, Allow, Allow, Log, Errno, Kill}
	if list == InDeny {
		actions = []Action{Errno, Errno, Kill, Log}
	}
	rule.Action = actions[r.IntN(len(actions))]
	if rule.Action == Errno && r.IntN(2) == 0 {
		rule.Errno = []int{1, int(unix.ENOSYS), int(unix.EACCES), maxErrno}[r.IntN(4)]
	}
	return rule
}

func randomFilter(r *rand.Rand) Filter {
	f := Filter{Default: []Action{Errno, Errno, Kill, Allow, Log}[r.IntN(5)], Arches: []string{"native"}}
	for range r.IntN(6) {
		f.Allow = append(f.Allow, randomRule(r, InAllow))
	}
	for range r.IntN(5) {
		f.Deny = append(f.Deny, randomRule(r, InDeny))
	}
	return f
}

// randomCall makes a call that the rules of a filter are likely to be about:
// arguments come from its own conditions, with bits changed.
func randomCall(r *rand.Rand, entries []Entry) call {
	c := call{arch: nativeABI.audit()}
	for i := range c.args {
		c.args[i] = value(r)
	}
	if len(entries) == 0 || r.IntN(8) == 0 {
		c.nr = uint32(r.IntN(700))
		return c
	}
	entry := entries[r.IntN(len(entries))]
	if number, ok := SyscallNumber(entry.Name); ok {
		c.nr = uint32(number)
	}
	for _, other := range entries {
		if other.Name != entry.Name {
			continue
		}
		for _, cond := range other.When {
			if r.IntN(2) == 0 {
				c.args[cond.Arg] = cond.Value + uint64(r.IntN(3)) - 1
			}
			if r.IntN(4) == 0 {
				c.args[cond.Arg] = cond.Value | r.Uint64()<<32
			}
			if r.IntN(4) == 0 {
				c.args[cond.Arg] = cond.Value | r.Uint64()&^cond.Mask
			}
		}
	}
	return c
}

// TestRandomFilters runs compiled filters against the definition. Every
// filter is made from a number that a failure prints.
func TestRandomFilters(t *testing.T) {
	compiled := 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		f := randomFilter(r)
		program, err := Compile(f)
		if err != nil {
			t.Logf("seed %d: %v", seed, err)
			continue
		}
		compiled++
		m := load(t, program)
		entries := Expand(f)
		for range 300 {
			agree(t, f, m, randomCall(r, entries))
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if compiled < 340 {
		t.Errorf("only %d of 400 filters could be compiled", compiled)
	}
}
