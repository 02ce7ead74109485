package testenv

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Enter runs a program in the jail.
func (j *RunningJail) Enter(args ...string) *Result {
	j.w.T.Helper()
	return j.w.Jail(append([]string{"enter", j.ID}, args...)...)
}

// Enters starts a jail with these flags and returns the command that enters it.
func (w *World) Enters(flags ...string) string {
	w.T.Helper()
	return w.JailBin + " enter " + w.Runs(append(flags, "sleep", "600")...).ID
}

// Starts are the commands that begin a program in a jail with these flags.
func (w *World) Starts(flags ...string) []string {
	w.T.Helper()
	return []string{w.JailBin + " run " + strings.Join(flags, " "), w.Enters(flags...)}
}

// RunningJail is a jail that runs while a test looks at it.
type RunningJail struct {
	w    *World
	Cmd  *Command
	ID   string
	Main int // pid of the program
}

// ListedJail is what ps --json prints.
type ListedJail struct {
	ID, Profile, Program, Since string
	PID                         int
}

// PS lists the jails of this world.
func (w *World) PS() []ListedJail {
	w.T.Helper()
	var jails []ListedJail
	if err := json.Unmarshal([]byte(w.Succeeds("ps", "--json").Stdout), &jails); err != nil {
		w.T.Fatal(err)
	}
	return jails
}

// Runs starts a jail and returns when it is listed.
func (w *World) Runs(args ...string) *RunningJail {
	w.T.Helper()
	before := w.PS()
	j := &RunningJail{w: w, Cmd: w.Command(append([]string{w.JailBin, "run"}, args...)...)}
	j.Cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	log, err := os.OpenFile(filepath.Join(w.Root, "jail.log"), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		w.T.Fatal(err)
	}
	// Not the file itself, which a jail could open anew, but a pipe.
	out := struct{ io.Writer }{log}
	j.Cmd.Stdout, j.Cmd.Stderr = out, out
	if err := j.Cmd.Start(); err != nil {
		w.T.Fatal(err)
	}
	w.T.Cleanup(func() {
		_ = j.Cmd.Process.Kill()
		_ = j.Cmd.Wait()
		_ = log.Close()
	})
	if !Eventually(func() bool {
		for _, l := range w.PS() {
			if !slices.ContainsFunc(before, func(b ListedJail) bool { return b.ID == l.ID }) {
				j.ID, j.Main = l.ID, l.PID
				return true
			}
		}
		return false
	}) {
		w.T.Fatalf("jail %q is not listed:\n%s", args, w.Read(log.Name()))
	}
	return j
}

// Ends tells whether the launcher ends soon.
func (j *RunningJail) Ends() bool {
	done := make(chan struct{})
	go func() { _ = j.Cmd.Wait(); close(done) }()
	select {
	case <-done:
		return true
	case <-time.After(30 * time.Second):
		return false
	}
}

// Registrations are the files of the jails that run.
func (w *World) Registrations() []string {
	entries, _ := filepath.Glob(filepath.Join(w.Root, "run/jail/*"))
	return entries
}
