package seccomp

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// SocketGuard is the program of a filter that stands before that of a profile
// and keeps Unix sockets of the host out of reach, whatever the profile
// grants. Of two filters the stricter answer counts (seccomp(2)), and this
// one lets everything through that is not about sockets:
//
//   - connect(2) is handed to the process that holds the filter's listener, in every
//     ABI: the address lies in memory, which a filter can't read;
//   - Unix sockets can be made of the types stream and seqpacket only.
//     Datagrams are addressed by sendto(2) and its kin as well as by connect;
//   - io_uring, which makes connections past every filter, is not there;
//   - the way to these calls through socketcall(2) of 32-bit x86 is not there
//     either: all of its arguments lie in memory.
//
// It has few instructions and depends on nothing, so it is written by hand and
// needs neither the library nor a cache.
func SocketGuard() Program {
	return socketProgram(unix.SECCOMP_RET_USER_NOTIF, false)
}

// NoSockets replaces SocketGuard where no process can be the listener:
// Unix sockets cannot be made at all, but in pairs.
func NoSockets() Program {
	return socketProgram(unix.SECCOMP_RET_ALLOW, true)
}

// Offsets in struct seccomp_data (seccomp(2)). The low half of an argument
// comes first on every machine that jail runs on.
const (
	numberOffset = 0
	archOffset   = 4
	firstArg     = 16
	secondArg    = 24
)

// Instructions for the kernel's classic BPF machine
// (include/uapi/linux/bpf_common.h).
const (
	bpfLoad   = 0x20 // BPF_LD | BPF_W | BPF_ABS
	bpfAnd    = 0x54 // BPF_ALU | BPF_AND | BPF_K
	bpfEqual  = 0x15 // BPF_JMP | BPF_JEQ | BPF_K
	bpfReturn = 0x06 // BPF_RET | BPF_K
)

// socketcallNumbers are those of socket, connect and socketpair behind
// socketcall(2) (include/uapi/linux/net.h).
var socketcallNumbers = [...]uint32{1, 3, 8}

// socketProgram makes either program. An ABI that this build does not know
// ends the process, as in every filter.
func socketProgram(connect uint32, noSockets bool) Program {
	var p assembler
	p.add(bpfLoad, archOffset)
	for a := range abiCount {
		if a == abiX32 || !a.runs() {
			continue // x32 has the numbers of x86-64, with one bit more
		}
		part := abiPart(a, connect, noSockets)
		p.jump(a.audit(), 0, uint8(len(part)/instructionSize))
		p = append(p, part...)
	}
	p.add(bpfReturn, unix.SECCOMP_RET_KILL_PROCESS)
	return Program(p)
}

// abiPart is what is done with the calls of one ABI. It ends in a return.
func abiPart(a abi, connect uint32, noSockets bool) assembler {
	var p assembler
	p.add(bpfLoad, numberOffset)
	if a == abiAMD64 {
		p.add(bpfAnd, ^uint32(x32Bit))
	}
	p.answer(a, "connect", connect)
	for _, name := range [...]string{"io_uring_setup", "io_uring_enter", "io_uring_register"} {
		p.answer(a, name, unix.SECCOMP_RET_ERRNO|uint32(unix.ENOSYS))
	}
	if a == abiX86 {
		var behind assembler
		behind.add(bpfLoad, firstArg)
		for _, number := range socketcallNumbers {
			behind.jump(number, 0, 1)
			behind.add(bpfReturn, unix.SECCOMP_RET_ERRNO|uint32(unix.ENOSYS))
		}
		behind.add(bpfReturn, unix.SECCOMP_RET_ALLOW)
		p.section(a, "socketcall", behind)
	}
	p.section(a, "socket", unixSocket(noSockets))
	p.section(a, "socketpair", unixSocket(false))
	p.add(bpfReturn, unix.SECCOMP_RET_ALLOW)
	return p
}

// unixSocket judges the arguments of socket(2). A refused family fails as on a kernel
// without it.
func unixSocket(none bool) assembler {
	var p assembler
	p.add(bpfLoad, firstArg)
	p.jump(unix.AF_UNIX, 1, 0)
	p.add(bpfReturn, unix.SECCOMP_RET_ALLOW)
	if none {
		p.add(bpfReturn, unix.SECCOMP_RET_ERRNO|uint32(unix.EAFNOSUPPORT))
		return p
	}
	p.add(bpfLoad, secondArg)
	p.add(bpfAnd, socketType)
	for _, allowed := range [...]uint32{unix.SOCK_STREAM, unix.SOCK_SEQPACKET} {
		p.jump(allowed, 0, 1)
		p.add(bpfReturn, unix.SECCOMP_RET_ALLOW)
	}
	p.add(bpfReturn, unix.SECCOMP_RET_ERRNO|uint32(unix.ESOCKTNOSUPPORT))
	return p
}

// assembler is a program in the making.
type assembler []byte

func (p *assembler) add(code uint16, k uint32) { p.instruction(code, 0, 0, k) }

// jump skips as many instructions as it is told when the accumulator equals k
// and when not.
func (p *assembler) jump(k uint32, equal, other uint8) { p.instruction(bpfEqual, equal, other, k) }

// instruction appends a struct sock_filter.
func (p *assembler) instruction(code uint16, jt, jf uint8, k uint32) {
	*p = binary.NativeEndian.AppendUint16(*p, code)
	*p = append(*p, jt, jf)
	*p = binary.NativeEndian.AppendUint32(*p, k)
}

// answer returns a value for one call.
func (p *assembler) answer(a abi, name string, value uint32) {
	var one assembler
	one.add(bpfReturn, value)
	p.section(a, name, one)
}

// section puts instructions that end in a return behind a test for one call.
// An ABI that lacks the call needs none.
func (p *assembler) section(a abi, name string, body assembler) {
	number := findSyscall(name).numbers[a]
	if number < 0 {
		return
	}
	p.jump(uint32(number), 0, uint8(len(body)/instructionSize))
	*p = append(*p, body...)
}
