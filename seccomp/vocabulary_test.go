package seccomp

import (
	"slices"
	"strings"
	"testing"
)

func TestTablesAreSorted(t *testing.T) {
	if names := SyscallNames(); !slices.IsSorted(names) || len(slices.Compact(names)) != len(syscallTable) {
		t.Error("syscallTable is not sorted, or holds a name twice")
	}
	if names := ConstantNames(); !slices.IsSorted(names) || len(slices.Compact(names)) != len(constantTable) {
		t.Error("constantTable is not sorted, or holds a name twice")
	}
	if names := GroupNames(); !slices.IsSorted(names) || len(slices.Compact(names)) != len(groupTable) {
		t.Error("groupTable is not sorted, or holds a name twice")
	}
}

// TestNumbersAreUnique guards rowOf, which returns the first name of a number.
func TestNumbersAreUnique(t *testing.T) {
	for a := range abiCount {
		seen := map[int32]string{}
		for _, row := range syscallTable {
			nr := row.numbers[a]
			if nr < 0 {
				continue
			}
			if other, twice := seen[nr]; twice {
				t.Errorf("%v: %d is both %s and %s", a, nr, other, row.name)
			}
			seen[nr] = row.name
		}
	}
}

func TestSyscallNumbers(t *testing.T) {
	tests := []struct {
		abi  abi
		name string
		want int32
	}{
		{abiAMD64, "read", 0},
		{abiAMD64, "clone3", 435},
		{abiAMD64, "socket", 41},
		{abiAMD64, "uretprobe", 335},
		{abiAMD64, "rseq_slice_yield", 471},
		{abiARM64, "read", 63},
		{abiARM64, "open", -1},
		{abiARM64, "newfstatat", 79},
		{abiX86, "socketcall", 102},
		{abiX86, "mmap2", 192},
		{abiX86, "accept", -1},
		{abiARM, "cacheflush", 0xf0002},
		{abiX32, "ioctl", 514},
		{abiX32, "read", 0},
		{abiX32, "uselib", -1},
		{abiX32, "pwritev2", 547},
	}
	for _, tt := range tests {
		row := findSyscall(tt.name)
		if row == nil {
			t.Errorf("%s is unknown", tt.name)
			continue
		}
		if got := row.numbers[tt.abi]; got != tt.want {
			t.Errorf("%s in %v: %d, want %d", tt.name, tt.abi, got, tt.want)
		}
	}
	for _, name := range []string{"", "READ", "read ", "sys_read", "@default", "zzz"} {
		if IsSyscall(name) {
			t.Errorf("%q is taken for a syscall", name)
		}
	}
}

func TestGroupsNameOnlyKnownMembers(t *testing.T) {
	for _, name := range GroupNames() {
		if !strings.HasPrefix(name, "@") || GroupDoc(name) == "" {
			t.Errorf("group %q: no @, or no description", name)
		}
		members := Group(name)
		if len(members) == 0 {
			t.Errorf("%s is empty", name)
		}
		for _, member := range members {
			if !IsSyscall(member.Name) && !IsGroup(member.Name) {
				t.Errorf("%s holds the unknown name %q", name, member.Name)
			}
			if IsGroup(member.Name) && len(member.When) > 0 {
				t.Errorf("%s holds the group %q with conditions", name, member.Name)
			}
		}
	}
}

func TestConstants(t *testing.T) {
	tests := map[string]uint64{
		"AF_UNIX": 1, "AF_PACKET": 17, "CLONE_NEWUSER": 0x10000000, "CLONE_NEWTIME": 0x80, "TIOCSTI": 0x5412,
		"TIOCLINUX": 0x541c, "IPPROTO_MPTCP": 262, "PR_SET_MM": 35, "PTRACE_ATTACH": 16, "SIGKILL": 9,
		"KEYCTL_JOIN_SESSION_KEYRING": 1, "KEY_SPEC_SESSION_KEYRING": 0xfffffffffffffffd, "SOCK_RAW": 3,
		"TCP_ULP": 31, "PER_LINUX": 0, "ADDR_NO_RANDOMIZE": 0x40000, "SOCK_CLOEXEC": 0x80000,
	}
	for name, want := range tests {
		if got, ok := Constant(name); !ok || got != want {
			t.Errorf("%s = %#x, %v; want %#x", name, got, ok, want)
		}
	}
	for _, name := range []string{"", "af_unix", "AF_", "NONSENSE"} {
		if _, ok := Constant(name); ok {
			t.Errorf("%q is taken for a constant", name)
		}
	}
}

func TestErrnoNames(t *testing.T) {
	for name, want := range map[string]int{"EPERM": 1, "ENOSYS": 38, "EWOULDBLOCK": 11, "ENOTSUP": 95, "EHWPOISON": 133} {
		if got, ok := ErrnoNumber(name); !ok || got != want {
			t.Errorf("%s = %d, %v; want %d", name, got, ok, want)
		}
	}
	for _, name := range []string{"", "eperm", "E", "EFOO", "1"} {
		if got, ok := ErrnoNumber(name); ok {
			t.Errorf("%q is taken for error %d", name, got)
		}
	}
	for number, want := range map[int]string{1: "EPERM", 38: "ENOSYS", 0: "", -1: "", 41: "", 5000: ""} {
		if got := ErrnoName(number); got != want {
			t.Errorf("error %d is named %q, want %q", number, got, want)
		}
	}
}

func TestActionNames(t *testing.T) {
	for _, name := range ActionNames() {
		action, ok := ParseAction(name)
		if !ok || action.String() != name {
			t.Errorf("%q does not survive parsing: %v, %v", name, action, ok)
		}
	}
	if _, ok := ParseAction("Allow"); ok {
		t.Error("actions are accepted in upper case")
	}
	if got := Action(17).String(); got != "invalid" {
		t.Errorf("action 17 is %q", got)
	}
}

func TestArchNames(t *testing.T) {
	if !slices.IsSorted(ArchNames()) {
		t.Error("not sorted")
	}
	for _, name := range ArchNames() {
		a, ok := parseABI(name)
		if !ok || (name != "native" && a.String() != name) {
			t.Errorf("%q gives %v, %v", name, a, ok)
		}
	}
	if _, ok := parseABI("mips"); ok {
		t.Error("mips is accepted")
	}
}
