package seccomp

import "slices"

// The calls behind socketcall(2) and ipc(2) of 32-bit x86. Their numbers
// within the multiplexer come from the kernel's include/uapi/linux/net.h and
// ipc.h; index 0 is socketcall's number 1.
var behindSocketcall = [...]string{
	"socket", "bind", "connect", "listen", "accept", "getsockname", "getpeername", "socketpair", "send", "recv",
	"sendto", "recvfrom", "shutdown", "setsockopt", "getsockopt", "sendmsg", "recvmsg", "accept4", "recvmmsg",
	"sendmmsg",
}

// behindIPC is indexed by ipc's call number.
var behindIPC = [...]string{
	1: "semop", 2: "semget", 3: "semctl", 4: "semtimedop", 11: "msgsnd", 12: "msgrcv", 13: "msgget", 14: "msgctl",
	21: "shmat", 22: "shmdt", 23: "shmget", 24: "shmctl",
}

// isMultiplexer reports whether a name stands for many calls.
func isMultiplexer(name string) bool { return name == "socketcall" || name == "ipc" }

// isMultiplexed reports whether a call can be made through a multiplexer.
func isMultiplexed(name string) bool {
	return name != "" && (slices.Contains(behindSocketcall[:], name) || slices.Contains(behindIPC[:], name))
}

// behind returns the call that a multiplexer makes for its first argument, ""
// when that is none. The kernel takes a version from the upper half of ipc's
// first argument, which no program uses today.
func behind(multiplexer string, call uint32) string {
	table := behindIPC[:]
	if multiplexer == "socketcall" {
		table = behindSocketcall[:]
		call--
	}
	if uint64(call) >= uint64(len(table)) {
		return ""
	}
	return table[call]
}
