//go:build cgo

package libseccomp

import (
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/seccomp"
	"github.com/jail-project/jail/seccomp/internal/vm"
)

// load prepares a program for running.
func load(t *testing.T, p seccomp.Program) vm.Machine {
	t.Helper()
	m, err := vm.Load(p)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// run returns what a program gives for a call.
func run(t *testing.T, m vm.Machine, c vm.Call) uint32 {
	t.Helper()
	result, err := m.Run(c)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// agree compares program and definition for one call.
func agree(t *testing.T, f seccomp.Filter, m vm.Machine, c vm.Call) {
	t.Helper()
	if err := m.Agree(f, c); err != nil {
		t.Fatal(err)
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
func condition(r *rand.Rand) seccomp.Cond {
	c := seccomp.Cond{
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
func randomRule(r *rand.Rand, list seccomp.List) seccomp.Rule {
	names := []string{"socket", "ioctl", "clone", "openat", "read", "semget", "@sandbox", "@keyring", "mmap", "rseq_slice_yield", "fchmod", "openat2"}
	rule := seccomp.Rule{Name: names[r.IntN(len(names))]}
	for range r.IntN(3) {
		rule.When = append(rule.When, condition(r))
	}
	actions := []seccomp.Action{seccomp.Allow, seccomp.Allow, seccomp.Allow, seccomp.Log, seccomp.Errno, seccomp.Kill}
	if list == seccomp.InDeny {
		actions = []seccomp.Action{seccomp.Errno, seccomp.Errno, seccomp.Kill, seccomp.Log}
	}
	rule.Action = actions[r.IntN(len(actions))]
	if rule.Action == seccomp.Errno && r.IntN(2) == 0 {
		rule.Errno = []int{1, int(unix.ENOSYS), int(unix.EACCES), int(unix.EHWPOISON)}[r.IntN(4)]
	}
	return rule
}

func randomFilter(r *rand.Rand) seccomp.Filter {
	f := seccomp.Filter{Default: []seccomp.Action{seccomp.Errno, seccomp.Errno, seccomp.Kill, seccomp.Allow, seccomp.Log}[r.IntN(5)], Arches: []string{"native"}, NoSetID: r.IntN(2) == 0}
	for range r.IntN(6) {
		f.Allow = append(f.Allow, randomRule(r, seccomp.InAllow))
	}
	for range r.IntN(5) {
		f.Deny = append(f.Deny, randomRule(r, seccomp.InDeny))
	}
	return f
}

// randomCall makes a call that the rules of a filter are likely to be about:
// arguments come from its own conditions, with bits changed.
func randomCall(r *rand.Rand, entries []seccomp.Entry) vm.Call {
	c := vm.Call{Arch: vm.Native()}
	for i := range c.Args {
		c.Args[i] = value(r)
	}
	if len(entries) == 0 || r.IntN(8) == 0 {
		c.Number = uint32(r.IntN(700))
		return c
	}
	entry := entries[r.IntN(len(entries))]
	if number, ok := seccomp.SyscallNumber(entry.Name); ok {
		c.Number = uint32(number)
	}
	for _, other := range entries {
		if other.Name != entry.Name {
			continue
		}
		for _, cond := range other.When {
			if r.IntN(2) == 0 {
				c.Args[cond.Arg] = cond.Value + uint64(r.IntN(3)) - 1
			}
			if r.IntN(4) == 0 {
				c.Args[cond.Arg] = cond.Value | r.Uint64()<<32
			}
			if r.IntN(4) == 0 {
				c.Args[cond.Arg] = cond.Value | r.Uint64()&^cond.Mask
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
		entries := seccomp.Expand(f)
		for range 300 {
			agree(t, f, m, randomCall(r, entries))
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if compiled < 330 { // the rest have conditions that multiply
		t.Errorf("only %d of 400 filters could be compiled", compiled)
	}
}
