#include "textflag.h"

// See child_unsafe.go. What a new process needs travels in registers, for it
// begins with an empty stack.

// func cloneFirst(number, first, second, tls uintptr, r *encoded, s *scratch) (pid uintptr)
TEXT ·cloneFirst(SB), NOSPLIT, $0-56
	MOVD	number+0(FP), R8
	MOVD	first+8(FP), R0
	MOVD	second+16(FP), R1
	MOVD	tls+24(FP), R3
	MOVD	r+32(FP), R19
	MOVD	s+40(FP), R20
	MOVD	$0, R2
	MOVD	$0, R4
	SVC
	CBZ	R0, inside
	MOVD	R0, pid+48(FP)
	RET

inside:
	SUB	$32, RSP
	MOVD	R19, 8(RSP)
	MOVD	R20, 16(RSP)
	CALL	·initProcess(SB)
	BRK // initProcess does not return

// func cloneJoiner(number, first, second, tls uintptr, r *encoded, s *scratch) (pid uintptr)
TEXT ·cloneJoiner(SB), NOSPLIT, $0-56
	MOVD	number+0(FP), R8
	MOVD	first+8(FP), R0
	MOVD	second+16(FP), R1
	MOVD	tls+24(FP), R3
	MOVD	r+32(FP), R19
	MOVD	s+40(FP), R20
	MOVD	$0, R2
	MOVD	$0, R4
	SVC
	CBZ	R0, first
	MOVD	R0, pid+48(FP)
	RET

first:
	SUB	$80, RSP
	MOVD	R19, 56(RSP) // joiner may change its arguments
	MOVD	R20, 64(RSP)
	MOVD	R19, 8(RSP)
	MOVD	R20, 16(RSP)
	CALL	·joiner(SB)
	MOVD	24(RSP), R8
	MOVD	32(RSP), R0
	MOVD	40(RSP), R1
	MOVD	48(RSP), R3
	MOVD	56(RSP), R19
	MOVD	64(RSP), R20
	MOVD	$0, R2
	MOVD	$0, R4
	SVC
	CBZ	R0, inside
	MOVD	R19, 8(RSP)
	MOVD	R20, 16(RSP)
	MOVD	R0, 24(RSP)
	CALL	·leaveJoiner(SB)
	BRK // leaveJoiner does not return

inside:
	SUB	$32, RSP
	MOVD	R19, 8(RSP)
	MOVD	R20, 16(RSP)
	CALL	·initProcess(SB)
	BRK // initProcess does not return

// func cloneProgram(flags, top uintptr, r *encoded, s *scratch) (pid uintptr)
TEXT ·cloneProgram(SB), NOSPLIT, $0-40
	MOVD	flags+0(FP), R0
	MOVD	top+8(FP), R1
	MOVD	r+16(FP), R19
	MOVD	s+24(FP), R20
	MOVD	$0, R2
	MOVD	$0, R3
	MOVD	$0, R4
	MOVD	$220, R8 // SYS_clone
	SVC
	CBZ	R0, inside
	MOVD	R0, pid+32(FP)
	RET

inside:
	SUB	$32, RSP
	MOVD	R19, 8(RSP)
	MOVD	R20, 16(RSP)
	CALL	·program(SB)
	BRK // program does not return

// func crash()
TEXT ·crash(SB), NOSPLIT, $0-0
	WORD	$0 // UDF
	RET
