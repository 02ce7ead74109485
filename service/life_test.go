package service

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/jailtest"
	"github.com/jail-project/jail/jail/launch"
)

func TestNotReady(t *testing.T) {
	for name, want := range map[string]string{
		"fails":    `the service fails: it ended before it was ready, and said "no luck today"`,
		"dies":     "the service dies: it ended before it was ready",
		"hangs-up": "the service hangs-up: it ended before it was ready",
	} {
		_, err := start0(t, Options{Name: name, Setting: []byte("luck")})
		if err == nil || err.Error() != want {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
	before := openDescriptors(t)
	for range 3 {
		if _, err := start0(t, Options{Name: "dies"}); err == nil {
			t.Error("it starts")
		}
	}
	if now := openDescriptors(t); now > before+3 { // the peers' ends are closed later
		t.Errorf("%d descriptors are open, were %d", now, before)
	}
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// TestR5ServiceDies: with a service its sockets are gone, and the launcher of the jail
// says so, once.
func TestR5ServiceDies(t *testing.T) {
	p := begin(t, Options{Name: "echo"})
	h := jailtest.RealHost(t)
	policy, _ := jailtest.LoadPolicy(t, jailtest.SystemProfile)
	c, problems := compile.Compile(policy, h, compile.Command{Argv: []string{"/bin/sleep", "1"}, Filter: jailtest.CompileFilter(t, compile.FilterOf(policy))})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	process, failure := launch.Start(c.Plan, nil, launch.Options{})
	if failure != nil {
		t.Fatal(failure.Diagnostic())
	}
	var said []string
	p.s.Follow(process, func(line string) { said = append(said, line) })
	if got := p.ask("hello"); got != "hello" {
		t.Errorf("it answers %q", got)
	}
	if got := p.ask("panic at the disco"); got != "" {
		t.Errorf("after its end it answers %q", got)
	}
	if got := p.ask("hello"); got != "" {
		t.Errorf("something answers in its place: %q", got)
	}
	if status := process.Wait(); status != 0 {
		t.Errorf("the jail ended with %d", status)
	}
	if len(said) != 1 || !strings.Contains(said[0], "the service echo has ended") || !strings.Contains(said[0], "panic: at the disco") || strings.Contains(said[0], "\n") {
		t.Errorf("the launcher says %q", said)
	}
}

// TestR5LauncherKilled: a service ends with its launcher.
func TestR5LauncherKilled(t *testing.T) {
	if os.Getenv(launcherVariable) != "" {
		p := begin(t, Options{Name: "echo"})
		text, _ := json.Marshal(p.s.Pid())
		_, _ = os.Stdout.Write(append(text, '\n'))
		time.Sleep(time.Minute)
		return
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestR5LauncherKilled$")
	cmd.Env = append(os.Environ(), launcherVariable+"=1")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if err := json.NewDecoder(out).Decode(&pid); err != nil {
		rest, _ := io.ReadAll(out)
		t.Fatal(err, string(rest))
	}
	if err := unix.Kill(pid, 0); err != nil {
		t.Fatalf("process %d: %v", pid, err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if errors.Is(unix.Kill(pid, 0), syscall.ESRCH) {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the service outlived its launcher")
		}
	}
}

func TestClose(t *testing.T) {
	p := begin(t, Options{Name: "echo"})
	pid := p.s.Pid()
	p.s.Close()
	if err := unix.Kill(pid, 0); !errors.Is(err, unix.ESRCH) {
		t.Errorf("after the end: %v", err)
	}
	if got := p.ask("hello"); got != "" {
		t.Errorf("it answers %q", got)
	}
	p.s.control, p.s.said = -1, -1 // a second Close would close what others have opened
}

// TestTell: a service gets what it is told, with a file, and answers what it is asked.
func TestTell(t *testing.T) {
	p := begin(t, Options{Name: "echo"})
	p.ask("listen")
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for descriptor, want := range map[int]string{int(file.Fd()): "told: content", -1: "told: "} {
		if err := p.s.Tell("told", descriptor); err != nil {
			t.Fatal(err)
		}
		if got := p.receive(); got != want {
			t.Errorf("it was told %q", got)
		}
	}
	if answer, err := p.s.Ask("ask"); err != nil || string(answer) != "answer" {
		t.Errorf("%q, %v", answer, err)
	}
}

// TestFloodedLauncher: neither a service that sends without end nor one that reads nothing
// holds its launcher up.
func TestFloodedLauncher(t *testing.T) {
	p := begin(t, Options{Name: "echo"})
	p.ask("flood")
	began := time.Now()
	if _, err := p.s.Ask("anything"); err != nil {
		t.Error(err)
	}
	var err error
	for range 10_000 {
		if err = p.s.Tell("something", -1); err != nil {
			break
		}
	}
	if !errors.Is(err, unix.EAGAIN) {
		t.Errorf("it is told for ever: %v", err)
	}
	if _, err := p.s.Ask("anything"); !errors.Is(err, unix.EAGAIN) {
		t.Error(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
