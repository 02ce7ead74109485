package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestOwnGroup(t *testing.T) {
	const (
		both = "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n" +
			"33 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" +
			"41 31 0:38 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw\n"
		part = "50 31 0:38 /box/one /sys/fs/cgroup ro - cgroup2 cgroup rw\n"
	)
	for _, test := range []struct{ name, mounts, groups, kind, controller, want string }{
		{"second version", both, "5:cpu,cpuacct:/a\n0::/user.slice/x\n", "cgroup2", "", "/sys/fs/cgroup/unified/user.slice/x"},
		{"first version", both, "5:cpu,cpuacct:/a\n0::/x\n", "cgroup", "cpuacct", "/sys/fs/cgroup/cpu,cpuacct/a"},
		{"root", both, "0::/\n", "cgroup2", "", "/sys/fs/cgroup/unified"},
		{"part of a hierarchy", part, "0::/box/one/in\n", "cgroup2", "", "/sys/fs/cgroup/in"},
		{"outside of the part", part, "0::/box/two\n", "cgroup2", "", ""},
		{"no such hierarchy", part, "5:cpuacct:/a\n", "cgroup", "cpuacct", ""},
		{"no group", both, "", "cgroup2", "", ""},
	} {
		got, err := ownGroup(test.mounts, test.groups, test.kind, test.controller)
		if got != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%s: %q, %v; want %q", test.name, got, err, test.want)
		}
	}
}

// TestLeftovers launches a program that ends before its child has worked. What
// the child takes is seen all the same, by whichever meter there is.
func TestLeftovers(t *testing.T) {
	if err := adoptOrphans(); err != nil {
		t.Fatal(err)
	}
	s := &stage{dir: t.TempDir(), account: &account{}}
	s.meter = s.openMeter()
	defer s.meter.stop()
	before, err := s.meter.read()
	if err != nil {
		t.Fatal(err)
	}
	const work = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"
	total, err := s.launch([]string{"/bin/sh", "-c", "(" + work + ") &"}, 4, 2)
	if err != nil {
		t.Fatal(err)
	}
	after, err := s.meter.read()
	if err != nil {
		t.Fatal(err)
	}
	if after-before < 4*time.Millisecond || total.cpu < 4*time.Millisecond {
		t.Errorf("counted %v by %s and %v by waiting", after-before, s.meter.source, total.cpu)
	}
	if total.switches == 0 || total.faults == 0 {
		t.Errorf("no events: %+v", total)
	}
	if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err == nil {
		t.Errorf("something is left: %d", pid)
	}
}

func TestLaunchFails(t *testing.T) {
	s := &stage{dir: t.TempDir(), account: &account{}}
	for _, command := range []string{"/bin/false", "/nonexistent"} {
		if _, err := s.launch([]string{command}, 3, 2); err == nil {
			t.Errorf("%s: no error", command)
		}
	}
}

func TestAlternate(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	s := &stage{dir: t.TempDir(), account: &account{}}
	write := func(word string) []string { return []string{"/bin/sh", "-c", "echo " + word + " >>" + log} }
	jail, peer, err := s.alternate(&comparison{Jail: write("jail"), Peer: write("peer"), Pairs: 3})
	if err != nil || len(jail) != 3 || len(peer) != 3 {
		t.Fatalf("%d and %d blocks, %v", len(jail), len(peer), err)
	}
	order, err := os.ReadFile(log)
	if want := "jail\npeer\npeer\njail\njail\npeer\n"; err != nil || string(order) != want {
		t.Errorf("ran %q, %v", order, err)
	}
}

func TestCopyJail(t *testing.T) {
	from, below := t.TempDir(), t.TempDir()
	for _, name := range []string{"one/bin/jail", "two/bin/jail", "two/libexec/jail/jail"} {
		path := filepath.Join(from, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, second := range map[string]bool{"one": false, "two": true} {
		to, err := copyJail(filepath.Join(from, name, "bin/jail"), filepath.Join(below, name))
		if err != nil || to != filepath.Join(below, name, "bin/jail") {
			t.Fatalf("%s: %q, %v", name, to, err)
		}
		_, err = os.Stat(filepath.Join(below, name, "libexec/jail/jail"))
		if (err == nil) != second {
			t.Errorf("%s: second program: %v", name, err)
		}
	}
}

func TestMissed(t *testing.T) {
	slow, fast := Time{Target: 1, Ratio: 1.1}, Time{Target: 1, Ratio: 1}
	for _, test := range []struct {
		name   string
		report Report
		want   bool
	}{
		{"nothing", Report{}, false},
		{"all met", Report{
			Times: []Time{fast, {Ratio: 9}}, Throughput: []Time{fast}, Processor: []Processor{{Time: fast}},
			Memory: []Memory{{StaysKiB: 10, Target: 10, Ratio: notWorse}, {StaysKiB: 10}},
		}, false},
		{"time", Report{Times: []Time{fast, slow}}, true},
		{"no time", Report{Times: []Time{{Error: "none"}}}, true},
		{"throughput", Report{Throughput: []Time{slow}}, true},
		{"processor", Report{Processor: []Processor{{Time: slow}}}, true},
		{"memory", Report{Memory: []Memory{{StaysKiB: 11, Target: 10}}}, true},
		{"memory before", Report{Memory: []Memory{{StaysKiB: 10, Ratio: 1.1}}}, true},
	} {
		if got := test.report.missed(); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{{[]float64{3}, 3}, {[]float64{4, 1}, 2.5}, {[]float64{9, 1, 2}, 2}, {[]float64{9, 1, 2, 4}, 3}} {
		if got := median(test.values); got != test.want {
			t.Errorf("%v: %v, want %v", test.values, got, test.want)
		}
	}
}
