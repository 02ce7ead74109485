// Package vm runs seccomp programs on made-up calls, as the kernel would run
// them on real ones. It serves tests.
package vm

import (
	"encoding/binary"
	"fmt"
	"runtime"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/seccomp"
)

// Machine holds a program that is ready to run.
type Machine struct{ vm *bpf.VM }

// Load prepares a program. The error says which instruction is none.
func Load(p seccomp.Program) (Machine, error) {
	if err := p.Check(); err != nil {
		return Machine{}, err
	}
	instructions := Disassemble(p)
	for at := range instructions {
		if _, unknown := instructions[at].(bpf.RawInstruction); unknown {
			return Machine{}, fmt.Errorf("instruction %d is not known: %+v", at, instructions[at])
		}
	}
	vm, err := bpf.NewVM(instructions)
	return Machine{vm}, err
}

// Disassemble reads the instructions of a program.
func Disassemble(p seccomp.Program) []bpf.Instruction {
	const size = 8 // struct sock_filter
	instructions := make([]bpf.Instruction, 0, p.Len())
	for at := 0; at < len(p); at += size {
		raw := bpf.RawInstruction{
			Op: binary.NativeEndian.Uint16(p[at:]), Jt: p[at+2], Jf: p[at+3], K: binary.NativeEndian.Uint32(p[at+4:]),
		}
		instructions = append(instructions, raw.Disassemble())
	}
	return instructions
}

// Call is one made-up syscall (struct seccomp_data of seccomp(2)).
type Call struct {
	Arch, Number uint32 // an AUDIT_ARCH_* value, and the number in it
	Args         [seccomp.ArgCount]uint64
}

// Run returns the SECCOMP_RET_* value for a call. The machine loads big-endian
// words, the kernel native ones: struct seccomp_data is laid out accordingly,
// each 64-bit argument with its low half first as on a little-endian kernel.
func (m Machine) Run(c Call) (uint32, error) {
	data := make([]byte, 64)
	binary.BigEndian.PutUint32(data[0:], c.Number)
	binary.BigEndian.PutUint32(data[4:], c.Arch)
	for i, arg := range c.Args {
		binary.BigEndian.PutUint32(data[16+8*i:], uint32(arg))
		binary.BigEndian.PutUint32(data[20+8*i:], uint32(arg>>32))
	}
	result, err := m.vm.Run(data)
	return uint32(result), err
}

// Agree runs a call and compares with what the filter says, which is by
// definition what its program does.
func (m Machine) Agree(f seccomp.Filter, c Call) error {
	got, err := m.Run(c)
	if err != nil {
		return err
	}
	want := seccomp.Verdict(f, c.Arch, c.Number, c.Args)
	if got == Return(want.Answer) {
		return nil
	}
	return fmt.Errorf("%+v\narch %#x number %#x (%s) args %#x: program gives %#x, want %#x (%v rule %d)",
		f, c.Arch, c.Number, want.Name, c.Args, got, Return(want.Answer), want.List, want.Index)
}

// Return is the SECCOMP_RET_* value of an answer.
func Return(a seccomp.Answer) uint32 {
	switch a.Action {
	case seccomp.Allow:
		return unix.SECCOMP_RET_ALLOW
	case seccomp.Kill:
		return unix.SECCOMP_RET_KILL_PROCESS
	case seccomp.Log:
		return unix.SECCOMP_RET_LOG
	case seccomp.Errno:
	}
	return unix.SECCOMP_RET_ERRNO | uint32(a.Errno)
}

// Native is the AUDIT_ARCH_* value of this build's own calls.
func Native() uint32 {
	if runtime.GOARCH == "arm64" {
		return unix.AUDIT_ARCH_AARCH64
	}
	return unix.AUDIT_ARCH_X86_64
}
