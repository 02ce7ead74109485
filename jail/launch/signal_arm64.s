#include "textflag.h"

// What is written to an eventfd(2) to wake its reader.
DATA one<>+0(SB)/8, $1
GLOBL one<>(SB), RODATA|NOPTR, $8

// noteSignal handles a signal: R0 is its number, R1 its siginfo. The kernel
// restores every register afterwards.
TEXT ·noteSignal(SB), NOSPLIT|NOFRAME, $0
	MOVD	$1, R3
	LSL	R0, R3, R3
	MOVD	$·signalsSent(SB), R4
	MOVW	8(R1), R2 // si_code: above 0, the kernel sent it
	CMPW	$0, R2
	BLE	again
	MOVD	$·signalsTyped(SB), R4

again:
	LDAXR	(R4), R5
	ORR	R3, R5, R5
	STLXR	R5, (R4), R6
	CBNZ	R6, again
	MOVD	·signalWake(SB), R0
	MOVD	$one<>(SB), R1
	MOVD	$8, R2
	MOVD	$64, R8 // SYS_write
	SVC
	RET

// func handlerAddress() uintptr
TEXT ·handlerAddress(SB), NOSPLIT, $0-8
	MOVD	$·noteSignal(SB), R0
	MOVD	R0, ret+0(FP)
	RET

// func restorerAddress() uintptr
TEXT ·restorerAddress(SB), NOSPLIT, $0-8
	MOVD	ZR, ret+0(FP)
	RET
