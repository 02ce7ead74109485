package commands

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// The comparison itself: whatever differs between a plan and what the kernel
// saw is found.
func TestY11ComparisonNotices(t *testing.T) {
	t.Parallel()
	two, three := 2, 3
	ops := []op{
		{Syscall: "openat", Args: []planArg{{Kind: "number", Value: -100}, {Kind: "string", Str: "/a"}, {Kind: "number", Value: 0x80001}, {Kind: "number"}}, Result: &two},
		{Syscall: "openat2", Args: []planArg{{Kind: "slot", Slot: 2}, {Kind: "string", Str: "b"}, {Kind: "struct", Bytes: "01000000000000000000000000000000" + "0600000000000000"}, {Kind: "number", Value: 24}}, Result: &three},
		{Syscall: "write", Args: []planArg{{Kind: "slot", Slot: 3}, {Kind: "struct", Bytes: "6869"}, {Kind: "number", Value: 2}}},
		{Syscall: "unlinkat", Args: []planArg{{Kind: "slot", Slot: 2}, {Kind: "string", Str: "x"}, {Kind: "number"}}, Accept: "ENOENT"},
		{Syscall: "close", Args: []planArg{{Kind: "slot", Slot: 2}}},
		{Syscall: "open_tree_attr", Number: 467, Args: []planArg{{Kind: "slot", Slot: 3}, {Kind: "string", Str: "c"}, {Kind: "number", Value: 32}}, Result: &two},
		{Syscall: "landlock_add_rule", Args: []planArg{{Kind: "slot", Slot: 3}, {Kind: "number", Value: 1}, {Kind: "beneath", Slot: 2, Bytes: "0600000000000000"}, {Kind: "number"}}},
	}
	good := []string{
		`openat(-100, "\x2f\x61", 0x80001)      = 5`,
		`openat2(5, "\x62", {flags=0x1, resolve=0x6}, 24) = 9`,
		`write(9, "\x68\x69", 2)               = 2`,
		`unlinkat(5, "\x78", 0)                 = -1 ENOENT (No such file or directory)`,
		`close(5)                                = 0`,
		`syscall_0x1d3(0x9, 0x7f0000000000, 0x20, 0, 0, 0) = 0x5`,
		`landlock_add_rule(9, 0x1, {allowed_access=0x6, parent_fd=5}, 0) = 0`,
		`execve("\x2f\x61", ["\x61"], []) <pid changed to 12 ...>`, // by a thread
		`<... execve resumed>)                   = 0`,
	}
	compare := func(lines []string) []string {
		var faults []string
		m := &matcher{
			slots: map[int]uint64{},
			fail:  func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) },
		}
		var calls []call
		for _, l := range lines {
			calls = append(calls, parseTrace(t, "1.5 "+l)...)
		}
		if rest := m.steps("test", ops, calls); len(rest) > 0 && len(faults) == 0 {
			faults = append(faults, "a call too many")
		}
		return faults
	}
	if faults := compare(good); len(faults) > 0 {
		t.Fatalf("what is equal is found to differ: %q", faults)
	}
	for i, bad := range map[int][]string{
		0: {`openat(-101, "\x2f\x61", 0x80001) = 5`, `openat(-100, "\x2f\x62", 0x80001) = 5`, `openat(-100, "\x2f\x61", 0x80000) = 5`, `openat(-100, 0x7f0000000000, 0x80001) = 5`, `openat(-100, "\x2f\x61", 0x80001) = 6`},
		1: {`openat2(6, "\x62", {flags=0x1, resolve=0x6}, 24) = 9`, `openat2(5, "\x62", {flags=0x1, resolve=0x4}, 24) = 9`, `openat2(5, "\x62", {flags=0x1}, 24) = 9`, `openat2(5, "\x62", {flags=0x1, resolve=0x6}, 32) = 9`},
		2: {`write(9, "\x68\x6a", 2) = 2`, `write(5, "\x68\x69", 2) = 2`, `pwrite(9, "\x68\x69", 2) = 2`, `write(9, "\x68\x69", 2) = -1 EBADF (Bad file descriptor)`},
		3: {`unlinkat(5, "\x78", 0) = -1 EPERM (Operation not permitted)`, `unlinkat(5, "\x78", 0x200) = 0`},
		5: {`syscall_0x1d4(0x9, 0x7f0000000000, 0x20, 0, 0, 0) = 0x5`, `syscall_0x1d3(0x5, 0x7f0000000000, 0x20, 0, 0, 0) = 0x5`},
		6: {`landlock_add_rule(9, 0x1, {allowed_access=0x7, parent_fd=5}, 0) = 0`, `landlock_add_rule(9, 0x1, {allowed_access=0x6, parent_fd=9}, 0) = 0`},
	} {
		for _, line := range bad {
			lines := slices.Clone(good)
			lines[i] = line
			if len(compare(lines)) == 0 {
				t.Errorf("not noticed: %s", line)
			}
		}
	}
	if len(compare(good[:5])) == 0 || len(compare(slices.Insert(slices.Clone(good), 2, good[4]))) == 0 {
		t.Error("a call that is missing, or one too many, is not noticed")
	}
}

// Nor is one launch taken for another: a plan that was shown is not that of a
// launch with one more rule, or one fewer.
func TestY11AnotherPlanIsNoticed(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "strace")
	w := testenv.NewWorld(t)
	w.Write(filepath.Join(w.Project, "hidden"), w.Canary)
	plain := []string{"--profile", "default", "--write", w.Project}
	hiding := append(slices.Clone(plain), "--hide", filepath.Join(w.Project, "hidden"))
	read := []string{"cat", "hidden"}
	for _, c := range []struct {
		shown, run []string
		same, sees bool
	}{{plain, plain, true, true}, {hiding, hiding, true, false}, {hiding, plain, false, true}, {plain, hiding, false, false}} {
		p := plan(w, slices.Concat(c.shown, read)...)
		tr, r := trace(w, slices.Concat([]string{"run"}, c.run, read)...)
		if sees := strings.Contains(r.Stdout, w.Canary); sees != c.sees {
			t.Errorf("jail run %q: the file is read: %v\n%s", c.run, sees, r.Output())
		}
		differences := 0
		m := &matcher{slots: map[int]uint64{}, fail: func(string, ...any) { differences++ }}
		m.init(p, tr.init)
		m.programProcess(p, tr.program)
		if (differences == 0) != c.same {
			t.Errorf("shown with %q, run with %q: %d differences", c.shown, c.run, differences)
		}
	}
}
