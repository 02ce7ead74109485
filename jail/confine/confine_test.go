package confine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// variable makes a copy of this test the process that confines itself.
const variable = "JAIL_TEST_CONFINED"

func TestMain(m *testing.M) {
	if text := os.Getenv(variable); text != "" {
		var s stage
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			panic(err)
		}
		s.play()
	}
	os.Exit(m.Run())
}

// stage is what the copy has to do, and with which guard left out.
type stage struct {
	Dir      string // has a secret, and directories that may and may not be cleared
	Connects bool
	Off      string // a guard; "all": nothing is called
	Panic    bool
	Other    int // a process that is none of its business
}

func (s *stage) path(name string) string { return filepath.Join(s.Dir, name) }

// play confines this process and tries everything, on a thread that was there before.
func (s *stage) play() {
	init := exec.Command("/bin/sleep", "60")
	init.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := init.Start(); err != nil {
		panic(err)
	}
	begin, results := make(chan bool), make(chan map[string]string)
	go func() {
		runtime.LockOSThread()
		<-begin
		results <- s.try(init.Process.Pid)
	}()
	time.Sleep(10 * time.Millisecond)
	testOnlyOff = s.Off
	if s.Off != "all" {
		c, err := Prepare(s.Connects)
		if err == nil {
			err = c.Enter(&Needs{
				Init: init.Process.Pid, Program: init.Process.Pid, Connects: s.Connects,
				Terminal: true, Clears: true, Removes: []string{s.path("ours"), s.path("gone")},
			})
		}
		if err != nil {
			panic(err)
		}
	}
	if s.Panic {
		panic("said aloud")
	}
	begin <- true
	text, err := json.Marshal(<-results)
	if err != nil {
		panic(err)
	}
	if _, err := unix.Write(1, text); err != nil {
		panic(err)
	}
	_ = unix.Kill(init.Process.Pid, unix.SIGKILL)
	if _, err := syscall.Wait4(init.Process.Pid, nil, 0, nil); err != nil {
		panic(err)
	}
	os.Exit(7)
}

// try returns what comes of each attempt: "" or an error.
func (s *stage) try(init int) map[string]string {
	attempts := map[string]func() error{
		"read a file":         func() error { return opened(unix.Open(s.path("secret"), unix.O_RDONLY, 0)) },
		"make a file":         func() error { return opened(unix.Open(s.path("made"), unix.O_CREAT|unix.O_WRONLY, 0o600)) },
		"read by openat2":     func() error { return opened(unix.Openat2(unix.AT_FDCWD, s.path("secret"), &unix.OpenHow{})) },
		"list a directory":    func() error { return opened(unix.Open(s.Dir, unix.O_RDONLY|unix.O_DIRECTORY, 0)) },
		"start a program":     func() error { return exec.Command("/usr/bin/touch", s.path("ran")).Run() },
		"become a program":    func() error { return reached(unix.Exec(s.path("secret"), []string{"x"}, nil)) },
		"a network socket":    func() error { return opened(unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)) },
		"a Unix socket":       func() error { return opened(unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)) },
		"trace a process":     func() error { return reached(unix.PtraceAttach(init)) },
		"signal a process":    func() error { return unix.Kill(s.Other, 0) },
		"write to a process":  func() error { return writeTo(init) },
		"new code":            func() error { return mapCode() },
		"rename a file":       func() error { return unix.Rename(s.path("secret"), s.path("other/secret2")) },
		"change a namespace":  func() error { return reached(unix.Unshare(unix.CLONE_NEWUSER | unix.CLONE_FS)) },
		"remove what is ours": func() error { return unix.Unlink(s.path("ours/file")) },
		"remove what is not":  func() error { return unix.Unlink(s.path("other/file")) },
		"find by name":        func() error { return opened(unix.Open(s.path("secret"), unix.O_PATH, 0)) },
		"new threads":         func() error { return useRuntime() },
		"signal the program":  func() error { return unix.Kill(init, 0) },
	}
	if fixedHigh.Load() != 0 {
		attempts["replace the fixed page"] = replaceFixed
		attempts["write the fixed page"] = protectFixed
		attempts["find in a root"] = func() error { return findInRoot(s.path("secret")) }
		attempts["read a status"] = func() error { return openStatus(s.Other) }
		attempts["copy a descriptor"] = func() error { return copyDescriptor(init) }
	}
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(attempts)) {
		out[name] = ""
		if err := attempts[name](); err != nil {
			out[name] = err.Error()
		}
	}
	return out
}

func opened(fd int, err error) error {
	if err == nil {
		_ = unix.Close(fd)
	}
	return err
}

func openedBy(fd int, errno unix.Errno) error {
	if errno != 0 {
		return errno
	}
	return opened(fd, nil)
}

// reached tells a refusal of the filter from a call that was judged.
func reached(err error) error {
	if errors.Is(err, unix.EPERM) {
		return err
	}
	return nil
}

func mapCode() error {
	m, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err == nil {
		err = unix.Munmap(m)
	}
	return err
}

func findInRoot(path string) error {
	root, err := unix.Open("/", unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(root) }()
	return openedBy(OpenInRoot(root, path))
}

func openStatus(process int) error {
	dir, err := unix.Open("/proc/"+strconv.Itoa(process), unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(dir) }()
	return openedBy(OpenStatus(dir))
}

func copyDescriptor(process int) error {
	fd, err := unix.PidfdOpen(process, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	return opened(unix.PidfdGetfd(fd, 0, 0))
}

// useRuntime has the runtime collect garbage, grow the heap, start threads and wait.
func useRuntime() error {
	done := make(chan []byte)
	for range 8 {
		go func() {
			runtime.LockOSThread()
			time.Sleep(time.Millisecond)
			done <- bytes.Repeat([]byte{1}, 4<<20)
		}()
	}
	for range 8 {
		<-done
	}
	runtime.GC()
	return nil
}

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

func (s *stage) run(t *testing.T) (status int, stdout, stderr string) {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^$")
	var out, complaints bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), variable+"="+string(text)), &out, &complaints
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), complaints.String()
}

// always works also for a launcher that is confined.
var always = []string{"find by name", "remove what is ours", "new threads", "signal the program"}

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
			return slices.Contains(slices.Concat(always, forServer), a) || a == "remove what is not"
		}},
		{"without the filter", false, guardFilter, func(a string) bool { return !landlocked || !slices.Contains(byLandlock, a) }},
		{"without the filter, with connections", true, guardFilter, func(string) bool { return true }},
		{"without Landlock", false, guardLandlock, func(a string) bool {
			return slices.Contains(always, a) || a == "remove what is not"
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

// A panic is printed.
func TestConfinedPanic(t *testing.T) {
	s := arrange(t)
	s.Panic = true
	if status, _, stderr := s.run(t); status != 2 || !strings.Contains(stderr, "panic: said aloud") || !strings.Contains(stderr, "confine_test.go") {
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
	c, err := Prepare(false)
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

// TestConfiningIsCheap measures, for people, what confining costs a launch.
func TestConfiningIsCheap(t *testing.T) {
	if os.Getenv(variable+"_COST") == "" {
		for _, connects := range []string{"true", "false"} {
			var all []time.Duration
			for range 40 {
				cmd := exec.Command("/proc/self/exe", "-test.run=^TestConfiningIsCheap$")
				cmd.Env = append(os.Environ(), variable+"_COST="+connects)
				out, err := cmd.Output()
				text, _, _ := strings.Cut(string(out), "\n")
				d, parsed := time.ParseDuration(text)
				if err := errors.Join(err, parsed); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				all = append(all, d)
			}
			slices.Sort(all)
			t.Logf("with connections %s: processor time from %v to %v, half of them below %v", connects, all[0], all[len(all)-1], all[len(all)/2])
		}
		return
	}
	connects := os.Getenv(variable+"_COST") == "true"
	began := processorTime()
	c, err := Prepare(connects)
	if err == nil {
		err = c.Enter(&Needs{Init: 1, Program: 1, Connects: connects, Removes: []string{"/tmp"}})
	}
	took := processorTime() - began
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(took)
}

// processorTime is that of the whole process.
func processorTime() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &now); err != nil {
		panic(err)
	}
	return time.Duration(now.Nano())
}
