#include "textflag.h"

// entry is where the kernel begins to execute jail, by a flag of the linker (see
// the Makefile): begin first, then the runtime as if nothing had been before, or
// what begin returns.
// Registers and stack are as execve(2) leaves them, argc on top. Compiled Go code
// takes g from thread-local storage, so there has to be some; the runtime makes
// its own.
TEXT ·entry(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	MOVQ	SP, AX
	SUBQ	$32, SP
	MOVQ	AX, 24(SP)
	LEAQ	·ahead(SB), SI
	ADDQ	$64, SI // its first 64 bytes are for that, which is used from its end
	MOVQ	$0x1002, DI // ARCH_SET_FS
	MOVQ	$158, AX // SYS_arch_prctl
	SYSCALL
	TESTQ	AX, AX
	JNZ	without
	MOVQ	24(SP), AX
	MOVQ	AX, 0(SP)
	CALL	·begin(SB)
	MOVQ	8(SP), AX
	JMP	begun

without:
	MOVQ	·elsewhere(SB), AX
	MOVQ	$0x6572656877657362, CX // noElsewhere
	CMPQ	AX, CX
	JNE	begun
	XORQ	AX, AX

begun:
	MOVQ	24(SP), SP
	TESTQ	AX, AX
	JZ	here
	JMP	AX

here:
	JMP	_rt0_amd64_linux(SB)
