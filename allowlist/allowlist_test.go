package allowlist

import (
	"encoding/binary"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// run is what a filter says about a call.
func run(t *testing.T, program []byte, abi, call uint32, args ...uint64) uint32 {
	t.Helper()
	var instructions []bpf.Instruction
	for at := 0; at < len(program); at += Size {
		raw := bpf.RawInstruction{Op: binary.NativeEndian.Uint16(program[at:]), Jt: program[at+2], Jf: program[at+3], K: binary.NativeEndian.Uint32(program[at+4:])}
		instructions = append(instructions, raw.Disassemble())
	}
	vm, err := bpf.NewVM(instructions)
	if err != nil {
		t.Fatal(err)
	}
	// The machine loads big-endian words, the kernel native ones.
	data := make([]byte, 64)
	binary.BigEndian.PutUint32(data[number:], call)
	binary.BigEndian.PutUint32(data[arch:], abi)
	for i, arg := range args {
		binary.BigEndian.PutUint32(data[arguments+8*i:], uint32(arg))
		binary.BigEndian.PutUint32(data[arguments+8*i+4:], uint32(arg>>32))
	}
	answer, err := vm.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(answer)
}

const (
	allowed = unix.SECCOMP_RET_ALLOW
	refused = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	unknown = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
)

func TestRules(t *testing.T) {
	p := New(4)
	p.Allow(40, 7, 3, 100, 101, 102, 103, 104, 105, 106, 107)
	p.AllowIf(50, Is(0, 5), Has(1, 0xc), Lacks(2, 0x10))
	p.AllowIf(50, HighIs(3, 9), HighIsNot(3, 10))
	p.AllowIf(50, HighIsNot(4, 0))
	p.AllowValues(60, 1, 11, 12, 13)
	p.Refuse(70, unix.ENOSYS)
	program := p.Otherwise()
	for _, c := range []struct {
		call uint32
		args []uint64
		want uint32
	}{
		{3, nil, allowed},
		{7, nil, allowed},
		{40, nil, allowed},
		{100, nil, allowed},
		{107, nil, allowed},
		{0, nil, refused},
		{4, nil, refused},
		{41, nil, refused},
		{108, nil, refused},
		{newest - 1, nil, refused},
		{newest, nil, unknown},
		{3 | 1<<30, nil, unknown}, // of x32
		{^uint32(0), nil, unknown},
		{70, nil, unknown},
		{50, []uint64{5, 4, 0}, allowed},
		{50, []uint64{5 | 1<<32, 8, 0xf}, allowed},
		{50, []uint64{6, 4, 0}, refused},
		{50, []uint64{5, 3, 0}, refused},
		{50, []uint64{5, 4, 0x10}, refused},
		{50, []uint64{0, 0, 0, 9 << 32}, allowed},
		{50, []uint64{0, 0, 0, 10 << 32}, refused},
		{50, []uint64{0, 0, 0, 0, 1 << 32}, allowed},
		{50, []uint64{0, 0, 0, 0, 1}, refused},
		{60, []uint64{0, 11}, allowed},
		{60, []uint64{0, 13}, allowed},
		{60, []uint64{11, 14}, refused},
	} {
		if got := run(t, program, audit, c.call, c.args...); got != c.want {
			t.Errorf("call %d%v: %#x, want %#x", c.call, c.args, got, c.want)
		}
	}
	if got := run(t, program, audit^1, 3); got != unix.SECCOMP_RET_KILL_PROCESS {
		t.Errorf("a call of another ABI: %#x", got)
	}
}

// Every number that is allowed is, and no other, in groups of all sizes.
func TestGroups(t *testing.T) {
	for n := range 120 {
		p := New(n)
		for i := range n {
			p.Allow(uint32(3 * (n - i)))
		}
		program := p.Otherwise()
		for call := range uint32(400) {
			want := refused
			if call > 0 && call <= uint32(3*n) && call%3 == 0 {
				want = allowed
			}
			if got := run(t, program, audit, call); got != want {
				t.Fatalf("of %d calls, %d: %#x, want %#x", n, call, got, want)
			}
		}
	}
}
