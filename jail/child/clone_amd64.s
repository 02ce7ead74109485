#include "textflag.h"

// See child_unsafe.go. What a new process needs travels in registers, for it
// begins with an empty stack.

// func cloneFirst(number, first, second, tls uintptr, r *encoded, s *scratch) (pid uintptr)
TEXT ·cloneFirst(SB), NOSPLIT, $0-56
	MOVQ	number+0(FP), AX
	MOVQ	first+8(FP), DI
	MOVQ	second+16(FP), SI
	MOVQ	tls+24(FP), R8
	MOVQ	r+32(FP), R12
	MOVQ	s+40(FP), R13
	XORQ	DX, DX
	XORQ	R10, R10
	SYSCALL
	TESTQ	AX, AX
	JZ	inside
	MOVQ	AX, pid+48(FP)
	RET

inside:
	SUBQ	$32, SP
	MOVQ	R12, 0(SP)
	MOVQ	R13, 8(SP)
	CALL	·initProcess(SB)
	INT	$3 // initProcess does not return

// func cloneJoiner(number, first, second, tls uintptr, r *encoded, s *scratch) (pid uintptr)
TEXT ·cloneJoiner(SB), NOSPLIT, $0-56
	MOVQ	number+0(FP), AX
	MOVQ	first+8(FP), DI
	MOVQ	second+16(FP), SI
	MOVQ	tls+24(FP), R8
	MOVQ	r+32(FP), R12
	MOVQ	s+40(FP), R13
	XORQ	DX, DX
	XORQ	R10, R10
	SYSCALL
	TESTQ	AX, AX
	JZ	first
	MOVQ	AX, pid+48(FP)
	RET

first:
	SUBQ	$64, SP
	MOVQ	R12, 48(SP) // joiner may change its arguments
	MOVQ	R13, 56(SP)
	MOVQ	R12, 0(SP)
	MOVQ	R13, 8(SP)
	CALL	·joiner(SB)
	MOVQ	16(SP), AX
	MOVQ	24(SP), DI
	MOVQ	32(SP), SI
	MOVQ	40(SP), R8
	MOVQ	48(SP), R12
	MOVQ	56(SP), R13
	XORQ	DX, DX
	XORQ	R10, R10
	SYSCALL
	TESTQ	AX, AX
	JZ	inside
	MOVQ	R12, 0(SP)
	MOVQ	R13, 8(SP)
	MOVQ	AX, 16(SP)
	CALL	·leaveJoiner(SB)
	INT	$3 // leaveJoiner does not return

inside:
	SUBQ	$32, SP
	MOVQ	R12, 0(SP)
	MOVQ	R13, 8(SP)
	CALL	·initProcess(SB)
	INT	$3 // initProcess does not return

// func cloneProgram(flags, top uintptr, r *encoded, s *scratch) (pid uintptr)
TEXT ·cloneProgram(SB), NOSPLIT, $0-40
	MOVQ	flags+0(FP), DI
	MOVQ	top+8(FP), SI
	MOVQ	r+16(FP), R12
	MOVQ	s+24(FP), R13
	XORQ	DX, DX
	XORQ	R10, R10
	XORQ	R8, R8
	MOVQ	$56, AX // SYS_clone
	SYSCALL
	TESTQ	AX, AX
	JZ	inside
	MOVQ	AX, pid+32(FP)
	RET

inside:
	SUBQ	$32, SP
	MOVQ	R12, 0(SP)
	MOVQ	R13, 8(SP)
	CALL	·program(SB)
	INT	$3 // program does not return

// func crash()
TEXT ·crash(SB), NOSPLIT, $0-0
	BYTE	$0x0f // UD2
	BYTE	$0x0b
	RET
