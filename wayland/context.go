package wayland

import (
	"errors"

	"golang.org/x/sys/unix"
)

// manager is the interface of security-context-v1 (wayland-protocols,
// staging/security-context).
const manager = "wp_security_context_manager_v1"

// Opcodes of that protocol.
const (
	managerCreateListener = 1

	contextDestroy  = 0
	contextEngine   = 1
	contextApp      = 2
	contextInstance = 3
	contextCommit   = 4
)

// Context is what a compositor is told about the clients of a socket.
type Context struct {
	Engine   string // the kind of sandbox, as a reversed domain name
	App      string // the program
	Instance string // this one of its sandboxes
}

// ErrNoContexts says that a compositor does not know security contexts.
var ErrNoContexts = errors.New("the compositor does not know security contexts (security-context-v1)")

// Offers tells whether the compositor at the path of a socket knows security contexts. The
// error says why it could not be asked.
func Offers(path string) (bool, error) {
	c, err := dial(path)
	if err != nil {
		return false, err
	}
	defer c.close()
	_, found, err := c.find(manager)
	return found.face != "", err
}

// Confine has the compositor at the path of a socket accept clients at a listening socket
// as those of a sandbox. It does so until the descriptor that is returned is closed, which
// is the caller's to do. The compositor has a copy of the listening socket then.
func Confine(path string, listener int, as Context) (int, error) {
	c, err := dial(path)
	if err != nil {
		return -1, err
	}
	defer c.close()
	registry, found, err := c.find(manager)
	if err != nil {
		return -1, err
	}
	if found.face == "" {
		return -1, ErrNoContexts
	}
	// The compositor waits for the end of the pipe: it has the end that writes, as clients
	// of Flatpak's kind pass it, and sees an error there when this one is closed.
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return -1, err
	}
	err = c.confine(registry, found.name, listener, pipe[1], as)
	_ = unix.Close(pipe[1])
	if err != nil {
		_ = unix.Close(pipe[0])
		return -1, err
	}
	return pipe[0], nil
}

func (c *conn) confine(registry, name uint32, listener, end int, as Context) error {
	object, context := c.object(), c.object()
	requests := []request{
		newRequest(registry, registryBind).word(name).text(manager).word(1).word(object),
		newRequest(object, managerCreateListener).word(context),
		newRequest(context, contextEngine).text(as.Engine),
		newRequest(context, contextApp).text(as.App),
		newRequest(context, contextInstance).text(as.Instance),
		newRequest(context, contextCommit),
		newRequest(context, contextDestroy),
	}
	for i, r := range requests {
		var fds []int
		if i == 1 {
			fds = []int{listener, end}
		}
		if err := c.send(r, fds...); err != nil {
			return err
		}
	}
	return c.sync(0, nil)
}
