package lifecycle

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// R2: nothing in memory that a jail makes is without bounds.
func TestR2EveryTmpfsIsBounded(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	seen := 0
	for _, flags := range [][]string{nil, {"--home", "empty"}, {"--tmpfs", "/srv"}, {"--hide", w.Home, "--read", w.Project}} {
		f := w.Probe(append([]string{"--profile", "default"}, flags...)...)
		for point, m := range f.MountPoints() {
			if m.Kind != "tmpfs" || m.Source != "none" && m.Source != "tmpfs" {
				continue
			}
			seen++
			if !strings.Contains(m.Super, "size=") || !strings.Contains(m.Super, "nr_inodes=") {
				t.Errorf("%q: %s is a tmpfs with %s", flags, point, m.Super)
			}
		}
	}
	if seen < 8 {
		t.Errorf("the probe saw %d file systems in memory: the test is void", seen)
	}
}

// R2: who fills a file system in memory stops at its bounds.
func TestR2TmpfsFills(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	dir := w.Project + "/full"
	w.Mkdir(dir)
	common := []string{"--profile", "default", "--write", w.Project}
	w.Variants("head -c 3000000 /dev/zero >full/zeros", common, []string{"--tmpfs", dir + ",size=1M"}, []string{"--tmpfs", dir + ",size=4M"})
	w.Variants("for i in 1 2 3 4 5 6 7 8 9; do : >full/$i || exit 1; done", common, []string{"--tmpfs", dir + ",inodes=5"}, []string{"--tmpfs", dir + ",inodes=50"})
}

// R2: the kernel that runs out of memory ends the jail before the programs
// outside.
func TestR2OutOfMemoryScore(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	score := func(argv ...string) string {
		return strings.TrimSpace(w.Host(append(argv, "cat", "/proc/self/oom_score_adj")...).Stdout)
	}
	if got := score(testenv.JailBin, "run", "--profile", "default"); got != "300" {
		t.Errorf("in a jail oom_score_adj is %q", got)
	}
	if outside := score("env"); outside == "300" {
		t.Error("outside it is 300 as well: the test is void")
	}
}

// R1: a bomb stops at the limit, and who is outside forks meanwhile. It is not
// for root, whose processes the kernel does not count (setrlimit(2)).
func TestR1ForkBomb(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	bomb := "i=0; while [ $i -lt 60 ]; do sleep 1 & i=$((i+1)); done; wait"
	w.Variants(bomb, []string{"--profile", "default"}, []string{"--processes", "40"}, []string{"--processes", "200"})
	cmd := w.Command(testenv.JailBin, "run", "--profile", "default", "--processes", "40", "sh", "-c", "("+bomb+") 2>/dev/null; read x")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if r := w.Host("true"); r.Status != 0 {
			t.Errorf("outside, true(1) ended with %d while a bomb went off in a jail", r.Status)
		}
	}
	_ = in.Close()
	_ = cmd.Wait()
}

// A limit that nothing on this host can hold is refused at its line, and the
// program does not run.
func TestLimitWithoutGroup(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	for _, key := range []string{"memory: 64M", "cpu: 50%"} {
		profile := w.Profile("extends: [default]\nfilesystem: {write: [" + w.Project + "]}\nlimits: {" + key + "}\n")
		switch r := w.Jail("run", "--profile", profile, "touch", "canary"); {
		case r.Status == 0:
			t.Logf("%s: this host has a control group to give", key)
		case r.Status != 125 || !strings.Contains(r.Stderr, "test.yaml:3:") || !strings.Contains(r.Stderr, "help: "):
			t.Errorf("%s: exit status %d\n%s", key, r.Status, r.Output())
		case testenv.Exists(w.Project + "/canary"):
			t.Errorf("%s: the program ran without the limit", key)
		}
	}
}

// A service manager that accepts connections and never answers does not hold
// a launch up for long, and is named.
func TestLimitWithSilentManager(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	runtime := filepath.Join(w.Root, "run")
	testenv.Must(t, os.Chmod(runtime, 0o700))
	w.Mkdir(filepath.Join(runtime, "systemd"))
	l, err := net.Listen("unix", filepath.Join(runtime, "systemd/private"))
	testenv.Must(t, err)
	defer l.Close()
	began := time.Now()
	r := w.Jail("run", "--memory", "64M", "true")
	switch took := time.Since(began); {
	case r.Status == 0:
		t.Log("this host has a control group to give")
	case r.Status != 125 || !strings.Contains(r.Stderr, "does not answer") || !strings.Contains(r.Stderr, "help: see what holds your service manager up"):
		t.Errorf("exit status %d\n%s", r.Status, r.Output())
	case took > 30*time.Second:
		t.Errorf("it took %v", took)
	}
}
