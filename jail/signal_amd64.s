#include "textflag.h"

// forwardSignal handles a signal: DI is its number, SI its siginfo. The kernel
// restores every register afterwards.
TEXT ·forwardSignal(SB), NOSPLIT|NOFRAME, $0
	MOVL	8(SI), AX // si_code: above 0, the kernel sent it
	CMPL	AX, $0
	JGT	done
	MOVQ	$1, AX
	MOVQ	DI, CX
	SHLQ	CX, AX
	LOCK
	ORQ	AX, ·signalsEarly(SB)
	MOVQ	·signalTarget(SB), AX
	CMPQ	AX, $0
	JLT	done
	MOVQ	DI, SI
	MOVQ	AX, DI
	XORQ	DX, DX
	XORQ	R10, R10
	MOVQ	$424, AX // SYS_pidfd_send_signal
	SYSCALL

done:
	RET

TEXT ·restoreSignal(SB), NOSPLIT|NOFRAME, $0
	MOVQ	$15, AX // SYS_rt_sigreturn
	SYSCALL
	INT	$3

// func handlerAddress() uintptr
TEXT ·handlerAddress(SB), NOSPLIT, $0-8
	LEAQ	·forwardSignal(SB), AX
	MOVQ	AX, ret+0(FP)
	RET

// func restorerAddress() uintptr
TEXT ·restorerAddress(SB), NOSPLIT, $0-8
	LEAQ	·restoreSignal(SB), AX
	MOVQ	AX, ret+0(FP)
	RET
