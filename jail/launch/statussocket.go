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
	listener    int          // of the socket guard, -1 as long as there is none
	handed      *handed      // what came with messages that say no more
	relayed     []int        // likewise
	network     int          // likewise, a socket of the jail's network, -1 for none
	attach      func() error // what the child waits for when it asks for Plan.Attach
}

// errStatusEnded is end of file: no process has the other end of the socket open.
var errStatusEnded = errors.New("the status socket was closed")

func newStatusSocket() (*statusSocket, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socketpair: %w", err)
	}
	r := &statusSocket{ours: pair[0], child: pair[1], listener: -1, network: -1, handed: new(handed)}
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
	r.handed.close()
	closeAll(r.takeRelayed())
	if r.network >= 0 {
		_ = unix.Close(r.takeNetwork())
	}
}

func closeAll(fds []int) {
	for _, fd := range fds {
		_ = unix.Close(fd)
	}
}

// takeListener returns the listener, which the caller owns from then on.
func (r *statusSocket) takeListener() int {
	fd := r.listener
	r.listener = -1
	return fd
}

// takeHanded returns the directories, which the caller owns from then on.
func (r *statusSocket) takeHanded() *handed {
	h := r.handed
	r.handed = nil
	return h
}

// takeRelayed returns the sockets, which the caller owns from then on.
func (r *statusSocket) takeRelayed() []int {
	fds := r.relayed
	r.relayed = nil
	return fds
}

// takeNetwork returns the socket of the jail's network, which the caller owns from then on.
func (r *statusSocket) takeNetwork() int {
	fd := r.network
	r.network = -1
	return fd
}

// begin tells the child that its plan is there, or that the network is attached that it
// waits for.
func (r *statusSocket) begin() error {
	_, err := unix.Write(r.ours, plan.ReadyMessage())
	return err
}

// receive returns the next message and the pid of its sender, errStatusEnded
// at end of file. It keeps directories that are handed over before.
func (r *statusSocket) receive() (plan.StatusMessage, int, error) {
	for {
		message, sender, fd, err := r.receiveOne()
		switch {
		case err != nil:
		case message.Step == plan.StepHanded:
			r.handed.add(int(message.Errno), fd)
			continue
		case message.Step == plan.StepRelayed:
			r.relayed = append(r.relayed, fd)
			continue
		case message.Step == plan.StepNetwork:
			r.network = fd
			continue
		case message.Step == plan.StepAttach && r.attach != nil:
			if err := r.attach(); err != nil {
				return message, sender, err
			}
			if err := r.begin(); err != nil {
				return message, sender, err
			}
			continue
		case fd >= 0:
			r.listener = fd
		}
		return message, sender, err
	}
}

// receiveOne returns as well the descriptor that came with the message, or -1.
func (r *statusSocket) receiveOne() (message plan.StatusMessage, sender, fd int, err error) {
	var buf [plan.StatusSize]byte
	var oob [64]byte
	n, oobn, errno := receiveMessage(r.ours, buf[:], oob[:])
	switch {
	case errno == unix.ECONNRESET || errno == 0 && n == 0:
		return plan.StatusMessage{}, 0, -1, errStatusEnded
	case errno != 0:
		return plan.StatusMessage{}, 0, -1, errno
	case n != plan.StatusSize:
		return plan.StatusMessage{}, 0, -1, fmt.Errorf("a status message of %d bytes", n)
	}
	sender, fd = control(oob[:oobn])
	return plan.ParseStatus(buf[:]), sender, fd, nil
}

// control reads what came with a message: who sent it, and a descriptor, or -1.
func control(oob []byte) (sender, fd int) {
	fd = -1
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return 0, fd
	}
	for i := range messages {
		if cred, err := unix.ParseUnixCredentials(&messages[i]); err == nil {
			sender = int(cred.Pid)
		}
		if fds, err := unix.ParseUnixRights(&messages[i]); err == nil && len(fds) == 1 {
			fd = fds[0]
		}
	}
	return sender, fd
}
