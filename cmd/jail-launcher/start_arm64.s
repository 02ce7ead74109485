#include "textflag.h"

// What the kernel starts, see start.go. The stack has argc, the arguments, 0, the
// variables, 0 (the ABI of AArch64). prlimit64(2) gets its answer below the stack.
TEXT _jail_start(SB), NOSPLIT|NOFRAME, $0
	MOVD	0(RSP), R9
	ADD	$16, RSP, R10
	ADD	R9<<3, R10, R10
	MOVD	$0x4f47, R11	// "GO"
	MOVD	$1, R12
variable:
	MOVD	(R10), R9
	ADD	$8, R10
	CBZ	R9, memory
	MOVBU	(R9), R13
	MOVBU	1(R9), R14
	ADD	R14<<8, R13, R13
	CMP	R11, R13
	BNE	variable
	MOVB	R12, (R9)
	B	variable
memory:
	MOVD	$9, R1		// RLIMIT_AS
	MOVD	$261, R8	// prlimit64
	MOVD	$0, R0
	MOVD	$0, R2
	SUB	$64, RSP, R3
	SVC
	MOVD	RSP, R9
	MOVD	-64(R9), R10
	MOVD	·leastMemory(SB), R11
	CMP	R11, R10
	BHS	processes
	MOVD	·noMemory(SB), R1
	MOVD	·noMemory+8(SB), R2
	B	refuse
processes:
	MOVD	$175, R8	// geteuid: root has no such limit
	SVC
	CBZ	R0, start
	MOVD	$6, R1		// RLIMIT_NPROC
	MOVD	$261, R8
	MOVD	$0, R0
	MOVD	$0, R2
	SUB	$64, RSP, R3
	SVC
	MOVD	RSP, R9
	MOVD	-64(R9), R10
	MOVD	·leastProcesses(SB), R11
	CMP	R11, R10
	BHS	start
	MOVD	·noProcesses(SB), R1
	MOVD	·noProcesses+8(SB), R2
refuse:
	MOVD	$2, R0
	MOVD	$64, R8		// write
	SVC
	MOVD	$125, R0
	MOVD	$94, R8		// exit_group
	SVC
start:
	JMP	_rt0_arm64_linux(SB)
