#include "textflag.h"

// entry is where the kernel begins to execute jail, by a flag of the linker (see
// the Makefile): begin first, then the runtime as if nothing had been before.
// Registers and stack are as execve(2) leaves them, argc on top. Compiled Go code
// takes g from thread-local storage, so there has to be some; the runtime makes
// its own.
TEXT ·entry(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	MOVQ	SP, AX
	SUBQ	$32, SP
	MOVQ	AX, 24(SP)
	LEAQ	·ahead(SB), SI
	ADDQ	$64, SI // behind the last word of ahead.tls
	MOVQ	$0x1002, DI // ARCH_SET_FS
	MOVQ	$158, AX // SYS_arch_prctl
	SYSCALL
	TESTQ	AX, AX
	JNZ	start
	MOVQ	24(SP), AX
	MOVQ	AX, 0(SP)
	CALL	·begin(SB)

start:
	MOVQ	24(SP), SP
	JMP	_rt0_amd64_linux(SB)
