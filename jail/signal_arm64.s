#include "textflag.h"

// forwardSignal handles a signal: R0 is its number, R1 its siginfo. The
// kernel restores every register afterwards.
TEXT ·forwardSignal(SB), NOSPLIT|NOFRAME, $0
	MOVW	8(R1), R2 // si_code: above 0, the kernel sent it
	CMPW	$0, R2
	BGT	done
	MOVD	$1, R3
	LSL	R0, R3, R3
	MOVD	$·signalsEarly(SB), R4

again:
	LDAXR	(R4), R5
	ORR	R3, R5, R5
	STLXR	R5, (R4), R6
	CBNZ	R6, again
	MOVD	·signalTarget(SB), R7
	CMP	$0, R7
	BLT	done
	MOVD	R0, R1
	MOVD	R7, R0
	MOVD	$0, R2
	MOVD	$0, R3
	MOVD	$424, R8 // SYS_pidfd_send_signal
	SVC

done:
	RET

// func handlerAddress() uintptr
TEXT ·handlerAddress(SB), NOSPLIT, $0-8
	MOVD	$·forwardSignal(SB), R0
	MOVD	R0, ret+0(FP)
	RET

// func restorerAddress() uintptr
TEXT ·restorerAddress(SB), NOSPLIT, $0-8
	MOVD	ZR, ret+0(FP)
	RET
