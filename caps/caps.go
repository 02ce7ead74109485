// Package caps knows the names and numbers of Linux capabilities and the sets
// made of them, as in capabilities(7). It changes no capability of any
// process.
package caps

import (
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// Last is the highest capability known to this build,
// CAP_CHECKPOINT_RESTORE. A newer kernel can have further ones.
const Last = 40

// names is indexed by the number of the capability
// (include/uapi/linux/capability.h).
var names = [Last + 1]string{
	"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
	"linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner",
	"sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
	"sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap",
	"mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf",
	"checkpoint_restore",
}

// Number returns the number of a capability. The name is accepted in any case
// and with or without the CAP_ prefix.
func Number(name string) (int, bool) {
	number := slices.Index(names[:], strings.TrimPrefix(strings.ToLower(name), "cap_"))
	return max(number, 0), number >= 0
}

// Name returns the canonical name of a capability: lower case, no prefix. A
// number without a name is written in decimal.
func Name(number int) string {
	if number < 0 || number > Last {
		return strconv.Itoa(number)
	}
	return names[number]
}

// Names returns the canonical names in the order of their numbers.
func Names() []string { return slices.Clone(names[:]) }

// Set is a set of capabilities: bit N stands for capability N, as in the
// Cap lines of /proc/PID/status (proc_pid_status(5)).
type Set uint64

// All is the set of the capabilities 0 to Last.
const All Set = 1<<(Last+1) - 1

// Add returns the set with one capability more. Numbers outside 0 to 63 are
// no capabilities and change nothing.
func (s Set) Add(number int) Set {
	if number < 0 || number > 63 {
		return s
	}
	return s | 1<<number
}

// Has reports whether the set holds a capability.
func (s Set) Has(number int) bool {
	return number >= 0 && number <= 63 && s&(1<<number) != 0
}

// Numbers returns the members in ascending order.
func (s Set) Numbers() []int {
	numbers := make([]int, 0, bits.OnesCount64(uint64(s)))
	for rest := uint64(s); rest != 0; rest &= rest - 1 {
		numbers = append(numbers, bits.TrailingZeros64(rest))
	}
	return numbers
}

// String lists the names separated by commas, "none" for the empty set.
func (s Set) String() string {
	if s == 0 {
		return "none"
	}
	var parts []string
	for _, number := range s.Numbers() {
		parts = append(parts, Name(number))
	}
	return strings.Join(parts, ",")
}
