package testenv

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// mark tells the processes that come of one world from all others. It is their
// limit on file locks, which means nothing to any kernel (getrlimit(2)) and nothing
// to jail: whatever a process becomes, forks or hides, it has the mark, and
// everybody can read it.
type mark uint64

func newMark() mark { return mark(rand.Uint64N(1<<40) + 1) }

// Command is a command whose processes have the mark of a world.
type Command struct {
	*exec.Cmd
	mark mark
}

// starting keeps two commands from being started with each other's mark.
var starting sync.Mutex

// Start starts the command.
func (c *Command) Start() error {
	starting.Lock()
	defer starting.Unlock()
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_LOCKS, &was); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_LOCKS, &unix.Rlimit{Cur: uint64(c.mark), Max: was.Max}); err != nil {
		return fmt.Errorf("mark a process: %w", err)
	}
	defer func() { _ = unix.Setrlimit(unix.RLIMIT_LOCKS, &was) }()
	return c.Cmd.Start()
}

// Run starts the command and waits for its end.
func (c *Command) Run() error {
	if err := c.Start(); err != nil {
		return err
	}
	return c.Wait()
}

// Output is what the command prints.
func (c *Command) Output() ([]byte, error) {
	var out bytes.Buffer
	c.Stdout = &out
	err := c.Run()
	return out.Bytes(), err
}

// CombinedOutput is what the command prints and complains.
func (c *Command) CombinedOutput() ([]byte, error) {
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	return out.Bytes(), err
}

// Command prepares a command of this world, which is killed when the test
// ends or takes too long.
func (w *World) Command(argv ...string) *Command {
	ctx, cancel := context.WithTimeout(w.T.Context(), w.Timeout)
	w.T.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env, cmd.Dir, cmd.WaitDelay = w.Env, w.Project, 5*time.Second
	if w.Stdin != "" {
		cmd.Stdin = strings.NewReader(w.Stdin)
	}
	return w.Marked(cmd)
}

// Marked gives a command the mark of this world. What runs beside other worlds needs
// one: a process that is started without, at the moment at which another command is,
// gets the mark of that one and is killed with its world.
func (w *World) Marked(cmd *exec.Cmd) *Command { return &Command{cmd, w.mark} }

// Processes are those that came of this world and have not ended, as ps(1) would
// say. One that has ended and been left to init is not ours any more, however
// long that takes to notice.
func (w *World) Processes() (found []string) {
	for _, pid := range w.pids() {
		status := StatusOf(pid)
		if status["State"] == "" || strings.HasPrefix(status["State"], "Z") && status["PPid"] == "1" {
			continue
		}
		wait, _ := os.ReadFile(fmt.Sprintf("/proc/%d/wchan", pid))
		found = append(found, fmt.Sprintf("%d %s %s, child of %s, in %s: %s", pid, status["Name"], status["State"], status["PPid"], wait, CommandLine(pid)))
	}
	return found
}

func (w *World) pids() (pids []int) {
	own := strconv.FormatUint(uint64(w.mark), 10)
	limits, _ := filepath.Glob("/proc/[0-9]*/limits")
	for _, file := range limits {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(text), "Max file locks")
		if fields := strings.Fields(rest); len(fields) > 0 && fields[0] == own {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// NothingRuns expects that all processes of all launches of this world have
// ended, and all others but some that the test goes on with.
func (w *World) NothingRuns(but ...*Command) {
	w.T.Helper()
	left := func() []string {
		return slices.DeleteFunc(w.Processes(), func(p string) bool {
			return slices.ContainsFunc(but, func(c *Command) bool { return strings.HasPrefix(p, strconv.Itoa(c.Process.Pid)+" ") })
		})
	}
	if !Eventually(func() bool { return len(left()) == 0 }) {
		w.T.Errorf("processes are left: %q", left())
	}
}

// Must ends the test with an error.
func Must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
