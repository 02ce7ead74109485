#include "textflag.h"

// What the kernel starts, see start.go. The stack has argc, the arguments, 0, the
// variables, 0 (the System V ABI). prlimit64(2) gets its answer below the stack.
TEXT _jail_start(SB), NOSPLIT|NOFRAME, $0
	MOVQ	0(SP), AX
	LEAQ	16(SP)(AX*8), BX
variable:
	MOVQ	(BX), CX
	ADDQ	$8, BX
	TESTQ	CX, CX
	JZ	memory
	CMPW	(CX), $0x4f47	// "GO"
	JNE	variable
	MOVB	$1, (CX)
	JMP	variable
memory:
	MOVQ	$9, SI		// RLIMIT_AS
	MOVQ	$302, AX	// prlimit64
	XORQ	DI, DI
	XORQ	DX, DX
	LEAQ	-64(SP), R10
	SYSCALL
	MOVQ	-64(SP), CX
	CMPQ	CX, ·leastMemory(SB)
	JCC	processes
	MOVQ	·noMemory(SB), SI
	MOVQ	·noMemory+8(SB), DX
	JMP	refuse
processes:
	MOVQ	$107, AX	// geteuid: root has no such limit
	SYSCALL
	TESTQ	AX, AX
	JZ	start
	MOVQ	$6, SI		// RLIMIT_NPROC
	MOVQ	$302, AX
	XORQ	DI, DI
	XORQ	DX, DX
	LEAQ	-64(SP), R10
	SYSCALL
	MOVQ	-64(SP), CX
	CMPQ	CX, ·leastProcesses(SB)
	JCC	start
	MOVQ	·noProcesses(SB), SI
	MOVQ	·noProcesses+8(SB), DX
refuse:
	MOVQ	$2, DI
	MOVQ	$1, AX		// write
	SYSCALL
	MOVQ	$125, DI
	MOVQ	$231, AX	// exit_group
	SYSCALL
start:
	JMP	_rt0_amd64_linux(SB)
