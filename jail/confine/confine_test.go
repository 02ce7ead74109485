package confine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
)

// arrange makes the files of a test.
func arrange(t *testing.T) stage {
	t.Helper()
	s := stage{Dir: t.TempDir(), Other: os.Getpid()}
	for _, name := range []string{"secret", "ours/file", "other/file"} {
		if err := os.MkdirAll(filepath.Dir(s.path(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(s.path(name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *stage) run(tb testing.TB) (status int, stdout, stderr string) {
	tb.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		tb.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^$")
	if s.Busy {
		cmd = exec.Command("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=prctl", "-e", "inject=prctl:delay_exit=200000", self, "-test.run=^$")
	}
	var out, complaints bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), variable+"="+string(text)), &out, &complaints
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		tb.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), complaints.String()
}

// always works also for a launcher that is confined.
var always = []string{"list an open one", "find by name", "remove what is ours", "new threads", "signal the program"}

// TestV2ConfinedLauncher tries in a process that confined itself what a launcher whose
// memory somebody else controls would try, and shows for each guard that it is that
// guard.
func TestV2ConfinedLauncher(t *testing.T) {
	landlocked := landlockVersion() > 0
	byLandlock := []string{"read a file", "make a file", "read by openat2", "list a directory", "start a program", "remove what is not", "rename a file", "trace a process", "write to a process"}
	forServer := []string{"find in a root", "read a status", "copy a descriptor"}
	for _, c := range []struct {
		name     string
		connects bool
		off      string
		works    func(attempt string) bool
	}{
		{"outside", false, "all", func(string) bool { return true }},
		{"confined", false, "", func(a string) bool {
			return slices.Contains(always, a) || !landlocked && a == "remove what is not"
		}},
		{"confined, with connections", true, "", func(a string) bool {
			return slices.Contains(slices.Concat(always, forServer), a) || a == "remove what is not" || a == "list a directory"
		}},
		{"without the filter", false, guardFilter, func(a string) bool { return !landlocked || !slices.Contains(byLandlock, a) }},
		{"without the filter, with connections", true, guardFilter, func(string) bool { return true }},
		{"without Landlock", false, guardLandlock, func(a string) bool {
			return slices.Contains(always, a) || a == "remove what is not" || a == "list a directory"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := arrange(t)
			s.Connects, s.Off = c.connects, c.off
			status, stdout, stderr := s.run(t)
			var results map[string]string
			if err := json.Unmarshal([]byte(stdout), &results); err != nil || status != 7 {
				t.Fatalf("exit status %d, %v\n%s%s", status, err, stdout, stderr)
			}
			for attempt, failed := range results {
				if works := failed == ""; works != c.works(attempt) {
					t.Errorf("%s: works: %v, %s", attempt, works, failed)
				}
			}
			s.compare(t, c.works)
		})
	}
}

// TestV2ReadsNamed: of all files, a launcher that reads one again can open that one, also
// when another was put in its place.
func TestV2ReadsNamed(t *testing.T) {
	for _, connects := range []bool{false, true} {
		s := arrange(t)
		s.Connects, s.Reads = connects, "lists/link"
		for _, err := range []error{
			os.Mkdir(s.path("lists"), 0o755), os.WriteFile(s.path("lists/list"), []byte("a.test\n"), 0o644), os.Symlink("list", s.path("lists/link")),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		status, stdout, stderr := s.run(t)
		var results map[string]string
		if err := json.Unmarshal([]byte(stdout), &results); err != nil || status != 7 {
			t.Fatalf("exit status %d, %v\n%s%s", status, err, stdout, stderr)
		}
		for attempt, works := range map[string]bool{
			"read the named file": true, "read a file": false, "read by openat2": false, "make a file": false,
			"replace the fixed page": false, "write the fixed page": false, "read a status": connects, "find in a root": connects,
		} {
			if failed, tried := results[attempt]; !tried || (failed == "") != works {
				t.Errorf("with connections %v, %s: %q", connects, attempt, failed)
			}
		}
	}
}

// compare holds the state of the host against what should have worked.
func (s *stage) compare(t *testing.T, works func(string) bool) {
	t.Helper()
	for name, want := range map[string]bool{
		"made": works("make a file"), "ran": works("start a program"), "other/secret2": works("rename a file"),
		"ours/file": false, "other/file": !works("remove what is not"),
	} {
		if _, err := os.Lstat(s.path(name)); (err == nil) != want {
			t.Errorf("%s is there: %v", name, err == nil)
		}
	}
}

// TestV2OnOneThread: a goroutine that is held up between the calls goes on on another
// thread, which has not given up new privileges; the kernel lets that one install no
// filter.
func TestV2OnOneThread(t *testing.T) {
	testenv.Need(t, "strace")
	s := arrange(t)
	s.Connects, s.Busy = true, true // without Landlock, for which all threads give them up
	if status, _, stderr := s.run(t); status != 7 {
		t.Errorf("exit status %d\n%s", status, stderr)
	}
}

// A panic is printed.
func TestConfinedPanic(t *testing.T) {
	s := arrange(t)
	s.Panic = true
	if status, _, stderr := s.run(t); status != 2 || !strings.Contains(stderr, "panic: said aloud") || !strings.Contains(stderr, "stage_test.go") {
		t.Errorf("exit status %d\n%s", status, stderr)
	}
}

// TestLandlockKeepsFromServing: a process under Landlock cannot copy descriptors of
// one that is not. That is why a launcher has either Landlock or the jail's
// connections.
func TestLandlockKeepsFromServing(t *testing.T) {
	if landlockVersion() == 0 {
		t.Skip("this kernel has no Landlock")
	}
	if os.Getenv(variable+"_LANDLOCK") == "" {
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestLandlockKeepsFromServing$", "-test.v")
		cmd.Env = append(os.Environ(), variable+"_LANDLOCK=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	other := exec.Command("/bin/sleep", "60")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Process.Kill() }()
	if err := copyDescriptor(other.Process.Pid); err != nil {
		t.Errorf("without Landlock: %v", err)
	}
	c, err := Prepare(false, nil)
	if err == nil {
		testOnlyOff = guardFilter
		err = c.Enter(&Needs{})
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := copyDescriptor(other.Process.Pid); !errors.Is(err, unix.EPERM) {
		t.Errorf("under Landlock: %v", err)
	}
}

// TestHighHalf: wherever the heap begins and goes on, the fixed page is far behind it.
func TestHighHalf(t *testing.T) {
	const zone = 4 << 30
	for heap := range uintptr(256) {
		half := highHalf(heap * zone)
		if ahead := (uintptr(half) + 64 - heap%64) % 64; ahead < 16 {
			t.Errorf("the heap at %#x, the page at %#x", heap*zone, uintptr(half)*zone)
		}
	}
}

// BenchmarkConfining measures what confining costs a launch, in processor time.
func BenchmarkConfining(b *testing.B) {
	for _, connects := range []bool{true, false} {
		b.Run(fmt.Sprintf("connects=%v", connects), func(b *testing.B) {
			s := stage{Connects: connects, Measure: true}
			var all []float64
			for b.Loop() {
				_, out, complaints := s.run(b)
				microseconds, err := strconv.ParseFloat(out, 64)
				if err != nil {
					b.Fatal(err, complaints)
				}
				all = append(all, microseconds)
			}
			slices.Sort(all)
			b.ReportMetric(all[len(all)/2], "us/median")
			b.ReportMetric(all[0], "us/least")
		})
	}
}
