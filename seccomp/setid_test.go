package seccomp

import (
	"testing"

	"golang.org/x/sys/unix"
)

// What makes a set-id file is refused in every ABI, and nothing beside it.
func TestSetIDModesAreRefused(t *testing.T) {
	const making, temporary = unix.O_CREAT | unix.O_WRONLY, unix.O_TMPFILE | unix.O_WRONLY
	const garbage = 0xdead << 32 // the kernel looks at the lower half
	for _, c := range []struct {
		name string
		args [ArgCount]uint64
		want int // error number, 0 for allowed
	}{
		{"chmod", [ArgCount]uint64{0, 0o4755}, int(unix.EPERM)},
		{"chmod", [ArgCount]uint64{0, garbage | 0o2755}, int(unix.EPERM)},
		{"chmod", [ArgCount]uint64{0, 0o1777}, 0},
		{"fchmod", [ArgCount]uint64{0, 0o6000}, int(unix.EPERM)},
		{"fchmod", [ArgCount]uint64{0o4755, 0o755}, 0},
		{"fchmodat", [ArgCount]uint64{0, 0, 0o4755}, int(unix.EPERM)},
		{"fchmodat2", [ArgCount]uint64{0, 0, 0o2000, unix.AT_EMPTY_PATH}, int(unix.EPERM)},
		{"fchmodat2", [ArgCount]uint64{0, 0, 0o755, 0o4000}, 0},
		{"creat", [ArgCount]uint64{0, 0o4755}, int(unix.EPERM)},
		{"open", [ArgCount]uint64{0, making, 0o4755}, int(unix.EPERM)},
		{"open", [ArgCount]uint64{0, unix.O_WRONLY, 0o4755}, 0}, // the mode does not count
		{"openat", [ArgCount]uint64{0, 0, making, 0o2755}, int(unix.EPERM)},
		{"openat", [ArgCount]uint64{0, 0, garbage | temporary, 0o4755}, int(unix.EPERM)},
		{"openat", [ArgCount]uint64{0, 0, making, 0o644}, 0},
		{"openat", [ArgCount]uint64{0, 0, unix.O_DIRECTORY, 0o7777}, 0},
		{"openat2", [ArgCount]uint64{}, int(unix.ENOSYS)},
		{"mknod", [ArgCount]uint64{0, unix.S_IFREG | 0o4755}, int(unix.EPERM)},
		{"mknodat", [ArgCount]uint64{0, 0, unix.S_IFIFO | 0o644}, 0},
		{"mknodat", [ArgCount]uint64{0, 0, unix.S_IFREG | 0o2755}, int(unix.EPERM)},
		{"mkdir", [ArgCount]uint64{0, 0o2755}, 0}, // the kernel drops the bit
		{"io_uring_setup", [ArgCount]uint64{}, int(unix.ENOSYS)},
	} {
		for a := range abiCount {
			number := findSyscall(c.name).numbers[a]
			if !a.runs() || number < 0 {
				continue
			}
			nr := uint32(number)
			if a == abiX32 {
				nr |= x32Bit
			}
			for _, on := range []bool{true, false} {
				f := Filter{Default: Allow, Arches: ArchNames(), NoSetID: on}
				want := c.want
				if !on {
					want = 0
				}
				if got := Verdict(f, a.audit(), nr, c.args); got.Errno != want || (want != 0) != (got.List == BySetID) {
					t.Errorf("%s%#x in %s, NoSetID %v: %+v, want %d", c.name, c.args, a, on, got, want)
				}
			}
		}
	}
}

// A rule of a profile can be stricter; one that lets through does not count.
func TestGuardsBesideRules(t *testing.T) {
	args := [ArgCount]uint64{0, 0o4755}
	chmod := uint32(findSyscall("chmod").numbers[nativeABI])
	if findSyscall("chmod").numbers[nativeABI] < 0 {
		args, chmod = [ArgCount]uint64{0, 0, 0o4755}, uint32(findSyscall("fchmodat").numbers[nativeABI])
	}
	name := findSyscallName(chmod)
	for _, c := range []struct {
		what string
		deny []Rule
		want Action
		list List
	}{
		{"none", nil, Errno, BySetID},
		{"kill", []Rule{{Name: name, Action: Kill}}, Kill, InDeny},
		{"log", []Rule{{Name: name, Action: Log}}, Errno, BySetID},
		{"kill, log on top", []Rule{{Name: name, Action: Kill}, {Name: name, Action: Log}}, Errno, BySetID},
		{"log, kill on top", []Rule{{Name: name, Action: Log}, {Name: name, Action: Kill}}, Kill, InDeny},
	} {
		f := Filter{Default: Allow, Allow: []Rule{{Name: name}}, Deny: c.deny, Arches: []string{"native"}, NoSetID: true}
		if got := Verdict(f, nativeABI.audit(), chmod, args); got.Action != c.want || got.List != c.list {
			t.Errorf("deny %s: %+v", c.what, got)
		}
	}
	others := Filter{Default: Allow, Arches: []string{"native"}, OthersInSight: true}
	limits := uint32(findSyscall("prlimit64").numbers[nativeABI])
	for pid, want := range map[uint64]Action{0: Allow, 1: Errno, 1 << 32: Allow} {
		if got := Verdict(others, nativeABI.audit(), limits, [ArgCount]uint64{pid}); got.Action != want {
			t.Errorf("prlimit of process %d: %+v", pid, got)
		}
	}
	ports := Filter{Default: Allow, Arches: []string{"native"}, TCPPorts: true}
	for _, c := range []struct {
		name string
		args [ArgCount]uint64
		want Action
	}{
		{"sendto", [ArgCount]uint64{3: unix.MSG_FASTOPEN | unix.MSG_NOSIGNAL}, Errno},
		{"sendto", [ArgCount]uint64{3: unix.MSG_NOSIGNAL}, Allow},
		{"sendmsg", [ArgCount]uint64{2: unix.MSG_FASTOPEN}, Errno},
		{"sendmsg", [ArgCount]uint64{3: unix.MSG_FASTOPEN}, Allow},
		{"sendmmsg", [ArgCount]uint64{3: unix.MSG_FASTOPEN}, Errno},
		{"socket", [ArgCount]uint64{unix.AF_INET6, unix.SOCK_STREAM | unix.SOCK_CLOEXEC, unix.IPPROTO_MPTCP}, Errno},
		{"socket", [ArgCount]uint64{unix.AF_INET6, unix.SOCK_STREAM, unix.IPPROTO_TCP}, Allow},
	} {
		call := uint32(findSyscall(c.name).numbers[nativeABI])
		if got := Verdict(ports, nativeABI.audit(), call, c.args); got.Action != c.want || got.Action == Errno && got.List != ByPorts {
			t.Errorf("%s(%v): %+v", c.name, c.args, got)
		}
	}
	if !RefusedWithSetID("openat2") || !RefusedWithSetID("@io-uring") || RefusedWithSetID("@file-system") || RefusedWithSetID("chmod") {
		t.Error("RefusedWithSetID")
	}
}

func findSyscallName(nr uint32) string { return rowOf(nativeABI, nr).name }
