package security

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// leftovers is what jails could leave behind on the host.
type leftovers struct {
	processes, sockets []string
	mounts             int
	files              []string // and control groups
}

// look lists the processes of this scene, its sockets in files, the mounts of the
// host, and the files of the scene and of shared memory. What has a name that
// begins with jail-test- belongs to another test.
func (s *scene) look() leftovers {
	s.T.Helper()
	l := leftovers{processes: s.Processes()}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		s.T.Fatal(err)
	}
	l.mounts = strings.Count(string(mounts), "\n")
	sockets, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		s.T.Fatal(err)
	}
	for line := range strings.Lines(string(sockets)) {
		if strings.Contains(line, s.Root) || strings.Contains(strings.ReplaceAll(line, "jail-test-", ""), "jail") && strings.Contains(line, "@") {
			l.sockets = append(l.sockets, line)
		}
	}
	for _, root := range []string{s.Root, "/dev/shm/jail*", "/dev/mqueue/jail*", ownGroup(s.T) + "/jail-*"} {
		found, err := filepath.Glob(root)
		if err != nil {
			s.T.Fatal(err)
		}
		for _, dir := range found {
			_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, _ error) error {
				if !strings.HasPrefix(filepath.Base(path), "jail-test-") {
					l.files = append(l.files, path)
				}
				return nil
			})
		}
	}
	return l
}

// same compares after giving the kernel a moment to reap.
func (s *scene) same(before leftovers) {
	s.T.Helper()
	var now leftovers
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		now = s.look()
		if len(now.processes) == len(before.processes) && now.mounts <= before.mounts && len(now.sockets) <= len(before.sockets) || time.Now().After(deadline) {
			break
		}
	}
	if len(now.processes) != len(before.processes) {
		s.T.Errorf("processes are left: %q", now.processes)
	}
	if now.mounts > before.mounts {
		s.T.Errorf("%d mounts, were %d", now.mounts, before.mounts)
	}
	if len(now.sockets) > len(before.sockets) {
		s.T.Errorf("sockets are left: %q", now.sockets)
	}
	for _, file := range now.files {
		if !slices.Contains(before.files, file) {
			s.T.Errorf("a file is left: %s", file)
		}
	}
}

// TestNothingIsLeft launches many jails, one after the other and at once, and
// kills some: no process, mount, file or socket stays behind.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	row, once := testenv.Rounds(30, 100), testenv.Rounds(8, 20)
	if *long {
		row, once = 1000, 200
	}
	s := newScene(t)
	line := s.start(&row0, jailed, testenv.ProbeBin, "variables")
	sleeper := append(slices.Clone(line[:len(line)-1]), "sleep")
	time.Sleep(settled)
	s.run(line...)                                                      // what it keeps for the next ones
	s.run(append([]string{"timeout", "-s", "INT", "1"}, sleeper...)...) // likewise
	before := s.look()
	began := time.Now()
	for range row {
		if o := s.run(line...); !o.started || o.status != 0 {
			t.Fatalf("exit status %d\n%s", o.status, o.output())
		}
	}
	t.Logf("%d launches in a row: %v each", row, time.Since(began)/time.Duration(row))
	s.same(before)

	began = time.Now()
	var all sync.WaitGroup
	for n := range once {
		cmd := s.command(sleeper...)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			text := ""
			buffer := make([]byte, 100)
			for !strings.Contains(text, "ready\n") {
				n, err := out.Read(buffer)
				if text += string(buffer[:n]); err != nil {
					t.Errorf("jail %q: %v", text, err)
					break
				}
			}
			// Half of them end by a signal that jail passes on, half without.
			sig := os.Kill
			if n%2 == 0 {
				sig = os.Interrupt
			}
			time.Sleep(time.Second) // all of them run at once
			_ = cmd.Process.Signal(sig)
			_ = cmd.Wait()
		})
	}
	all.Wait()
	t.Logf("%d jails at once: %v", once, time.Since(began))
	// A launcher that was killed could not remove its registration; who lists jails
	// does.
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		ids := s.quiet(testenv.JailBin, "ps", "--names")
		if ids == "" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("these run still: %q", ids)
		}
	}
	s.run(line...)
	s.same(before)
}

// ownGroup is the directory of this process's control group, in which its jails make
// theirs.
func ownGroup(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if group, ok := strings.CutPrefix(line, "0::"); ok {
			return "/sys/fs/cgroup" + strings.TrimSuffix(group, "\n")
		}
	}
	return "/no group"
}

// TestKilledAtAnyMoment kills launchers with a writable repository, a place for
// registrations, at moments of their life that nobody chose: nothing
// outlives the launch that comes next.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	launches := testenv.Rounds(40, 100)
	if *long {
		launches = 1000
	}
	s := newScene(t)
	s.Mkdir(filepath.Join(s.Project, ".git"))
	line := s.start(&row0, jailed, testenv.ProbeBin, "variables")
	sleeper := append(slices.Clone(line[:len(line)-1]), "sleep")
	time.Sleep(settled)
	s.run(line...)
	s.run(append([]string{"timeout", "-s", "INT", "1"}, sleeper...)...)
	before := s.look()
	began := time.Now()
	s.run(line...)
	usual := time.Since(began)
	ran := 0
	for n := range launches {
		program := sleeper
		if n%4 == 0 {
			program = line // it may end by itself, and is killed while it clears up
		}
		cmd := s.command(program...)
		var out bytes.Buffer
		cmd.Stdout = &out
		cmd.WaitDelay = time.Millisecond // who is killed too may hold the pipe for a moment
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(rand.N(3 * usual / 2))
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if out.Len() > 0 {
			ran++
		}
	}
	t.Logf("%d launches, %d of which got as far as to run their program; one takes %v", launches, ran, usual)
	if ran == 0 || ran == launches {
		t.Errorf("programs that ran: %d of %d; the moments are not spread", ran, launches)
	}
	// Not those alone that jail ps knows: one that was killed before it was registered,
	// and dies slowly on a busy machine.
	s.NothingRuns()
	if names := s.quiet(testenv.JailBin, "ps", "--names"); names != "" { // it removes what they registered
		t.Errorf("jails run still: %q", names)
	}
	s.run(line...)
	s.same(before)
}

// row0 is a jail of the plain profile.
var row0 row
