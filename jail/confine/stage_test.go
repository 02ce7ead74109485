package confine

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
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
	open        int // a directory, from before the launcher was confined
	confinement *Confinement
	Dir         string // has a secret, and directories that may and may not be cleared
	Connects    bool
	Off         string // a guard; "all": nothing is called
	Reads       string // a file that is read again, "" for none
	Panic       bool
	Measure     bool
	Busy        bool // other goroutines take the processor at every call
	Other       int  // a process that is none of its business
}

func (s *stage) reads() []string {
	if s.Reads == "" {
		return nil
	}
	return []string{s.path(s.Reads)}
}

func (s *stage) path(name string) string { return filepath.Join(s.Dir, name) }

// play confines this process and tries everything, on a thread that was there before.
func (s *stage) play() {
	if s.Measure {
		s.measure()
	}
	if s.Busy {
		s.busy()
	}
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
	var err error
	if s.open, err = unix.Open(s.Dir, unix.O_RDONLY|unix.O_DIRECTORY, 0); err != nil {
		panic(err)
	}
	testOnlyOff = s.Off
	if s.Off != "all" {
		c, err := Prepare(s.Connects, s.reads())
		s.confinement = c
		if err == nil {
			err = c.Enter(&Needs{
				Init: init.Process.Pid, Program: init.Process.Pid, Connects: s.Connects,
				Terminal: true, Frees: true, Renames: []string{s.path("ours")}, Reports: []string{s.path("ours")}, Lists: s.Connects,
				Removes: []string{s.path("ours"), s.path("gone")},
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

// busy confines this process while another goroutine waits for its processor.
func (s *stage) busy() {
	runtime.GOMAXPROCS(1)
	go func() {
		for {
			runtime.Gosched()
		}
	}()
	c, err := Prepare(s.Connects, nil)
	if err == nil {
		err = c.Enter(&Needs{Connects: s.Connects})
	}
	if err != nil {
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
		"list an open one":    func() error { return listOpen(s.open) },
		"list a directory":    func() error { return opened(unix.Open(s.Dir, unix.O_RDONLY|unix.O_DIRECTORY, 0)) },
		"start a program":     func() error { return exec.Command("/usr/bin/touch", s.path("ran")).Run() },
		"become a program":    func() error { return reached(unix.Exec(s.path("secret"), []string{"x"}, nil)) },
		"a network socket":    func() error { return opened(unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)) },
		"a Unix socket":       func() error { return opened(unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)) },
		"trace a process":     func() error { return reached(unix.PtraceAttach(init)) },
		"signal a process":    func() error { return unix.Kill(s.Other, 0) },
		"write to a process":  func() error { return writeTo(init) },
		"new code":            mapCode,
		"rename a file":       func() error { return unix.Rename(s.path("secret"), s.path("other/secret2")) },
		"change a namespace":  func() error { return reached(unix.Unshare(unix.CLONE_NEWUSER | unix.CLONE_FS)) },
		"remove what is ours": func() error { return unix.Unlink(s.path("ours/file")) },
		"remove what is not":  func() error { return unix.Unlink(s.path("other/file")) },
		"find by name":        func() error { return opened(unix.Open(s.path("secret"), unix.O_PATH, 0)) },
		"new threads":         useRuntime,
		"signal the program":  func() error { return unix.Kill(init, 0) },
	}
	if fixedHigh.Load() != 0 {
		attempts["replace the fixed page"] = replaceFixed
		attempts["write the fixed page"] = protectFixed
		attempts["find in a root"] = func() error { return findInRoot(s.path("secret")) }
		attempts["read a status"] = func() error { return openStatus(s.Other) }
		attempts["copy a descriptor"] = func() error { return copyDescriptor(init) }
	}
	if s.Reads != "" {
		attempts["read the named file"] = func() error { return readNamed(s.confinement) }
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

func listOpen(fd int) error {
	_, err := unix.Getdents(fd, make([]byte, 4096))
	return err
}

func opened(fd int, err error) error {
	if err == nil {
		_ = unix.Close(fd)
	}
	return err
}

func readNamed(c *Confinement) error {
	fd, errno := c.OpenNamed(0)
	if errno != 0 {
		return errno
	}
	var stat unix.Stat_t
	_, err := unix.Read(fd, make([]byte, 10))
	return errors.Join(err, unix.Fstat(fd, &stat), unix.Close(fd))
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

// measure confines this process and prints how much processor time that took.
func (s *stage) measure() {
	began := processorTime()
	c, err := Prepare(s.Connects, nil)
	if err == nil {
		err = c.Enter(&Needs{Init: 1, Program: 1, Connects: s.Connects, Removes: []string{"/tmp"}})
	}
	took := processorTime() - began
	if err == nil {
		_, err = unix.Write(1, []byte(strconv.FormatInt(took.Microseconds(), 10)))
	}
	if err != nil {
		panic(err)
	}
	os.Exit(0)
}

// processorTime is that of the whole process.
func processorTime() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &now); err != nil {
		panic(err)
	}
	return time.Duration(now.Nano())
}
