package filter

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/x11/wire"
)

// raw is a client that speaks the protocol by itself.
type raw struct {
	t      *testing.T
	conn   *net.UnixConn
	setup  *wire.Setup
	root   uint32
	seq    uint16
	made   uint32
	events [][]byte
	in     chan []byte // messages, closed at the end
	hold   sync.Mutex  // held while nothing is read
}

// client connects to the server, or with the socket of a filter through that.
func (s *server) client(socket string) *raw {
	s.t.Helper()
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	var cookie []byte
	if socket == s.socket {
		cookie = s.cookie
	}
	if _, err := conn.Write(wire.Hello(cookie)); err != nil {
		s.t.Fatal(err)
	}
	setup, err := wire.ReadSetup(conn)
	if err != nil {
		s.t.Fatal(err)
	}
	r := &raw{t: s.t, conn: conn, setup: setup, root: setup.Roots[0], in: make(chan []byte, 4096)}
	go func() {
		defer close(r.in)
		for {
			m := make([]byte, wire.MessageSize)
			waitFor(&r.hold)
			if _, err := io.ReadFull(conn, m); err != nil {
				return
			}
			if m[0] == wire.Reply || m[0] == wire.GenericEvent {
				m = append(m, make([]byte, 4*int(wire.U32(m[4:])))...)
				if _, err := io.ReadFull(conn, m[wire.MessageSize:]); err != nil {
					return
				}
			}
			r.in <- m
		}
	}()
	return r
}

func (r *raw) id() uint32 {
	r.made++
	return r.setup.Base + r.made
}

// send sends a request, with descriptors perhaps, and returns its number.
func (r *raw) send(b []byte, fds ...int) uint16 {
	r.t.Helper()
	var oob []byte
	if len(fds) > 0 {
		oob = unix.UnixRights(fds...)
	}
	if _, _, err := r.conn.WriteMsgUnix(b, oob, nil); err != nil {
		r.t.Logf("send: %v", err)
	}
	r.seq++
	return r.seq
}

// answerTime is how long a server may take for an answer.
const answerTime = 10 * time.Second

// ask sends a request and returns the reply or the error, or nil if the connection has ended
// or nothing comes.
func (r *raw) ask(b []byte) []byte {
	r.t.Helper()
	return r.answer(r.send(b), answerTime)
}

func (r *raw) answer(seq uint16, within time.Duration) []byte {
	timeout := time.After(within)
	for {
		select {
		case m, ok := <-r.in:
			if !ok {
				return nil
			}
			if m[0] <= wire.Reply && wire.U16(m[2:]) == seq {
				return m
			}
			r.events = append(r.events, m)
		case <-timeout:
			return nil
		}
	}
}

// sync waits until the server has done what was asked.
func (r *raw) sync() bool {
	m := r.ask(req(wire.ReqGetInputFocus, 0))
	return m != nil && m[0] == wire.Reply
}

// take returns the events and errors of a kind that have come by now, and forgets all others.
func (r *raw) take(kind byte) (found [][]byte) {
	r.sync()
	for _, m := range r.events {
		if m[0]&^wire.Synthetic == kind {
			found = append(found, m)
		}
	}
	r.events = nil
	return found
}

// await waits for an event of a kind.
func (r *raw) await(kind byte) []byte {
	for end := time.Now().Add(answerTime); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if found := r.take(kind); len(found) > 0 {
			return found[0]
		}
	}
	return nil
}

func xy(x, y int) uint32 { return uint32(uint16(x)) | uint32(uint16(y))<<16 }

// window makes a window on the screen and shows it. It is override-redirect.
func (r *raw) window(x, y, w, h int, mask uint32, values ...uint32) uint32 {
	r.t.Helper()
	id := r.id()
	var list []uint32
	for bit := range uint32(32) { // the value for override-redirect goes to its place
		if bit == 9 {
			list = append(list, 1)
		} else if mask>>bit&1 != 0 {
			list = append(list, values[0])
			values = values[1:]
		}
	}
	r.send(req(1, 0, append([]uint32{id, r.root, xy(x, y), xy(w, h), 0, 0, mask | 1<<9}, list...)...))
	r.send(req(8, 0, id))
	r.sync()
	return id
}

func (r *raw) atom(name string) uint32 {
	return wire.U32(r.ask(named(wire.ReqInternAtom, name))[8:])
}

// extension returns the major opcode of an extension, and its first event.
func (r *raw) extension(name string) (major, first byte) {
	m := r.ask(named(wire.ReqQueryExtension, name))
	return m[9], m[10]
}

// setProperty sets a property of bytes.
func (r *raw) setProperty(window, property, kind uint32, value string) {
	b := req(18, 0, window, property, kind, 8, uint32(len(value)))
	b = append(b, value...)
	b = append(b, make([]byte, wire.Pad(len(b))-len(b))...)
	wire.PutU16(b[2:], uint16(len(b)/4))
	r.send(b)
	r.sync()
}

// property reads a property, "" if there is none or an error comes.
func (r *raw) property(window, property uint32) string {
	m := r.ask(req(20, 0, window, property, 0, 0, 4096))
	if m == nil || m[0] != wire.Reply {
		return ""
	}
	return string(m[32 : 32+int(wire.U32(m[16:]))*int(m[1])/8])
}

// image reads a part of a window.
func (r *raw) image(drawable uint32, w, h int) []byte {
	m := r.ask(req(73, 2, drawable, 0, xy(w, h), 0xffffffff))
	if m == nil || m[0] != wire.Reply {
		return nil
	}
	return m[32:]
}

// colour is what victims are painted with; seen tells whether it is in an image.
const colour = 0x123456

func seen(image []byte) bool { return bytes.Contains(image, []byte{0x56, 0x34, 0x12}) }

// key types a key by XTEST, or only presses or releases it.
func (r *raw) key(code byte, presses ...bool) {
	xtest, _ := r.extension("XTEST")
	if len(presses) == 0 {
		presses = []bool{true, false}
	}
	for _, press := range presses {
		kind := uint32(3)
		if press {
			kind = 2
		}
		r.send(req(xtest, 2, kind|uint32(code)<<8, 0, 0, 0, 0, 0, 0, 0))
	}
	r.sync()
}

// warp moves the pointer.
func (r *raw) warp(x, y int) {
	r.send(req(41, 0, 0, r.root, 0, 0, xy(x, y)))
	r.sync()
}

// sysvSegment makes a segment of shared memory as shmget(2) does.
func sysvSegment(t *testing.T) uint32 {
	t.Helper()
	id, err := unix.SysvShmGet(unix.IPC_PRIVATE, 4096, unix.IPC_CREAT|0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil) })
	return uint32(id)
}

// waitFor waits until nobody holds a lock.
func waitFor(l *sync.Mutex) {
	l.Lock()
	defer l.Unlock()
}
