package compiler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/seccomp"
)

// maxMessage is the most that is read of what the program says about an error.
const maxMessage = 4096

// run starts the program, writes the request to its standard input and returns
// its standard output. It has an empty environment, no other descriptor, and
// ends when this process or the time does.
func run(executable *os.File, request []byte, limit time.Duration) ([]byte, error) {
	// Go marks what it opens; this is for descriptors that jail was started
	// with.
	if err := unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return nil, fmt.Errorf("keep descriptors from jail-filter: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	answer, message := &bounded{left: seccomp.MaxRecord}, &bounded{left: maxMessage}
	command := exec.CommandContext(ctx, fmt.Sprintf("/proc/self/fd/%d", executable.Fd()))
	command.Args = []string{"jail-filter"}
	command.Env = []string{}
	command.Dir = "/"
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(request), answer, message
	command.WaitDelay = time.Second
	// The signal comes when the thread ends that forked (prctl(2)).
	command.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := command.Run()
	runtime.KeepAlive(executable)
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("jail-filter was ended after %v", limit)
	case err == nil:
		return answer.text, nil
	case command.ProcessState != nil && command.ProcessState.ExitCode() == 1 && len(message.text) > 0:
		return nil, errors.New(strings.TrimSpace(string(message.text)))
	}
	return nil, fmt.Errorf("run jail-filter: %w", err)
}

// bounded takes so many bytes and refuses more.
type bounded struct {
	text []byte
	left int
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if len(p) > b.left {
		return 0, errors.New("it writes too much")
	}
	b.left -= len(p)
	b.text = append(b.text, p...)
	return len(p), nil
}
