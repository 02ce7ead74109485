package seccomp

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Program is a compiled filter: instructions for the kernel's classic BPF
// machine, struct sock_filter of 8 bytes each in the byte order of this
// machine, ready for seccomp(2) with SECCOMP_SET_MODE_FILTER. It contains no
// addresses and can be kept in a file.
type Program []byte

// The size of an instruction and the most that the kernel takes
// (BPF_MAXINSNS in include/uapi/linux/bpf_common.h).
const (
	instructionSize = 8
	maxInstructions = 4096
)

// Len is the number of instructions.
func (p Program) Len() int { return len(p) / instructionSize }

// Check refuses what cannot be a program. It does not verify jumps: the
// kernel does.
func (p Program) Check() error {
	switch {
	case len(p) == 0:
		return errors.New("the program is empty")
	case len(p)%instructionSize != 0:
		return fmt.Errorf("the program is cut off after %d bytes", len(p))
	case p.Len() > maxInstructions:
		return fmt.Errorf("the program has %d instructions, the kernel takes %d", p.Len(), maxInstructions)
	}
	const ret = 0x06 // BPF_RET | BPF_K
	if last := binary.NativeEndian.Uint16(p[len(p)-instructionSize:]); last != ret {
		return errors.New("the program does not end in a return")
	}
	return nil
}
