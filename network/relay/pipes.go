package relay

import (
	"sync"

	"golang.org/x/sys/unix"
)

const (
	// mostPipes is how many directions pass on by splice(2) at a time: those whose other
	// side has no room are among them. All others read and write.
	mostPipes = 32
	// freePipes is how many of them are kept when none is needed.
	freePipes = 4
	// mostSpliced is what one call asks for. A pipe has 16 places, each of which takes a
	// piece of a packet, whatever its length.
	mostSpliced = 1 << 20
)

// pipe is one of pipe(2).
type pipe struct{ out, in int }

// pipes are those that a relay has.
type pipes struct {
	sync.Mutex
	free []*pipe
	all  int
}

// get returns an empty pipe, nil when there are enough or none can be made.
func (p *pipes) get() *pipe {
	p.Lock()
	defer p.Unlock()
	if last := len(p.free) - 1; last >= 0 {
		one := p.free[last]
		p.free = p.free[:last]
		return one
	}
	var fds [2]int
	if p.all == mostPipes || unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK) != nil {
		return nil
	}
	p.all++
	return &pipe{fds[0], fds[1]}
}

// put gives a pipe back, which is empty or has to be closed.
func (p *pipes) put(one *pipe, empty bool) {
	p.Lock()
	defer p.Unlock()
	if empty && len(p.free) < freePipes {
		p.free = append(p.free, one)
		return
	}
	p.all--
	_ = unix.Close(one.in)
	_ = unix.Close(one.out)
}
