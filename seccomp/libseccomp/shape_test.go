//go:build cgo

package libseccomp

import (
	"slices"
	"testing"

	"golang.org/x/net/bpf"

	"github.com/jail-project/jail/seccomp"
	"github.com/jail-project/jail/seccomp/internal/vm"
)

// longest returns the most instructions that any call can execute. Jumps go
// forward only, so one pass from the end is enough.
func longest(t *testing.T, p seccomp.Program) int {
	t.Helper()
	instructions := vm.Disassemble(p)
	steps := make([]int, len(instructions))
	for at, instruction := range slices.Backward(instructions) {
		switch i := instruction.(type) {
		case bpf.RetConstant:
			steps[at] = 1
		case bpf.Jump:
			steps[at] = 1 + steps[at+1+int(i.Skip)]
		case bpf.JumpIf:
			steps[at] = 1 + max(steps[at+1+int(i.SkipTrue)], steps[at+1+int(i.SkipFalse)])
		default:
			steps[at] = 1 + steps[at+1]
		}
	}
	return steps[0]
}

// TestShape bounds the price of the ordinary filter: its size, which every
// start pays, and its longest path, which a call can pay. Without the binary
// tree and without the backgrounds of rules.go it would be several times both.
func TestShape(t *testing.T) {
	program, err := Compile(ordinary(seccomp.Rule{Name: "@sandbox"}))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d instructions, %d on the longest path", program.Len(), longest(t, program))
	if program.Len() > 850 {
		t.Errorf("%d instructions", program.Len())
	}
	if steps := longest(t, program); steps > 160 {
		t.Errorf("%d instructions on one path", steps)
	}
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		if _, err := Compile(ordinary()); err != nil {
			b.Fatal(err)
		}
	}
}
