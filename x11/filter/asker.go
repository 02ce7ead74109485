package filter

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/jail-project/jail/x11/wire"
)

// asker is a connection of the filter's own to the X server. Questions are asked one at a
// time. It selects no events, so only replies and errors come.
type asker struct {
	conn *net.UnixConn
	done chan struct{} // closed when the connection has ended

	mu      sync.Mutex // one question at a time
	answers chan []byte
	quit    chan struct{} // closed by close
	once    sync.Once
}

// setupTime is how long a server, or a client, may take for the setup of a connection.
const setupTime = 30 * time.Second

// maxAnswer bounds a reply to the filter itself.
const maxAnswer = 1 << 20

var errAnswer = errors.New("an unusable answer")

// dial connects to the server and sets the connection up.
func (f *Filter) dial() (*net.UnixConn, *wire.Setup, error) {
	conn, err := f.o.Dial()
	if err != nil {
		return nil, nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(setupTime))
	if _, err = conn.Write(wire.Hello(f.o.Cookie)); err == nil {
		var setup *wire.Setup
		if setup, err = wire.ReadSetup(conn); err == nil {
			_ = conn.SetDeadline(time.Time{})
			return conn, setup, nil
		}
	}
	_ = conn.Close()
	return nil, nil, err
}

func (f *Filter) newAsker() (*asker, *wire.Setup, error) {
	conn, setup, err := f.dial()
	if err != nil {
		return nil, nil, err
	}
	a := &asker{conn: conn, done: make(chan struct{}), answers: make(chan []byte), quit: make(chan struct{})}
	go func() {
		defer close(a.done)
		defer func() { _ = conn.Close() }()
		a.receive()
	}()
	return a, setup, nil
}

// receive hands on replies and errors until the connection ends.
func (a *asker) receive() {
	for {
		b := make([]byte, wire.MessageSize)
		if _, err := io.ReadFull(a.conn, b); err != nil {
			return
		}
		if b[0] == wire.Reply || b[0] == wire.GenericEvent {
			n := 4 * int64(wire.U32(b[4:]))
			if n > maxAnswer {
				return
			}
			b = append(b, make([]byte, n)...)
			if _, err := io.ReadFull(a.conn, b[wire.MessageSize:]); err != nil {
				return
			}
		}
		if b[0] == wire.Reply || b[0] == wire.Error {
			select {
			case a.answers <- b:
			case <-a.quit:
				return
			}
		}
	}
}

func (a *asker) close() {
	a.once.Do(func() {
		close(a.quit)
		_ = a.conn.Close()
	})
}

// call sends requests that have replies, and returns the replies. It is slow only if the
// server is, which then is slow for everybody.
func (a *asker) call(requests ...[]byte) ([][]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []byte
	for _, r := range requests {
		all = append(all, r...)
	}
	if _, err := a.conn.Write(all); err != nil {
		return nil, err
	}
	replies := make([][]byte, 0, len(requests))
	for range requests {
		select {
		case b := <-a.answers:
			replies = append(replies, b)
		case <-a.done:
			return nil, errClosed
		}
	}
	return replies, nil
}

// one is a call of one request, of which an error is an error.
func (a *asker) one(request []byte) ([]byte, error) {
	replies, err := a.call(request)
	if err != nil {
		return nil, err
	}
	if replies[0][0] != wire.Reply {
		return nil, errAnswer
	}
	return replies[0], nil
}

// newRequest makes one from its opcode and the words after its header.
func newRequest(opcode byte, words ...uint32) []byte {
	b := make([]byte, 4+4*len(words))
	b[0] = opcode
	wire.PutU16(b[2:], uint16(len(b)/4)) //nolint:gosec // a few words
	for i, w := range words {
		wire.PutU32(b[4+4*i:], w)
	}
	return b
}

// named makes a request that consists of a name.
func named(opcode byte, name string) []byte {
	b := newRequest(opcode, uint32(len(name))) //nolint:gosec // short
	b = append(b, name...)
	b = append(b, make([]byte, wire.Pad(len(b))-len(b))...)
	wire.PutU16(b[2:], uint16(len(b)/4)) //nolint:gosec // short
	return b
}

// extension returns the major opcode and the first event of an extension, 0 if the server
// does not have it.
func (a *asker) extension(name string) (major, first byte, err error) {
	b, err := a.one(named(wire.ReqQueryExtension, name))
	if err != nil || b[8] == 0 {
		return 0, 0, err
	}
	return b[9], b[10], nil
}

// intern returns atoms by their names.
func (a *asker) intern(names []string) ([]uint32, error) {
	requests := make([][]byte, len(names))
	for i, name := range names {
		requests[i] = named(wire.ReqInternAtom, name)
	}
	replies, err := a.call(requests...)
	if err != nil {
		return nil, err
	}
	atoms := make([]uint32, len(names))
	for i, b := range replies {
		if b[0] != wire.Reply {
			return nil, errAnswer
		}
		atoms[i] = wire.U32(b[8:])
	}
	return atoms, nil
}

// focus returns the window that has the input focus.
func (a *asker) focus() (uint32, error) {
	b, err := a.one(newRequest(wire.ReqGetInputFocus))
	if err != nil {
		return 0, err
	}
	return wire.U32(b[8:]), nil
}

// childAtPointer returns the child of a window in which the pointer is, 0 if there is none.
func (a *asker) childAtPointer(window uint32) (uint32, error) {
	b, err := a.one(newRequest(wire.ReqQueryPointer, window))
	if err != nil || b[1] == 0 {
		return 0, err
	}
	return wire.U32(b[12:]), nil
}

// selectionOwner returns the window that owns a selection.
func (a *asker) selectionOwner(selection uint32) uint32 {
	b, err := a.one(newRequest(wire.ReqGetSelectionOwner, selection))
	if err != nil {
		return 0
	}
	return wire.U32(b[8:])
}

// windowProperty returns the window that a property of another window names.
func (a *asker) windowProperty(window, property uint32) uint32 {
	b, err := a.one(newRequest(wire.ReqGetProperty, window, property, wire.AtomWindow, 0, 1))
	if err != nil || len(b) < 36 || b[1] != 32 {
		return 0
	}
	return wire.U32(b[32:])
}

// refuseSelection tells a program that asked for a selection that it gets nothing, by an event
// SelectionNotify without a property (ICCCM, 2.2). asked is the event SelectionRequest.
func (a *asker) refuseSelection(asked []byte, selection uint32) {
	b := newRequest(wire.ReqSendEvent, wire.U32(asked[12:]), 0, wire.SelectionNotify,
		wire.U32(asked[4:]), wire.U32(asked[12:]), selection, wire.U32(asked[20:]), 0, 0, 0)
	a.mu.Lock()
	defer a.mu.Unlock()
	// An error would come when nobody waits for it. So a request follows that is answered.
	if _, err := a.conn.Write(append(b, newRequest(wire.ReqGetInputFocus)...)); err != nil {
		return
	}
	for {
		select {
		case b := <-a.answers:
			if b[0] == wire.Reply {
				return
			}
		case <-a.done:
			return
		}
	}
}
