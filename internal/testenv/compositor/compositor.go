// Package compositor is a small Wayland compositor for tests. It has no screen: it offers
// wl_shm and, to clients that are in no sandbox, the manager of security-context-v1, and
// keeps what it was told about sandboxes.
package compositor

import (
	"encoding/binary"
	"errors"
	"net"
	"os"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// Sandbox is what the compositor was told of one.
type Sandbox struct{ Engine, App, Instance string }

// Options say what a compositor is like.
type Options struct {
	NoContexts bool // it does not know security contexts
	// Refuse has it answer the commit of a context with an error.
	Refuse bool
}

// Compositor is one that serves.
type Compositor struct {
	o         Options
	listener  *net.UnixListener
	mutex     sync.Mutex
	sandboxes []Sandbox
	clients   int // that were in a sandbox
	open      int // sandboxes whose end was not seen
}

// Start has a compositor listen at a path, until Close.
func Start(path string, o Options) (*Compositor, error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: path})
	if err != nil {
		return nil, err
	}
	c := &Compositor{o: o, listener: l}
	go c.accept(l, false)
	return c, nil
}

// Close ends it.
func (c *Compositor) Close() { _ = c.listener.Close() }

// Sandboxes are those that it was told of.
func (c *Compositor) Sandboxes() []Sandbox {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return slices.Clone(c.sandboxes)
}

// Open counts the sandboxes that have not ended.
func (c *Compositor) Open() int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.open
}

// Clients counts the connections from sandboxes.
func (c *Compositor) Clients() int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.clients
}

func (c *Compositor) accept(l *net.UnixListener, sandboxed bool) {
	for {
		conn, err := l.AcceptUnix()
		if err != nil {
			return
		}
		if sandboxed {
			c.mutex.Lock()
			c.clients++
			c.mutex.Unlock()
		}
		k := &client{of: c, conn: conn, sandboxed: sandboxed, kinds: map[uint32]string{1: "wl_display"}}
		go func() {
			_ = k.serve()
			_ = conn.Close()
		}()
	}
}

// client is one connection.
type client struct {
	of        *Compositor
	conn      *net.UnixConn
	sandboxed bool
	kinds     map[uint32]string // of objects
	fds       []int
	about     Sandbox
	listen    int
	end       int
}

const manager = "wp_security_context_manager_v1"

var errBad = errors.New("bad request")

// serve handles requests until the client is gone.
func (k *client) serve() error {
	var data []byte
	buffer, rights := make([]byte, 4096), make([]byte, unix.CmsgSpace(8*4))
	for {
		n, rn, _, _, err := k.conn.ReadMsgUnix(buffer, rights)
		if err != nil || n == 0 {
			return err
		}
		messages, _ := unix.ParseSocketControlMessage(rights[:rn])
		for i := range messages {
			fds, _ := unix.ParseUnixRights(&messages[i])
			k.fds = append(k.fds, fds...)
		}
		data = append(data, buffer[:n]...)
		for len(data) >= 8 {
			length := int(binary.NativeEndian.Uint32(data[4:]) >> 16)
			if length < 8 || length > len(data) {
				break
			}
			if err := k.request(binary.NativeEndian.Uint32(data), uint16(binary.NativeEndian.Uint32(data[4:])), data[8:length]); err != nil {
				return err
			}
			data = data[length:]
		}
	}
}

// request handles one request.
func (k *client) request(object uint32, opcode uint16, body []byte) error {
	word := func(at int) uint32 {
		if len(body) < at+4 {
			return 0
		}
		return binary.NativeEndian.Uint32(body[at:])
	}
	text := func() string {
		if n := int(word(0)); n > 0 && len(body) >= 4+n {
			return string(body[4 : 3+n])
		}
		return ""
	}
	switch kind := k.kinds[object]; {
	case kind == "wl_display" && opcode == 0: // sync
		return k.event(word(0), words(0))
	case kind == "wl_display" && opcode == 1: // get_registry
		k.kinds[word(0)] = "wl_registry"
		return k.globals(word(0))
	case kind == "wl_registry" && opcode == 0: // bind
		if len(body) < 16 {
			return errBad
		}
		face := "wl_shm"
		if word(0) == 2 {
			face = manager
		}
		k.kinds[word(len(body)-4)] = face
	case kind == manager && opcode == 1 && len(k.fds) == 2: // create_listener
		k.kinds[word(0)] = "context"
		k.listen, k.end, k.fds = k.fds[0], k.fds[1], nil
	case kind == "context" && opcode == 1:
		k.about.Engine = text()
	case kind == "context" && opcode == 2:
		k.about.App = text()
	case kind == "context" && opcode == 3:
		k.about.Instance = text()
	case kind == "context" && opcode == 4:
		return k.commit(object)
	}
	return nil
}

func (k *client) globals(registry uint32) error {
	err := k.event(registry, slices.Concat(words(1), text("wl_shm"), words(1)))
	if !k.sandboxed && !k.of.o.NoContexts {
		err = errors.Join(err, k.event(registry, slices.Concat(words(2), text(manager), words(1))))
	}
	return err
}

// commit has the clients of a listening socket served as those of a sandbox, until there is
// an error at the pipe, whose other end was closed.
func (k *client) commit(object uint32) error {
	if k.of.o.Refuse {
		return k.event(1, slices.Concat(words(object, 1), text("not today")))
	}
	file := os.NewFile(uintptr(k.listen), "listener")
	l, err := net.FileListener(file)
	_ = file.Close()
	if err != nil {
		return err
	}
	listener, is := l.(*net.UnixListener)
	if !is {
		return errBad
	}
	listener.SetUnlinkOnClose(false)
	k.of.mutex.Lock()
	k.of.sandboxes = append(k.of.sandboxes, k.about)
	k.of.open++
	k.of.mutex.Unlock()
	go k.of.accept(listener, true)
	go func(end int) {
		for {
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(end)}}, -1)
			if !errors.Is(err, unix.EINTR) || n > 0 {
				break
			}
		}
		_ = listener.Close()
		_ = unix.Close(end)
		k.of.mutex.Lock()
		k.of.open--
		k.of.mutex.Unlock()
	}(k.end)
	return nil
}

// event sends the first event of an object, opcode 0: there is no need of others.
func (k *client) event(object uint32, body []byte) error {
	_, err := k.conn.Write(append(words(object, uint32(8+len(body))<<16), body...))
	return err
}

func words(list ...uint32) (out []byte) {
	for _, n := range list {
		out = binary.NativeEndian.AppendUint32(out, n)
	}
	return out
}

func text(s string) []byte {
	return append(append(words(uint32(len(s)+1)), s...), make([]byte, 4-len(s)%4)...)
}
