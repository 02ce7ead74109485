package compile_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/registry"
	"github.com/jail-project/jail/terminal"
)

// joinedAtTerminal is joined for a caller whose standard output is a
// terminal.
func joinedAtTerminal(t *testing.T, place registry.Place, argv ...string) (*plan.Plan, func()) {
	t.Helper()
	return joinedFrom(t, place, callersTerminal(), argv...)
}

// callersTerminal is a terminal that is standard output.
func callersTerminal() *terminal.Terminal {
	return &terminal.Terminal{Descriptors: [3]bool{1: true}, Foreground: true}
}

// TestEveryStepOfEnteringAtATerminalCanFail is TestEveryStepOfEnteringCanFail
// with the steps that make a terminal.
func TestEveryStepOfEnteringAtATerminalCanFail(t *testing.T) {
	testenv.Requires(t, testenv.User|testenv.RootSlow)
	dir := t.TempDir()
	canary := filepath.Join(dir, "canary")
	_, place := launched(t, dir, "", "/bin/sleep", "600")
	plain, done := joined(t, place, "/bin/touch", canary)
	done()
	made, done := joinedAtTerminal(t, place, "/bin/touch", canary)
	done()
	if made.Len() < plain.Len()+15 {
		t.Fatalf("%d steps at a terminal, %d without: the test is void", made.Len(), plain.Len())
	}
	everyStepFails(t, canary, func() (*plan.Plan, func()) { return joinedAtTerminal(t, place, "/bin/touch", canary) })
}

// TestForeignTerminals has something else where a jail's own devpts is to be:
// no terminal is made of it, and the program does not run. Where the guard of one
// step is taken out, the next one refuses.
func TestForeignTerminals(t *testing.T) {
	dir := t.TempDir()
	canary := filepath.Join(dir, "canary")
	_, place := launched(t, dir, "", "/bin/sleep", "600")
	for _, name := range []string{"link", "file", "fifo", "device", "link-to"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{
		os.Symlink("/dev/pts/ptmx", filepath.Join(dir, "link/ptmx")),
		os.WriteFile(filepath.Join(dir, "file/ptmx"), nil, 0o600),
		unix.Mkfifo(filepath.Join(dir, "fifo/ptmx"), 0o600),
		os.Symlink("/dev/pts", filepath.Join(dir, "link-to/pts")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		what, step, dir, name string
		errno                 string
	}{
		{"a link in place of the multiplexer", "openat2", dir + "/link", "ptmx", unix.ELOOP.Error()},
		{"a link in place of the directory", "openat2", dir + "/link-to/pts", "ptmx", unix.ELOOP.Error()},
		{"a file", "ioctl", dir + "/file", "ptmx", unix.ENOTTY.Error()},
		{"a pipe", "ioctl", dir + "/fifo", "ptmx", unix.ENOTTY.Error()},
		{"another file system below", "openat2", "/dev", "pts/ptmx", unix.EXDEV.Error()},
		{"a device that is mounted there", "openat2", "/dev", "null", unix.EXDEV.Error()},
	} {
		made, done := joinedAtTerminal(t, place, "/bin/touch", canary)
		at := stepOf(made, "openat2", "/dev/pts")
		made.Setup[at].Args[1].Text, made.Setup[at+1].Args[1].Text = c.dir, c.name
		process, failure := startJoined(made)
		switch {
		case failure == nil:
			process.Wait()
			t.Errorf("%s: the program runs", c.what)
		case failure.Op == nil || failure.Op.Name != c.step || failure.Errno.Error() != c.errno:
			t.Errorf("%s: %v", c.what, failure)
		}
		if os.Remove(canary) == nil {
			t.Errorf("%s: the program ran", c.what)
		}
		done()
	}
	// The launcher relays nothing but a terminal, whatever it is sent.
	file, err := os.OpenFile(filepath.Join(dir, "sent"), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	made, done := joinedAtTerminal(t, place, "/bin/sleep", "60")
	defer done()
	send := stepOf(made, "sendmsg", "")
	for i := send - 1; made.Setup[i+1].Name != "signalfd4"; i++ { // the far side stays open, or the near one would hang up
		if name := made.Setup[i].Name; name == "close" || name == "dup3" {
			made.Setup[i].Number, made.Setup[i].Args = unix.SYS_GETPID, nil
		}
	}
	message := made.Setup[send].Args[1].Block
	binary.NativeEndian.PutUint32(message.Refs[1].Block.Bytes[unix.CmsgLen(0):], uint32(file.Fd()))
	if process, failure := startJoined(made); failure == nil {
		_ = process.Kill()
		t.Error("a file was taken for a terminal")
	} else if !strings.Contains(failure.Error(), "take over the jail's terminal: "+unix.ENOTTY.Error()) {
		t.Error(failure)
	}
}

// stepOf finds a step of the set-up by its system call and a text.
func stepOf(made *plan.Plan, name, text string) int {
	for i := range made.Setup {
		if o := &made.Setup[i]; o.Name == name && (text == "" || strings.Contains(o.String(), strconv.Quote(text))) {
			return i
		}
	}
	return -1
}
