package flow

import "golang.org/x/sys/unix"

const (
	// MostPipes is how many directions pass on by splice(2) at a time: those whose other
	// side has no room are among them. All others read and write.
	MostPipes = 32
	// freePipes is how many of them are kept when none is needed.
	freePipes = 4
	// pipeSize is for how many bytes a pipe has room, 4096 in each place (pipe(7)). All
	// together take an eighth of what an account has.
	pipeSize = 256 << 10
	// mostSpliced is how many bytes are moved into a pipe at a time: a place of it may hold
	// more than 4096.
	mostSpliced = 1 << 20
)

// pipe is one of pipe(2).
type pipe struct{ out, in int }

// pipes are those that a loop has.
type pipes struct {
	free []*pipe
	all  int
}

// get returns an empty pipe, nil when there are enough or none can be made.
func (p *pipes) get() *pipe {
	if last := len(p.free) - 1; last >= 0 {
		one := p.free[last]
		p.free = p.free[:last]
		return one
	}
	var fds [2]int
	if p.all == MostPipes || unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK) != nil {
		return nil
	}
	p.all++
	_, _ = unix.FcntlInt(uintptr(fds[0]), unix.F_SETPIPE_SZ, pipeSize) // or as large as it is
	return &pipe{fds[0], fds[1]}
}

// put gives a pipe back, which is empty or has to be closed.
func (p *pipes) put(one *pipe, empty bool) {
	if empty && len(p.free) < freePipes {
		p.free = append(p.free, one)
		return
	}
	p.all--
	_ = unix.Close(one.in)
	_ = unix.Close(one.out)
}

// close closes those that are free.
func (p *pipes) close() {
	for _, one := range p.free {
		_ = unix.Close(one.in)
		_ = unix.Close(one.out)
	}
	p.all -= len(p.free)
	p.free = nil
}
