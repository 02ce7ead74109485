package cgroup

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tree makes directories that look like groups: a line "PATH | CONTROL |
// CONTROLLERS | PROCESSES" for each, where CONTROL is what groups below have.
func tree(t *testing.T, groups string) string {
	t.Helper()
	root := t.TempDir()
	for line := range strings.Lines(groups) {
		parts := strings.Split(strings.TrimSpace(line), "|")
		if len(parts) != 4 {
			continue
		}
		dir := filepath.Join(root, strings.TrimSpace(parts[0]))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for i, name := range []string{"cgroup.subtree_control", "cgroup.controllers", "cgroup.procs"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(strings.Fields(parts[i+1]), "\n")), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if dir != root {
			if err := os.WriteFile(filepath.Join(dir, "cgroup.type"), []byte("domain\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

func TestFind(t *testing.T) {
	const all = "cpu memory pids"
	for _, c := range []struct {
		name, groups, own string
		want              string // "" is nowhere
		enable            []string
		leave             bool
	}{
		{"controllers are there", "/a| " + all + "|" + all + "|\n/a/b||" + all + "|1 7 8\n", "/a/b", "/a", nil, false},
		{"they have to be enabled", "/a| memory|" + all + "|\n/a/b||" + all + "|1 7 8\n", "/a/b", "/a", []string{"pids", "cpu"}, false},
		{"one is missing", "/a| memory pids|memory pids|\n/a/b||" + all + "|1 7 8\n", "/a/b", "", nil, false},
		{"others are in the group", "/a||" + all + "|9\n/a/b||" + all + "|7 8 9\n", "/a/b", "", nil, false},
		{"alone in the group", "/a||" + all + "|9\n/a/b||" + all + "|7 8\n", "/a/b", "/a/b", []string{"memory", "pids", "cpu"}, true},
		{"a slice is systemd's", "/a.slice|" + all + "|" + all + "|\n/a.slice/b||" + all + "|1 7 8\n", "/a.slice/b", "", nil, false},
		{"so is its own service", "/user@1.service|" + all + "|" + all + "|\n/user@1.service/b||" + all + "|1 7 8\n", "/user@1.service/b", "", nil, false},
		{"a delegated scope is not", "/x.scope|" + all + "|" + all + "|\n/x.scope/b||" + all + "|1 7 8\n", "/x.scope/b", "/x.scope", nil, false},
		{"the root may have processes", "/||" + all + "|1 2\n", "/", "/", []string{"memory", "pids", "cpu"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := Tree{Root: tree(t, c.groups), Own: c.own}
			got, err := tr.Find([]string{"memory", "pids", "cpu"}, 7, 8)
			if c.want == "" {
				if _, ok := errors.AsType[*NotDelegated](err); !ok {
					t.Fatalf("found %+v, %v", got, err)
				}
				return
			}
			if err != nil || got.Dir != filepath.Join(tr.Root, c.want) || !slices.Equal(got.enable, c.enable) || got.leave != c.leave {
				t.Errorf("found %+v, %v", got, err)
			}
		})
	}
}

func TestAtMost(t *testing.T) {
	limits := Limits{Memory: 64 << 20, Processes: 7, CPU: 150}
	var names []string
	for _, f := range limits.files() {
		names = append(names, f.name+"="+f.text)
	}
	if got := strings.Join(names, " "); got != "memory.max=67108864 memory.swap.max=0 pids.max=7 cpu.max=150000 100000" {
		t.Errorf("the limits are written as %s", got)
	}
	for _, c := range []struct {
		name, have string
		want       bool
	}{
		{"memory.max", "67108864", true},
		{"memory.max", "67108863", true},
		{"memory.max", "67108865", false},
		{"memory.max", "max", false},
		{"memory.max", "", false},
		{"memory.swap.max", "0", true},
		{"memory.swap.max", "4096", false},
		{"pids.max", "7", true},
		{"pids.max", "max", false},
		{"cpu.max", "150000 100000", true},
		{"cpu.max", "15000 10000", true},
		{"cpu.max", "150001 100000", false},
		{"cpu.max", "max 100000", false},
		{"cpu.max", "", false},
	} {
		i := slices.IndexFunc(limits.files(), func(f file) bool { return f.name == c.name })
		if got := atMost(limits.files()[i], c.have); got != c.want {
			t.Errorf("%s: %q is within the limit: %v, want %v", c.name, c.have, got, c.want)
		}
	}
}

// TestEndOpensNothing: what the end of a group takes is open since its first process
// was added. A launcher may not be able to open anything by then.
func TestEndOpensNothing(t *testing.T) {
	dir := filepath.Join(tree(t, "/a||memory|\n"), "a")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("memory.events", "low 0\nmax 7\noom 3\noom_kill 2\noom_group_kill 0\n")
	write("cgroup.kill", "")
	g, err := Adopt(dir, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	write("inside/cgroup.procs", "")
	if g.Killed() != 0 || g.Kill() == nil {
		t.Error("a group that nothing was added to counts or ends processes")
	}
	if err := g.Add(7); err != nil {
		t.Fatal(err)
	}
	moved := dir + " moved"
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	if got := g.Killed(); got != 2 {
		t.Errorf("%d processes were ended, want 2", got)
	}
	if err := g.Kill(); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(filepath.Join(moved, "cgroup.kill")); err != nil || string(text) != "1" {
		t.Errorf("cgroup.kill has %q, %v", text, err)
	}
	g.Close()
	if g.events >= 0 || g.kill >= 0 {
		t.Error("descriptors stay open")
	}
}
