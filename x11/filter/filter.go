// Package filter is a proxy for the X11 protocol between the clients of one jail and the X
// server of the host. It forwards what concerns the jail's own resources, and nothing else.
//
// A request arrives in client.forward, is found in the table of package x11/rules, and its ids
// are compared with the bases of the jail's connections. What may not reach the server is
// replaced by a request that has no effect, one for one, so that sequence numbers agree. Replies
// and events come back through client.deliver, which takes out what tells of other programs.
// What is in the buffer is changed in place and written at once.
//
// The package opens no file and starts nothing: it gets a listening socket, and a function that
// connects to the server. It never passes on what it does not know, and when it can't decide,
// for example because the server has gone, connections end.
package filter

import (
	"context"
	"errors"
	"maps"
	"net"
	"sync"
	"time"

	"github.com/jail-project/jail/x11/rules"
)

// maxClients is how many connections a jail may have at a time. The server has room for 256
// clients, unless it is told otherwise, and the host needs some.
const maxClients = 128

// Filter serves one jail.
type Filter struct {
	o          Options
	began      time.Time
	prefix     []byte // of titles
	extensions []rules.Extension

	// testOnlyRow changes rows, such as one that is to be without its rule.
	testOnlyRow func(rules.Request) rules.Request
	// testOnlyEvents passes on all events as they are.
	testOnlyEvents bool

	mu      sync.Mutex
	current *display
	stopped bool

	countsMu sync.Mutex
	counts   map[string]int
}

// New makes a filter. It connects to the server when the first client does.
func New(o Options) *Filter {
	return &Filter{o: o, began: time.Now(), prefix: prefixFor(o.Name), extensions: rules.Extensions(), counts: map[string]int{}}
}

// Serve serves the clients that connect to l, until ctx is done; then it closes l and all
// connections, and returns when nothing of it runs any more. Another error is one of l.
func (f *Filter) Serve(ctx context.Context, l *net.UnixListener) error {
	var all sync.WaitGroup
	defer all.Wait()
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	defer f.shut()
	slots := make(chan struct{}, maxClients)
	var open connections
	defer open.close()
	for {
		conn, err := l.AcceptUnix()
		if ctx.Err() != nil {
			if err == nil {
				_ = conn.Close()
			}
			return nil
		}
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if err != nil { // no descriptors left, or the like: clients that end give some back
			f.log("accept: " + err.Error())
			time.Sleep(50 * time.Millisecond)
			continue
		}
		select {
		case slots <- struct{}{}:
		default:
			f.denied("connection: too many")
			_ = conn.Close()
			continue
		}
		open.add(conn)
		all.Go(func() {
			if err := f.serve(conn); err != nil {
				f.log(err.Error())
			}
			open.remove(conn)
			<-slots
		})
	}
}

// connections are those of clients, to end them all: those that wait for their setup. The
// others belong to a display.
type connections struct {
	mu  sync.Mutex
	all map[*net.UnixConn]struct{}
}

func (s *connections) add(c *net.UnixConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[*net.UnixConn]struct{}{}
	}
	s.all[c] = struct{}{}
}

func (s *connections) remove(c *net.UnixConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, c)
}

func (s *connections) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.all {
		_ = c.Close()
	}
}

// display is the one of the server that runs. After a server has ended, the next client makes
// a new one.
func (f *Filter) display() (*display, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		return nil, errClosed
	}
	if f.current != nil && !f.current.isClosed() {
		return f.current, nil
	}
	d, err := f.connect()
	if err != nil {
		return nil, err
	}
	f.current = d
	return d, nil
}

func (d *display) isClosed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closed
}

// shut ends all connections to the server.
func (f *Filter) shut() {
	f.mu.Lock()
	f.stopped = true
	d := f.current
	f.mu.Unlock()
	if d != nil {
		d.close()
		<-d.ask.done
	}
}

// Report returns what was denied so far: the names of requests, and of other things, with how
// often. The names are few and not the clients' choice.
func (f *Filter) Report() map[string]int {
	f.countsMu.Lock()
	defer f.countsMu.Unlock()
	return maps.Clone(f.counts)
}

func (f *Filter) denied(what string) {
	f.countsMu.Lock()
	defer f.countsMu.Unlock()
	f.counts[what]++
}

func (f *Filter) deniedRequest(r *row) {
	if r == nil {
		f.denied("an unknown request")
		return
	}
	f.denied(r.Name)
}

func (f *Filter) log(line string) {
	if f.o.Log != nil {
		f.o.Log(line)
	}
}
