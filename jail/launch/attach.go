package launch

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/plan"
)

// attached is the program of Plan.Attach while it runs. The kernel kills it when the
// launcher ends.
type attached struct {
	pid, pidfd int
	said       int    // a pipe: its standard output and error
	lastWords  string // once it has ended by itself
	ended      bool
}

// attachPatience is how long it may take to make the network, which waits for no other
// process and for nothing on the network.
const attachPatience = 10 * time.Second

// attach starts the program of Plan.Attach and returns when the network is there.
func (l *launch) attach() error {
	a := &l.plan.Attach
	if a.Program == "" || l.network != nil {
		return errors.New("the jail's init asks for a network that it does not get")
	}
	// What the caller has passed on to the launcher, for the jail's program, is not for
	// this one. All that the launcher opens has the flag already.
	if err := unix.CloseRange(3, ^uint(0)>>1, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fmt.Errorf("close_range: %w", err)
	}
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return fmt.Errorf("make a pipe: %w", err)
	}
	n := &attached{pidfd: -1, said: pipe[0]}
	err := n.start(a, l.init.pid, pipe[1])
	_ = unix.Close(pipe[1])
	l.network = n
	if err != nil {
		return attachRefusal(a, "cannot start "+a.Program+": "+err.Error())
	}
	if words := n.untilReady(); words != "" {
		return attachRefusal(a, a.Program+" does not connect the jail's network: "+words)
	}
	return nil
}

// start starts the program in a session of its own: keys of the caller's terminal are not
// for it.
func (n *attached) start(a *plan.Attach, init, output int) error {
	null, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open /dev/null: %w", err)
	}
	defer func() { _ = unix.Close(null) }()
	argv := append(append([]string{a.Program}, a.Args...), strconv.Itoa(init))
	n.pid, err = syscall.ForkExec(a.Program, argv, &syscall.ProcAttr{
		Dir: "/", Env: []string{}, Files: []uintptr{uintptr(null), uintptr(output), uintptr(output)},
		Sys: &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return err
	}
	if n.pidfd, err = unix.PidfdOpen(n.pid, 0); err != nil {
		return fmt.Errorf("open a pidfd of it: %w", err)
	}
	return nil
}

// untilReady waits until the program has written its pid in a line. It returns why there
// is no network: what the program said last.
func (n *attached) untilReady() string {
	var said []byte
	own := strconv.Itoa(n.pid)
	for end := time.Now().Add(attachPatience); ; {
		fds := []unix.PollFd{{Fd: int32(n.said), Events: unix.POLLIN}}
		count, err := unix.Poll(fds, max(0, int(time.Until(end).Milliseconds())))
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return err.Error()
		case count == 0:
			return fmt.Sprintf("it is not ready after %v", attachPatience)
		}
		var text [1024]byte
		size, err := unix.Read(n.said, text[:])
		if size <= 0 || err != nil || len(said) > 64<<10 {
			return lastLine(said)
		}
		said = append(said, text[:size]...)
		for line := range bytes.Lines(said) {
			if string(bytes.TrimSpace(line)) == own && bytes.HasSuffix(line, []byte("\n")) {
				return ""
			}
		}
	}
}

// lastLine is the last line of what a program said, for people.
func lastLine(said []byte) string {
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return diag.Quote(last)
	}
	return "it ended without a word"
}

// noticeEnd is called when the program has ended by itself: the jail has no network from
// then on.
func (n *attached) noticeEnd() {
	n.ended = true
	var text [1024]byte
	size, _ := unix.Read(n.said, text[:])
	n.lastWords = lastLine(text[:max(size, 0)])
}

// end ends the program, if it runs; nil is none.
func (n *attached) end() {
	if n == nil || n.said < 0 {
		return
	}
	if n.pidfd >= 0 {
		_ = unix.PidfdSendSignal(n.pidfd, unix.SIGKILL, nil, 0)
		_ = unix.Close(n.pidfd)
	} else if n.pid > 0 {
		_ = unix.Kill(n.pid, unix.SIGKILL)
	}
	if n.pid > 0 {
		reap(n.pid)
	}
	_ = unix.Close(n.said)
	n.said = -1
}

func attachRefusal(a *plan.Attach, why string) *Refusal {
	d := diag.Diagnostic{Code: "no-nat", Summary: why, Subject: a.At, Remedy: "with mode: filtered no other program is needed"}
	if strings.Contains(why, "tun") {
		d.Remedy = "it needs /dev/net/tun, which you must be able to read and write; with mode: filtered no other program is needed"
	}
	return &Refusal{Problem: d}
}

// NetworkEnded says, after Wait, how the program ended that connected the jail's network,
// if it did so before the jail; "" if not.
func (p *Process) NetworkEnded() string {
	if p.network == nil || !p.network.ended {
		return ""
	}
	return p.plan.Attach.Program + " has ended, and with it the network of the jail; the last that it said: " + p.network.lastWords
}
