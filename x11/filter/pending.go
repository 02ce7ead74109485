package filter

import (
	"errors"
	"sync"
)

// What is to become of a reply.
type replyKind uint8

const (
	plain     replyKind = iota // passed on
	many                       // one of several, of which the last has 0 in byte 1
	denied                     // becomes the error or the reply of a denial: see answer
	injected                   // the filter asked, the client never hears of it
	silent                     // likewise, and there is no reply
	queryTree                  // foreign windows are left out
	pointer                    // see hidePointer
	xiPointer
	xiDevices // see hideDevices
	translate
	focus
	xiFocus
	keymap
	xkbState
	selectionOwner
	extensionList
	bigRequests
	withDescriptors // as many as byte 1 says
)

// expected is a request that the server will answer.
type expected struct {
	seq  uint64
	arg  uint64 // denied: see denial.pack; timed: when it was asked
	kind replyKind
}

// The protocol's sequence numbers have 16 bits, and have to stay clear: a reply that is taken
// for another would get by without its treatment. So at the least every maxUnasked requests one
// is answered, if need be one of the filter's own, and no client is further ahead of the answers
// than maxAhead when another such request is sent. The sum is less than 65536. It bounds the
// memory as well.
const (
	maxAhead   = 32 << 10
	maxUnasked = 16 << 10
)

var (
	errUnexpected = errors.New("the X server answered what nobody asked")
	errClosed     = errors.New("the connection is closed")
)

// pending are the requests of a connection that the server will answer, in their order. One
// goroutine pushes, another one takes.
type pending struct {
	mu     sync.Mutex
	cond   sync.Cond
	ring   []expected // its length is a power of two
	head   uint64     // counts what was taken
	tail   uint64     // counts what was pushed
	taken  uint64     // the sequence number of what was taken last
	closed bool

	waiting []chan struct{} // one for each injected request, or nil
}

func newPending() *pending {
	p := &pending{ring: make([]expected, 64)}
	p.cond.L = &p.mu
	return p
}

// push adds a request, or returns false if the client is too far ahead: wait, then.
func (p *pending) push(e expected, passed chan struct{}) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed && e.seq-p.taken >= maxAhead {
		return false
	}
	if int(p.tail-p.head) == len(p.ring) { //nolint:gosec // at most maxAhead
		p.grow()
	}
	p.ring[p.tail&uint64(len(p.ring)-1)] = e
	p.tail++
	if e.kind == injected {
		p.waiting = append(p.waiting, passed)
	}
	return true
}

func (p *pending) grow() {
	larger := make([]expected, 2*len(p.ring))
	for i := p.head; i != p.tail; i++ {
		larger[i&uint64(len(larger)-1)] = p.ring[i&uint64(len(p.ring)-1)]
	}
	p.ring = larger
}

// wait waits until a request may be pushed.
func (p *pending) wait(seq uint64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.closed && seq-p.taken >= maxAhead {
		p.cond.Wait()
	}
	if p.closed {
		return errClosed
	}
	return nil
}

// reply takes the request that a reply answers. A reply has to be for the oldest request,
// since the server answers in order. last is false for a reply after which others follow, all
// for one that is not completely there: if its treatment needs all of it, ok is false.
func (p *pending) reply(seq uint64, last, all bool) (e expected, ok bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.head == p.tail {
		return expected{}, false, errUnexpected
	}
	e = p.ring[p.head&uint64(len(p.ring)-1)]
	if e.seq != seq {
		return expected{}, false, errUnexpected
	}
	if !all && e.kind.whole() {
		return e, false, nil
	}
	if e.kind != many || last {
		p.take(e)
	}
	return e, true, nil
}

// skip takes the requests up to seq that have no reply, and tells how many they were.
func (p *pending) skip(seq uint64) (n uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.head != p.tail {
		e := p.ring[p.head&uint64(len(p.ring)-1)]
		if e.kind != silent || e.seq > seq {
			break
		}
		p.take(e)
		n++
	}
	return n
}

// failed takes the request that an error is about, if it was to be answered.
func (p *pending) failed(seq uint64) (e expected, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.head == p.tail {
		return e, false
	}
	if e = p.ring[p.head&uint64(len(p.ring)-1)]; e.seq != seq {
		return e, false
	}
	p.take(e)
	return e, true
}

func (p *pending) take(e expected) {
	p.head++
	p.taken = e.seq
	if e.kind == injected {
		if p.waiting[0] != nil {
			close(p.waiting[0])
		}
		p.waiting = p.waiting[1:]
	}
	p.cond.Signal()
}

// close ends all waiting.
func (p *pending) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cond.Broadcast()
}
