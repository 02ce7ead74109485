#include "textflag.h"

// What is written to an eventfd(2) to wake its reader.
DATA one<>+0(SB)/8, $1
GLOBL one<>(SB), RODATA|NOPTR, $8

// noteSignal handles a signal: DI is its number, SI its siginfo. The kernel
// restores every register afterwards.
TEXT ·noteSignal(SB), NOSPLIT|NOFRAME, $0
	MOVQ	$1, AX
	MOVQ	DI, CX
	SHLQ	CX, AX
	MOVL	8(SI), DX // si_code: above 0, the kernel sent it
	CMPL	DX, $0
	JGT	typed
	LOCK
	ORQ	AX, ·signalsSent(SB)
	JMP	wake

typed:
	LOCK
	ORQ	AX, ·signalsTyped(SB)

wake:
	MOVQ	·signalWake(SB), DI
	LEAQ	one<>(SB), SI
	MOVQ	$8, DX
	MOVQ	$1, AX // SYS_write
	SYSCALL
	RET

TEXT ·restoreSignal(SB), NOSPLIT|NOFRAME, $0
	MOVQ	$15, AX // SYS_rt_sigreturn
	SYSCALL
	INT	$3

// func handlerAddress() uintptr
TEXT ·handlerAddress(SB), NOSPLIT, $0-8
	LEAQ	·noteSignal(SB), AX
	MOVQ	AX, ret+0(FP)
	RET

// func restorerAddress() uintptr
TEXT ·restorerAddress(SB), NOSPLIT, $0-8
	LEAQ	·restoreSignal(SB), AX
	MOVQ	AX, ret+0(FP)
	RET
