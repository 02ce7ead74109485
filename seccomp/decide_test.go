package seccomp

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// ordinary is the filter of a profile that says nothing about syscalls.
func ordinary(more ...Rule) Filter {
	return Filter{Default: Errno, Allow: append([]Rule{{Name: "@default"}}, more...), Arches: []string{"native"}}
}

func TestMultiplexedCalls(t *testing.T) {
	f := ordinary()
	f.Arches = []string{"x86"}
	f.Deny = []Rule{{Name: "shmat", Action: Errno, Errno: int(unix.EACCES)}}
	tests := []struct {
		nr   uint32
		call uint64
		want int // error number, 0 for allowed
	}{
		{102, 1, int(unix.EAFNOSUPPORT)},   // socket: depends on its arguments
		{102, 2, 0},                        // bind
		{102, 14, int(unix.EPERM)},         // setsockopt
		{102, 17, 0},                       // recvmsg
		{102, 0, int(unix.ENOSYS)},         // none
		{102, 21, int(unix.ENOSYS)},        // none
		{117, 2, 0},                        // semget
		{117, 21, int(unix.EACCES)},        // shmat
		{117, 5, int(unix.ENOSYS)},         // none
		{117, 1<<16 | 2, int(unix.ENOSYS)}, // a version no program uses
	}
	for _, tt := range tests {
		got := Verdict(f, auditX86, tt.nr, [ArgCount]uint64{tt.call})
		if got.Errno != tt.want || (got.Action == Allow) != (tt.want == 0) {
			t.Errorf("%d(%d): %v %d, want %d", tt.nr, tt.call, got.Action, got.Errno, tt.want)
		}
	}
}

func TestExplain(t *testing.T) {
	f := ordinary(Rule{Name: "@sandbox"}, Rule{Name: "@system-service"})
	f.Deny = []Rule{{Name: "@file-system", Action: Errno, Errno: int(unix.EROFS)}, {Name: "rmdir", Action: Kill}}

	open := Explain(f, "openat")
	if len(open) != 1 || open[0].List != InDeny || open[0].Index != 0 || open[0].Errno != int(unix.EROFS) ||
		!slices.Equal(open[0].Path, []string{"@file-system", "openat"}) {
		t.Errorf("openat: %+v", open)
	}
	if e := Explain(f, "rmdir"); len(e) != 1 || e[0].Index != 1 || e[0].Action != Kill {
		t.Errorf("rmdir: %+v", e)
	}
	if e := Explain(f, "epoll_wait"); len(e) != 1 ||
		!slices.Equal(e[0].Path, []string{"@default", "@io-event", "epoll_wait"}) {
		t.Errorf("epoll_wait: %+v", e)
	}
	if e := Explain(f, "keyctl"); len(e) != 1 || e[0].Index != 2 ||
		strings.Join(e[0].Path, ">") != "@system-service>@keyring>keyctl" {
		t.Errorf("keyctl: %+v", e)
	}
	clone := Explain(f, "clone")
	if len(clone) != 4 || clone[0].Index != 0 || clone[1].Index != 1 || clone[2].Index != 2 ||
		clone[3].List != ByDefault || len(clone[3].When) != 0 || clone[3].Errno != int(unix.EPERM) {
		t.Errorf("clone: %+v", clone)
	}
	if e := Explain(f, "ptrace"); len(e) != 1 || e[0].List != ByDefault || e[0].Index != -1 {
		t.Errorf("ptrace: %+v", e)
	}
}

// TestVerdictNamesTheRule follows one decision to its reason.
func TestVerdictNamesTheRule(t *testing.T) {
	nr, _ := SyscallNumber("openat")
	got := Verdict(ordinary(), nativeABI.audit(), uint32(nr), [ArgCount]uint64{})
	if got.Name != "openat" || got.List != InAllow || got.Index != 0 ||
		strings.Join(got.Path, " ") != "@default @file-system openat" {
		t.Errorf("%+v", got)
	}
}

func TestGroupsDoNotNestInCircles(t *testing.T) {
	var visit func(name string, path []string)
	visit = func(name string, path []string) {
		if slices.Contains(path, name) {
			t.Fatalf("circle: %v %s", path, name)
		}
		for _, member := range Group(name) {
			visit(member.Name, append(path, name))
		}
	}
	for _, name := range GroupNames() {
		visit(name, nil)
	}
}

func TestCheck(t *testing.T) {
	with := func(c Cond) Filter {
		return Filter{Allow: []Rule{{Name: "read", When: []Cond{c}}}, Arches: []string{"native"}}
	}
	tests := []struct {
		f    Filter
		want string // part of the message
	}{
		{Filter{}, "no architecture"},
		{Filter{Arches: []string{"mips"}}, `"mips" is unknown`},
		{Filter{Default: 9, Arches: []string{"native"}}, "default: action 9"},
		{Filter{Allow: []Rule{{Name: "raed"}}, Arches: []string{"native"}}, `allow rule 0, "raed"`},
		{Filter{Allow: []Rule{{Name: "@nothing"}}, Arches: []string{"native"}}, "no such syscall or group"},
		{Filter{Deny: []Rule{{Name: "read"}}, Arches: []string{"native"}}, "cannot have the action allow"},
		{Filter{Deny: []Rule{{Name: "read", Action: 7}}, Arches: []string{"native"}}, "action 7"},
		{Filter{Deny: []Rule{{Name: "read", Action: Errno, Errno: 134}}, Arches: []string{"native"}}, "error number 134"},
		{Filter{Deny: []Rule{{Name: "read", Action: Errno, Errno: -1}}, Arches: []string{"native"}}, "error number -1"},
		{Filter{Deny: []Rule{{Name: "read", Action: Kill, Errno: 1}}, Arches: []string{"native"}}, "goes with the action errno"},
		{with(Cond{Arg: 6, Op: "=="}), "no argument 6"},
		{with(Cond{Op: "="}), `unknown operator "="`},
		{with(Cond{Op: "==", Width: 16}), "width 16"},
		{with(Cond{Op: "==", Width: 32, Value: 1 << 32}), "does not fit"},
		{with(Cond{Op: "==", Mask: 1}), "a mask goes with"},
		{with(Cond{Op: "&", Mask: 1, Value: 2}), "outside the mask"},
		{with(Cond{Op: "&"}), "mask is zero"},
		{with(Cond{Op: "&", Mask: 1 << 32, Width: 32}), "mask 0x100000000 does not fit"},
	}
	if nativeABI == abiAMD64 {
		tests = append(tests, struct {
			f    Filter
			want string
		}{Filter{Allow: []Rule{{Name: "socketcall"}}, Arches: []string{"native", "x86"}}, "name the calls behind it"})
	}
	for _, tt := range tests {
		err := Check(tt.f)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q", tt.f, err, tt.want)
		}
		if tables, err := Tables(tt.f); err == nil {
			t.Errorf("%+v has %d tables", tt.f, len(tables))
		}
	}
	if err := Check(ordinary(Rule{Name: "socketcall"}, Rule{Name: "open"})); err != nil {
		t.Errorf("calls of other architectures are refused: %v", err)
	}
}
