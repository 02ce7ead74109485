package filter

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
	"github.com/jail-project/jail/x11/wire"
)

// TestBaseIsForgotten ends a client of the jail and lets a program of the host have its base.
// Another client of the jail must not reach that program then.
func TestBaseIsForgotten(t *testing.T) {
	s := startServer(t)
	for _, forget := range []bool{true, false} {
		f := s.filter(Options{})
		stays := s.client(f.socket)
		goes := s.client(f.socket)
		base := goes.setup.Base
		window := goes.window(10, 10, 50, 50, 1<<1, colour)
		if !seen(stays.image(window, 50, 50)) {
			t.Error("the clients of a jail do not share their windows")
		}
		goes.conn.Close()
		if !testenv.Eventually(func() bool { return !f.current.isOwn(base) }) {
			t.Fatal("the base is kept")
		}
		host := s.withBase(base)
		window = host.window(10, 10, 50, 50, 1<<1, colour)
		if !forget {
			f.current.setBase(base, true) // the control: as if it had been forgotten to forget
		}
		if got := seen(stays.image(window, 50, 50)); got == forget {
			t.Errorf("the base is forgotten: %v, and the picture is seen: %v", forget, got)
		}
		if f.current.setBase(base, false); !stays.sync() {
			t.Error("the client that stays has ended")
		}
		host.conn.Close()
		f.stop()
		s.settle()
	}
}

// withBase connects until the server gives a base.
func (s *server) withBase(base uint32) *raw {
	s.t.Helper()
	var others []*raw
	defer func() {
		for _, r := range others {
			r.conn.Close()
		}
	}()
	for range 100 {
		r := s.client(s.socket)
		if r.setup.Base == base {
			return r
		}
		others = append(others, r)
	}
	s.t.Fatalf("the server does not give the base %x again", base)
	return nil
}

// TestBaseWaitsForRequests sends requests that name a window of a client that ends, from
// another client of the jail, so many that the server is still at it. The base must not be
// given to anybody until they are done. The server is stopped, so that nothing is by chance.
func TestBaseWaitsForRequests(t *testing.T) {
	s := startServer(t)
	f := s.filter(Options{})
	stays, goes := s.client(f.socket), s.client(f.socket)
	window := goes.window(10, 10, 50, 50, 1<<1, colour)
	s.signal(unix.SIGSTOP)
	stays.send(req(44, 0)) // asks for a reply, which does not come
	stays.send(req(61, 0, window, 0, 0))
	goes.conn.Close()
	base := goes.setup.Base
	if !testenv.Eventually(func() bool { return !f.current.isOwn(base) }) {
		t.Fatal("the base is kept")
	}
	time.Sleep(50 * time.Millisecond)
	if f.open() != 2 {
		t.Errorf("the connection to the server has ended while requests are under way")
	}
	s.signal(unix.SIGCONT)
	if !testenv.Eventually(func() bool { return f.open() == 1 }) {
		t.Error("the connection does not end afterwards")
	}
	if !stays.sync() || stays.seq != 3 {
		t.Error("the other client has ended, or its numbers do not fit")
	}
}

// TestHalfSentRequest leaves a request half sent while another client ends: that one has to
// end in any case, and the first one is not to keep its base.
func TestHalfSentRequest(t *testing.T) {
	s := startServer(t)
	f := s.filter(Options{})
	stays, goes := s.client(f.socket), s.client(f.socket)
	if !goes.sync() {
		t.Fatal("no connection")
	}
	head := req(72, 0, stays.setup.Base|1, stays.setup.Base|2, 0, 0, 0)
	wire.PutU16(head[2:], 1000)
	stays.send(head)
	if !testenv.Eventually(func() bool { return f.halfSent() }) {
		t.Fatal("the request is not passed on")
	}
	goes.conn.Close()
	if !testenv.Eventually(func() bool { return f.open() == 0 }) {
		t.Error("a client that does not go on keeps others from ending")
	}
}

// open is how many connections there are.
func (f *filtered) open() int {
	f.current.mu.Lock()
	defer f.current.mu.Unlock()
	return len(f.current.clients)
}

func (f *filtered) halfSent() bool {
	f.current.mu.Lock()
	defer f.current.mu.Unlock()
	for c := range f.current.clients {
		c.mu.Lock()
		skip := c.skip
		c.mu.Unlock()
		if skip > 0 {
			return true
		}
	}
	return false
}

// TestKillClient lets one client of a jail end another one.
func TestKillClient(t *testing.T) {
	s := startServer(t)
	f := s.filter(Options{})
	r, other := s.client(f.socket), s.client(f.socket)
	window := other.window(0, 0, 10, 10, 0)
	r.send(req(113, 0, window))
	if !r.sync() || other.sync() {
		t.Error("it has not ended, or the one that asked has")
	}
	if !testenv.Eventually(func() bool { return f.open() == 1 && !f.current.isOwn(window) }) {
		t.Error("its base is kept")
	}
	r.send(req(113, 0, r.setup.Base))
	if r.sync() {
		t.Error("a client does not end itself")
	}
}

// TestNothingIsLeft opens and closes connections, some of them at bad moments, and compares
// what there is afterwards with before.
func TestNothingIsLeft(t *testing.T) {
	s := startServer(t)
	f := s.filter(Options{})
	first := s.client(f.socket)
	if !first.sync() {
		t.Fatal("no connection")
	}
	descriptors := func() int {
		all, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	before, threads := descriptors(), runtime.NumGoroutine()
	for round := range testenv.Rounds(5, 40) {
		var all []*raw
		for i := range 24 {
			r := s.client(f.socket)
			switch (round + i) % 4 {
			case 0:
				r.window(0, 0, 10, 10, 0)
			case 1:
				r.send(req(15, 0, r.root))
			case 2:
				r.send([]byte{73, 2, 5, 0, 1})
			}
			all = append(all, r)
		}
		for _, r := range all {
			r.conn.Close()
		}
	}
	if !testenv.Eventually(func() bool { return descriptors() <= before && runtime.NumGoroutine() <= threads }) {
		t.Errorf("%d descriptors and %d goroutines were %d and %d", descriptors(), runtime.NumGoroutine(), before, threads)
	}
	if f.open() != 1 || !first.sync() {
		t.Errorf("%d clients are left", f.open())
	}
}

// TestServerEnds lets the server die, and a client ask for it afterwards.
func TestServerEnds(t *testing.T) {
	s := startServer(t)
	f := s.filter(Options{})
	r := s.client(f.socket)
	if !r.sync() {
		t.Fatal("no connection")
	}
	s.signal(unix.SIGKILL)
	if r.sync() {
		t.Error("the connection goes on without a server")
	}
	if out, err := s.run(f.display, "xdpyinfo"); err == nil || !strings.Contains(out, "unable to open display") {
		t.Errorf("a new client says %q, %v", out, err)
	}
	if !testenv.Eventually(func() bool { return f.open() == 0 }) {
		t.Error("clients are left")
	}
}

func TestTooManyDescriptors(t *testing.T) {
	s := startServer(t)
	f := s.filter(Options{})
	for n, goesOn := range map[int]bool{1: true, 16: true, 40: false} {
		r := s.client(f.socket)
		r.sync()
		fds := make([]int, n)
		for i := range fds {
			fds[i] = int(os.Stdin.Fd())
		}
		r.send(req(127, 0), fds...)
		if r.sync() != goesOn {
			t.Errorf("%d descriptors: the connection goes on: %v", n, !goesOn)
		}
	}
}

// TestDescriptors shares memory with the server in both ways that MIT-SHM has for it.
func TestDescriptors(t *testing.T) {
	s := startServer(t)
	for _, socket := range []string{s.socket, s.filter(Options{}).socket} {
		r := s.client(socket)
		shm, _ := r.extension("MIT-SHM")
		file, err := unix.MemfdCreate("segment", unix.MFD_CLOEXEC)
		testenv.Must(t, err)
		testenv.Must(t, unix.Ftruncate(file, 4096))
		memory, err := unix.Mmap(file, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		testenv.Must(t, err)
		segment, gc := r.id(), r.id()
		window := r.window(0, 0, 32, 32, 1<<1, 0)
		r.send(req(55, 0, gc, window, 0))
		r.send(req(shm, 6, segment, 0), file)
		wire.PutU32(memory, colour)
		// ShmPutImage, 32x32 of depth 24.
		r.send(req(shm, 3, window, gc, xy(32, 32), 0, xy(32, 32), 0, 24|2<<8, segment, 0))
		if !seen(r.image(window, 32, 32)) {
			t.Error("the server does not see the memory of ShmAttachFd")
		}
		m := r.ask(req(shm, 7, r.id(), 4096, 0))
		if m == nil || m[0] != wire.Reply || m[1] != 1 {
			t.Errorf("ShmCreateSegment is answered by %x", m)
		}
		if bad := r.take(wire.Error); len(bad) > 0 {
			t.Errorf("errors: %x", bad)
		}
		r.conn.Close()
		s.settle()
		_ = unix.Munmap(memory)
		_ = unix.Close(file)
	}
}
