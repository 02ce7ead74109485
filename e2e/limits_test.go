package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// R2: nothing in memory that a jail makes is without bounds.
func TestR2EveryTmpfsIsBounded(t *testing.T) {
	w := newWorld(t)
	seen := 0
	for _, flags := range [][]string{nil, {"--home", "empty"}, {"--tmpfs", "/srv"}, {"--hide", w.home, "--read", w.project}} {
		f := w.probe(append([]string{"--profile", "default"}, flags...)...)
		for point, m := range f.mounts() {
			if m.kind != "tmpfs" || m.source != "none" && m.source != "tmpfs" {
				continue
			}
			seen++
			if !strings.Contains(m.super, "size=") || !strings.Contains(m.super, "nr_inodes=") {
				t.Errorf("%q: %s is a tmpfs with %s", flags, point, m.super)
			}
		}
	}
	if seen < 8 {
		t.Errorf("the probe saw %d file systems in memory: the test is void", seen)
	}
}

// R2: who fills a file system in memory stops at its bounds.
func TestR2TmpfsFills(t *testing.T) {
	w := newWorld(t)
	dir := w.project + "/full"
	w.mkdir(dir)
	common := []string{"--profile", "default", "--write", w.project}
	w.arms("head -c 3000000 /dev/zero >full/zeros", common, []string{"--tmpfs", dir + ",size=1M"}, []string{"--tmpfs", dir + ",size=4M"})
	w.arms("for i in 1 2 3 4 5 6 7 8 9; do : >full/$i || exit 1; done", common, []string{"--tmpfs", dir + ",inodes=5"}, []string{"--tmpfs", dir + ",inodes=50"})
}

// R2: the kernel that runs out of memory ends the jail before the programs
// outside.
func TestR2OutOfMemoryScore(t *testing.T) {
	w := newWorld(t)
	score := func(argv ...string) string {
		return strings.TrimSpace(w.host(append(argv, "cat", "/proc/self/oom_score_adj")...).stdout)
	}
	if got := score(jailBin, "run", "--profile", "default"); got != "300" {
		t.Errorf("in a jail oom_score_adj is %q", got)
	}
	if outside := score("env"); outside == "300" {
		t.Error("outside it is 300 as well: the test is void")
	}
}

// R1: a bomb stops at the limit, and who is outside forks meanwhile. It is not
// for root, whose processes the kernel does not count (setrlimit(2)).
func TestR1ForkBomb(t *testing.T) {
	w := newWorld(t)
	bomb := "i=0; while [ $i -lt 60 ]; do sleep 1 & i=$((i+1)); done; wait"
	w.arms(bomb, []string{"--profile", "default"}, []string{"--processes", "40"}, []string{"--processes", "200"})
	cmd := w.command(jailBin, "run", "--profile", "default", "--processes", "40", "sh", "-c", "("+bomb+") 2>/dev/null; read x")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if r := w.host("true"); r.status != 0 {
			t.Errorf("outside, true(1) ended with %d while a bomb went off in a jail", r.status)
		}
	}
	_ = in.Close()
	_ = cmd.Wait()
}

// A limit that nothing on this host can hold is refused at its line, and the
// program does not run.
func TestLimitWithoutGroup(t *testing.T) {
	w := newWorld(t)
	for _, key := range []string{"memory: 64M", "cpu: 50%"} {
		profile := w.profile("extends: [default]\nfilesystem: {write: [" + w.project + "]}\nlimits: {" + key + "}\n")
		switch r := w.jail("run", "--profile", profile, "touch", "canary"); {
		case r.status == 0:
			t.Logf("%s: this host has a control group to give", key)
		case r.status != 125 || !strings.Contains(r.stderr, "test.yaml:3:") || !strings.Contains(r.stderr, "help: "):
			t.Errorf("%s: exit status %d\n%s", key, r.status, r.output())
		case exists(w.project + "/canary"):
			t.Errorf("%s: the program ran without the limit", key)
		}
	}
}

// A service manager that accepts connections and never answers does not hold
// a launch up for long, and is named.
func TestLimitWithSilentManager(t *testing.T) {
	w := newWorld(t)
	runtime := filepath.Join(w.root, "run")
	must(t, os.Chmod(runtime, 0o700))
	w.mkdir(filepath.Join(runtime, "systemd"))
	l, err := net.Listen("unix", filepath.Join(runtime, "systemd/private"))
	must(t, err)
	defer l.Close()
	began := time.Now()
	r := w.jail("run", "--memory", "64M", "true")
	switch took := time.Since(began); {
	case r.status == 0:
		t.Log("this host has a control group to give")
	case r.status != 125 || !strings.Contains(r.stderr, "does not answer") || !strings.Contains(r.stderr, "help: see what holds your service manager up"):
		t.Errorf("exit status %d\n%s", r.status, r.output())
	case took > 10*time.Second:
		t.Errorf("it took %v", took)
	}
}
