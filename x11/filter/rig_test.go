package filter

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/x11/rules"
	"github.com/jail-project/jail/x11/wire"
)

const (
	rigBase  = 0x400000
	rigRoot  = 0x123
	rigMap   = 0x20
	foreign  = 0x600001
	rigMajor = 130 // the first extension of the table; the next ones follow
)

// rig is a connection of a jail without a server: what would be sent to it is collected.
type rig struct {
	*client
	toServer, toClient *collector
}

// collector reads what is written to the other end of a socket.
type collector struct {
	near *net.UnixConn // the end that is given away
	data chan []byte
	end  func()
}

func connPair(tb testing.TB) (a, b *net.UnixConn) {
	tb.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		tb.Fatal(err)
	}
	var ends [2]*net.UnixConn
	for i, fd := range fds {
		file := os.NewFile(uintptr(fd), "pair")
		conn, err := net.FileConn(file)
		file.Close()
		if err != nil {
			tb.Fatal(err)
		}
		ends[i] = conn.(*net.UnixConn)
		tb.Cleanup(func() { conn.Close() })
	}
	return ends[0], ends[1]
}

func collect(tb testing.TB) *collector {
	tb.Helper()
	c := &collector{data: make(chan []byte, 1)}
	var far *net.UnixConn
	c.near, far = connPair(tb)
	go func() {
		b, _ := io.ReadAll(far)
		c.data <- b
	}()
	return c
}

// all is what was written. Nothing can be written after that.
func (c *collector) all() []byte {
	c.end()
	return <-c.data
}

// newRig makes a connection with one window manager, one screen, and all extensions.
func newRig(tb testing.TB, o Options) *rig {
	tb.Helper()
	o.GPU = true
	f := New(o)
	dead, _ := connPair(tb)
	dead.Close()
	done := make(chan struct{})
	close(done)
	d := &display{f: f, shift: 21, mask: 1<<21 - 1, roots: []uint32{rigRoot}, maps: []uint32{rigMap}, clients: map[*client]struct{}{}}
	d.ask = &asker{conn: dead, done: done, answers: make(chan []byte)}
	d.events = coreEvents()
	d.apply(nil, 0)
	for i, e := range f.extensions {
		d.apply(&e, byte(rigMajor+i))
		switch e.Name {
		case rules.XInput:
			d.xinput = byte(rigMajor + i)
		case rules.XFixes:
			d.events[87] = eventXFixesSelection
		case rules.Xkb:
			d.events[85] = eventXkb
		}
	}
	for i := range d.atoms {
		d.atoms[i] = uint32(200 + i)
	}
	d.selections = [...]selection{
		{public: d.atoms[clipboard], private: 301, crossing: o.Clipboard, what: "clipboard"},
		{public: wire.AtomPrimary, private: 302, crossing: o.Primary, what: "primary selection"},
		{public: wire.AtomSecondary, private: 303, crossing: o.Primary, what: "primary selection"},
		{public: d.atoms[xdndSelection], private: 304, crossing: o.Drag, what: "drag and drop"},
	}
	r := &rig{toServer: collect(tb), toClient: collect(tb)}
	c := &client{
		d: d, base: rigBase, pending: newPending(), buf: make([]byte, bufferSize), rbuf: make([]byte, bufferSize),
		scratch: make([]byte, 0, 256), finished: make(chan struct{}),
	}
	c.maximum.Store(maxRequest)
	var err error
	if c.host, err = newSocket(r.toServer.near); err != nil {
		tb.Fatal(err)
	}
	if c.jail, err = newSocket(r.toClient.near); err != nil {
		tb.Fatal(err)
	}
	r.toServer.end, r.toClient.end = c.host.shut, c.jail.shut
	tb.Cleanup(c.close)
	if !d.add(c) {
		tb.Fatal("the display is closed")
	}
	r.client = c
	return r
}

// from feeds bytes of the client in pieces of the given sizes, of which the last one is
// repeated. It returns the first error.
func (r *rig) from(b []byte, sizes ...int) error {
	return feed(b, sizes, func(p []byte) (int, error) {
		n := copy(r.buf[r.have:], p)
		r.have += n
		return n, r.forward()
	})
}

// fromServer is the same for bytes of the server.
func (r *rig) fromServer(b []byte, sizes ...int) error {
	return feed(b, sizes, func(p []byte) (int, error) {
		n := copy(r.rbuf[r.rhave:], p)
		r.rhave += n
		return n, r.deliver()
	})
}

func feed(b []byte, sizes []int, take func([]byte) (int, error)) error {
	for i := 0; len(b) > 0; i++ {
		n := len(b)
		if len(sizes) > 0 {
			n = min(n, max(1, sizes[min(i, len(sizes)-1)]))
		}
		n, err := take(b[:n])
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// req makes a request of four-byte words after the header.
func req(opcode, data byte, words ...uint32) []byte {
	b := newRequest(opcode, words...)
	b[1] = data
	return b
}

// cut takes a stream of requests apart. It returns nil if the last one is incomplete.
func cut(b []byte) (requests [][]byte, ok bool) {
	for len(b) > 0 {
		if len(b) < 4 {
			return requests, false
		}
		n := 4 * int(wire.U16(b[2:]))
		if n == 0 {
			if len(b) < 8 {
				return requests, false
			}
			n = 4 * int(wire.U32(b[4:]))
		}
		if n < 4 || n > len(b) {
			return requests, false
		}
		requests = append(requests, b[:n])
		b = b[n:]
	}
	return requests, true
}

// random makes a request that is often right: an opcode that there is, ids that are own,
// foreign or the root window, and a length that fits the row, or nearly.
func random(rnd *rand.Rand) []byte {
	opcode, minor := byte(rnd.IntN(128)), byte(rnd.IntN(256))
	row := rules.Core(opcode)
	if rnd.IntN(2) == 0 {
		n := rnd.IntN(len(rules.Extensions()))
		opcode, minor = byte(rigMajor+n), byte(rnd.IntN(62))
		row = rules.Extensions()[n].Request(minor)
	}
	size := 4 + 4*rnd.IntN(12)
	if row != nil && rnd.IntN(10) > 0 {
		size = int(row.Size) + 4*rnd.IntN(3)*rnd.IntN(20)
	}
	b := make([]byte, size)
	b[0], b[1] = opcode, minor
	wire.PutU16(b[2:], uint16(size/4))
	ids := []uint32{0, 1, rigRoot, rigMap, rigBase + 1, rigBase + 7, rigBase + 9, foreign, foreign, 0xffffffff, rnd.Uint32()}
	for at := 4; at < size; at += 4 {
		v := ids[rnd.IntN(len(ids))]
		if rnd.IntN(3) > 0 {
			v = uint32(rigBase + rnd.IntN(100))
		}
		wire.PutU32(b[at:], v)
	}
	return b
}

func TestSplitsChangeNothing(t *testing.T) {
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var stream []byte
		for range 200 {
			stream = append(stream, random(rnd)...)
		}
		whole := newRig(t, Options{Name: "a", MarkTitles: true})
		if err := whole.from(stream, 32<<10); err != nil {
			t.Fatal(err)
		}
		want := whole.toServer.all()
		if requests, ok := cut(want); !ok || len(requests) != 200 {
			t.Fatalf("seed %d: 200 requests became %d, %v", seed, len(requests), ok)
		}
		for _, sizes := range [][]int{{1}, {3, 5, 4, 1, 7}, {4}, {1 + rnd.IntN(40), 1 + rnd.IntN(400), 1 + rnd.IntN(4000)}} {
			split := newRig(t, Options{Name: "a", MarkTitles: true})
			if err := split.from(stream, sizes...); err != nil {
				t.Fatal(err)
			}
			if got := split.toServer.all(); !bytes.Equal(got, want) {
				t.Fatalf("seed %d: in pieces of %v the server gets something else", seed, sizes)
			}
			if split.seq != whole.seq || split.pushed != whole.pushed {
				t.Errorf("seed %d: the numbers differ: %d, %d", seed, split.seq, whole.seq)
			}
		}
	}
}

// smuggled returns the first id in a request that is not what the row asks for. It looks at
// the ids at fixed places in its own way.
func smuggled(b []byte) (uint32, bool) {
	row := rules.Core(b[0])
	if b[0] >= rigMajor {
		row = rules.Extensions()[b[0]-rigMajor].Request(b[1])
	}
	if row == nil || len(b) < int(row.Size) {
		return 0, true
	}
	for _, id := range row.IDs {
		v := wire.U32(b[min(int(id.At), len(b)-4):])
		if id.Mask == 0 && id.Step == 0 && v >= 0x600000 && v <= wire.MaxResourceID {
			return v, true
		}
	}
	return 0, false
}

func TestForeignIDsStayOut(t *testing.T) {
	kept, dropped := 0, 0
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		r := newRig(t, Options{})
		b := random(rnd)
		if err := r.from(b); err != nil {
			t.Fatal(err)
		}
		out, ok := cut(r.toServer.all())
		if !ok || len(out) != 1 {
			t.Fatalf("%x became %x", b, out)
		}
		if v, bad := smuggled(out[0]); bad {
			t.Errorf("%x was passed on, with %x", out[0], v)
		}
		if _, bad := smuggled(b); bad {
			dropped++
		} else {
			kept++
		}
	}
	if kept < 20 || dropped < 20 {
		t.Errorf("%d requests were harmless, and %d were not: this tests nothing", kept, dropped)
	}
}

func TestUnknownRequests(t *testing.T) {
	for _, b := range [][]byte{
		req(0, 0), req(120, 0), req(126, 0, 1), req(128, 0), req(129, 2, rigBase), req(255, 0), // no such extension
		req(rigMajor, 9),                // no such request of an extension
		{getImage, 0, 2, 0, 1, 2, 3, 4}, // too short
	} {
		r := newRig(t, Options{})
		if err := r.from(append(bytes.Clone(b), req(127, 0)...)); err != nil {
			t.Fatal(err)
		}
		out := r.toServer.all()
		if !bytes.Equal(out, append(req(wire.ReqGetInputFocus, 0), req(127, 0)...)) {
			t.Errorf("%x became %x", b, out)
			continue
		}
		reply := make([]byte, 32)
		reply[0], reply[2] = 1, 1
		if err := r.fromServer(reply); err != nil {
			t.Fatal(err)
		}
		got := r.toClient.all()
		if len(got) != 32 || got[0] != 0 || got[1] != wire.BadRequest && got[1] != wire.BadLength || got[2] != 1 || got[10] != b[0] {
			t.Errorf("%x is answered by %x", b, got)
		}
	}
}

// TestCursorStays: XFixesHideCursor names a window, and hides the cursor on all of its screen.
func TestCursorStays(t *testing.T) {
	for _, off := range []bool{false, true} {
		r := newRig(t, Options{})
		major := byte(rigMajor)
		for r.d.extensions[major-wire.FirstExtension].Name != rules.XFixes {
			major++
		}
		if off {
			r.d.extensions[major-wire.FirstExtension].rows[29].Request = &rules.Request{Name: "XFixesHideCursor", Size: 8, IDs: []rules.ID{{At: 4}}}
		}
		if err := r.from(req(major, 29, rigBase+1)); err != nil {
			t.Fatal(err)
		}
		if passed := r.toServer.all()[0] == major; passed != off {
			t.Errorf("the request passes: %v, and without the rule: %v", passed, off)
		}
	}
}

// TestDeviceChanged: the event has the position of the pointer, and comes wherever that is. A
// wheel's axis stays.
func TestDeviceChanged(t *testing.T) {
	r := newRig(t, Options{})
	event := make([]byte, 32+3*44)
	event[0], event[1], event[8], event[16] = wire.GenericEvent, r.d.xinput, deviceChanged, 3
	wire.PutU32(event[4:], 3*44/4)
	for axis := range 3 {
		class := event[32+44*axis:]
		class[0], class[2], class[6] = 2, 11, byte(axis)
		wire.PutU32(class[28:], 321)
	}
	next := make([]byte, 32)
	next[0], next[31] = wire.PropertyNotify, 7
	if err := r.fromServer(append(bytes.Clone(event), next...), 50, 20); err != nil {
		t.Fatal(err)
	}
	got := r.toClient.all()
	if len(got) != len(event)+32 || got[len(got)-1] != 7 {
		t.Fatalf("the client gets %d bytes", len(got))
	}
	for axis, want := range []uint32{0, 0, 321} {
		if v := wire.U32(got[32+44*axis+28:]); v != want {
			t.Errorf("axis %d is %d", axis, v)
		}
	}
	// What says more than there is hurts nothing.
	event[16] = 200
	if err := newRig(t, Options{}).fromServer(event); err != nil {
		t.Error(err)
	}
}

const getImage = 73

func TestLengths(t *testing.T) {
	zero := []byte{127, 0, 0, 0, 3, 0, 0, 0, 9, 9, 9, 9}
	r := newRig(t, Options{})
	if err := r.from(zero); err == nil {
		t.Error("a length of 0 passes before BIG-REQUESTS was asked for")
	}
	r = newRig(t, Options{})
	enable := req(rigMajor, 0)
	if err := r.from(append(bytes.Clone(enable), zero...), 1); err != nil {
		t.Errorf("a length of 0 does not pass afterwards: %v", err)
	}
	if got := r.toServer.all(); !bytes.Equal(got, append(enable, zero...)) {
		t.Errorf("the server gets %x", got)
	}
	for _, words := range []uint32{0, 1, 0x40000000, 0xffffffff} {
		r = newRig(t, Options{})
		b := append(bytes.Clone(enable), zero...)
		wire.PutU32(b[8:], words)
		if err := r.from(b); err == nil {
			t.Errorf("a request of %d words passes", words)
		}
	}
	// The ids of a long request are four bytes further on.
	for _, id := range []uint32{rigBase + 1, foreign} {
		r = newRig(t, Options{})
		b := append(bytes.Clone(enable), 8, 0, 0, 0, 3, 0, 0, 0)
		b = append(b, byte(id), byte(id>>8), byte(id>>16), 0)
		if err := r.from(b, 1); err != nil {
			t.Fatal(err)
		}
		if got := r.toServer.all()[4]; (got == 8) != (id != foreign) {
			t.Errorf("MapWindow of %x became %d", id, got)
		}
	}
}
