package jail

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/seccomp/libseccomp"
)

// begunPlan is a plan with every kind of op that can be begun without the
// launcher. Its program makes the canary.
func begunPlan(t *testing.T) (*Plan, string) {
	t.Helper()
	h := realHost(t)
	for _, dir := range []string{"canary", "layered"} {
		if err := os.Mkdir(filepath.Join(h.Home, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	profile := strings.Replace(fullProfile, "    - {path: ~/made, create: directory}\n    - {path: ~/canary, create: directory}", "    - ~/canary\n  absent: open", 1)
	canary := filepath.Join(h.Home, "canary", "ran")
	c, problems := compileFor(t, profile, h, "/bin/touch", canary)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	program, err := libseccomp.Compile(*c.Plan.Filter)
	if err != nil {
		t.Fatal(err)
	}
	c.Plan.SetFilterProgram(program)
	return c.Plan, canary
}

// headStarted does what the entry point does, but for clone: there is a runtime
// here. change gets the plan that the cell has in its memory before its first
// process reads it.
func headStarted(t *testing.T, file []byte, change func(shared []byte)) *Cell {
	t.Helper()
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, recordName(testKey)), file, 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(d)
	keys := ahead.keys
	ahead = headStart{uid: uintptr(os.Getuid()), keys: keys}
	if !openRecord(uintptr(d), testKey) {
		t.Fatal("the record is not taken")
	}
	s := layCell(0, 0)
	if s == nil {
		t.Fatal("there is no cell")
	}
	ahead.pid = 1
	c, _ := Begun()
	if change != nil {
		change(c.shared)
	}
	syscall.ForkLock.Lock()
	pid, errno := fork(header(c.shared), s, ahead.flags)
	syscall.ForkLock.Unlock()
	if errno != 0 {
		t.Fatal(errno)
	}
	apart(s, pid)
	keepCell(pid)
	c.pid, ahead.pid = int(pid), 0
	return c
}

// finishes starts a plan from a cell and returns whether it had a head start. The
// program has to run, whatever became of the cell, and once.
func finishes(t *testing.T, p *Plan, cell *Cell, canary string) bool {
	t.Helper()
	process, failure := Start(p, cell)
	if failure != nil && failure.Stale() {
		process, failure = Start(p, nil)
	}
	if failure != nil {
		t.Errorf("the jail does not start: %v", failure.Diagnostic())
		return false
	}
	if status := process.Wait(); status != 0 || !exists(canary) {
		t.Errorf("status %d, canary made: %v", status, exists(canary))
	}
	if err := os.Remove(canary); err != nil {
		t.Error(err)
	}
	if err := unix.Kill(cell.pid, 0); err == nil && !process.Begun() {
		t.Errorf("the process of the cell lives on")
	}
	return process.Begun()
}

// TestHeadStart lets a launch go on from a record of its own, and throws the cell
// away when that is one of another plan, or when the launcher has no record.
func TestHeadStart(t *testing.T) {
	requireJails(t)
	plan, canary := begunPlan(t)
	file := keptRecord(t, plan)
	if !finishes(t, plan, headStarted(t, file, nil), canary) {
		t.Fatal("a launch does not go on from its own record")
	}
	for i := range plan.Setup {
		if plan.Setup[i].Name != "mkdirat" {
			continue
		}
		other := withOp(plan, i, Op{Name: "getpid", Number: unix.SYS_GETPID, Out: NoSlot}, true)
		if finishes(t, plan, headStarted(t, keptRecord(t, other), nil), canary) {
			t.Errorf("a jail was begun without %s, and used", &plan.Setup[i])
		}
		break
	}
	// A program that would run without having waited: the cell's is killed
	// where it would be executed, as everything behind the wait is missing.
	open := withOp(plan, len(plan.Setup)+len(plan.Init)+plan.gated-1, Op{Name: "getpid", Number: unix.SYS_GETPID, Out: NoSlot}, true)
	if finishes(t, plan, headStarted(t, keptRecord(t, open), nil), canary) {
		t.Error("a jail whose program does not wait for the launcher was used")
	}
}

// TestHeadStartFailsAnywhere has each op of a begun jail fail, or end the process
// that is busy with it: the launch goes on without the cell.
func TestHeadStartFailsAnywhere(t *testing.T) {
	requireJails(t)
	plan, canary := begunPlan(t)
	file := keptRecord(t, plan)
	l, _ := plan.beginning(plan.id)
	tried := 0
	for i := range l.late {
		at := l.opsAt + uintptr(i)*reflect.TypeFor[rawOp]().Size() // the number comes first
		for _, number := range []uint64{1 << 20, unix.SYS_EXIT_GROUP} {
			o := plan.Op(Index(i))
			if number == 1<<20 && (o.Accept == unix.ENOSYS || o.Accept == acceptAny) {
				continue // it may fail
			}
			tried++
			cell := headStarted(t, file, func(shared []byte) { binary.NativeEndian.PutUint64(shared[at:], number) })
			if finishes(t, plan, cell, canary) {
				t.Errorf("op %d, %s: it was call %d, and the jail was used", i, o, number)
			}
		}
	}
	if tried < 150 {
		t.Errorf("%d failures were tried; the test is void", tried)
	}
}

// TestHeadStartWaits leaves a begun jail alone for a while. Its program does not
// run before the launcher agrees.
func TestHeadStartWaits(t *testing.T) {
	requireJails(t)
	plan, canary := begunPlan(t)
	cell := headStarted(t, keptRecord(t, plan), nil)
	for header(cell.shared).program == 0 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(300 * time.Millisecond)
	if exists(canary) {
		t.Fatal("the program ran before the launcher agreed")
	}
	if !finishes(t, plan, cell, canary) {
		t.Error("a jail that waited was not used")
	}
	cell = headStarted(t, keptRecord(t, plan), nil)
	pid := cell.pid
	cell.Discard()
	if err := unix.Kill(pid, 0); err == nil || exists(canary) {
		t.Errorf("a cell that was thrown away: its process lives: %v; its program ran: %v", err == nil, exists(canary))
	}
}
