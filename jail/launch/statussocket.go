package launch

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/plan"
)

// statusSocket is the launcher's side of the child's status messages.
type statusSocket struct {
	ours, child int
	listener    int // of the socket guard, -1 as long as there is none
}

// errStatusEnded is end of file: no process has the other end of the socket open.
var errStatusEnded = errors.New("the status socket was closed")

func newStatusSocket() (*statusSocket, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socketpair: %w", err)
	}
	r := &statusSocket{ours: pair[0], child: pair[1], listener: -1}
	// The kernel then adds the sender's pid, translated into our namespace.
	if err := unix.SetsockoptInt(r.ours, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		r.close()
		return nil, fmt.Errorf("SO_PASSCRED: %w", err)
	}
	return r, nil
}

func (r *statusSocket) closeChild() {
	if r.child >= 0 {
		_ = unix.Close(r.child)
		r.child = -1
	}
}

func (r *statusSocket) close() {
	r.closeChild()
	_ = unix.Close(r.ours)
	if r.listener >= 0 {
		_ = unix.Close(r.takeListener())
	}
}

// takeListener returns the listener, which the caller owns from then on.
func (r *statusSocket) takeListener() int {
	fd := r.listener
	r.listener = -1
	return fd
}

// begin tells the child that its plan is there.
func (r *statusSocket) begin() error {
	_, err := unix.Write(r.ours, plan.ReadyMessage())
	return err
}

// receive returns the next message and the pid of its sender, errStatusEnded
// at end of file.
func (r *statusSocket) receive() (plan.StatusMessage, int, error) {
	var buf [plan.StatusSize]byte
	var oob [64]byte
	n, oobn, errno := receiveMessage(r.ours, buf[:], oob[:])
	switch {
	case errno == unix.ECONNRESET || errno == 0 && n == 0:
		return plan.StatusMessage{}, 0, errStatusEnded
	case errno != 0:
		return plan.StatusMessage{}, 0, errno
	case n != plan.StatusSize:
		return plan.StatusMessage{}, 0, fmt.Errorf("a status message of %d bytes", n)
	}
	return plan.ParseStatus(buf[:]), r.control(oob[:oobn]), nil
}

// control reads what came with a message: who sent it, which it returns, and
// the listener of the socket guard, once.
func (r *statusSocket) control(oob []byte) (sender int) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return 0
	}
	for i := range messages {
		if cred, err := unix.ParseUnixCredentials(&messages[i]); err == nil {
			sender = int(cred.Pid)
		}
		if fds, err := unix.ParseUnixRights(&messages[i]); err == nil && len(fds) == 1 && r.listener < 0 {
			r.listener = fds[0]
		}
	}
	return sender
}
