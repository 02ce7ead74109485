package flow

import (
	"errors"
	"io"

	"golang.org/x/sys/unix"
)

// blockSize is how much is read at a time. A connection that sends as much is a bulk one.
const blockSize = 16 << 10

type block [blockSize]byte

// direction is one of the two of a flow. As long as nothing waits to be passed on, it holds
// neither memory nor a descriptor for that.
//
// What fills a block is passed on by splice(2), without being copied. io.Copy does that as
// well, but with a pipe of 1 MiB for each direction until its end; 64 of them are all that
// an account gets of such (/proc/sys/fs/pipe-user-pages-soft, pipe(7)), its programs
// outside included.
type direction struct {
	from, to int
	readable bool // from was not found empty since the last event
	writable bool // to was not found full since the last event
	// stops is that taking what there is may stop before all of it: at an end or an error
	// that comes behind it, or at urgent bytes (tcp(7)).
	stops  bool
	bulk   bool
	ended  bool
	failed bool // ended, since the other side takes nothing more

	block *block // that rest lies in, or nil
	rest  []byte // bytes that were read and not passed on
	pipe  *pipe  // or this one holds them,
	piped int    // so many
	// released is called when they are held no more, once.
	released func()
}

func (d *direction) held() bool { return len(d.rest) > 0 || d.piped > 0 }

// fill takes what has arrived and passes it on, as far as that can be done at once. At the
// end of what is sent, the error is io.EOF.
func (l *Loop) fill(d *direction) error {
	if d.bulk {
		if d.pipe = l.pipes.get(); d.pipe != nil {
			return l.splice(d)
		}
	}
	b := l.block()
	n, err := l.read(d, b)
	if d.bulk = n == blockSize; n == 0 {
		l.giveBack(b)
		return err
	}
	d.block, d.rest = b, b[:n]
	return nil
}

// read reads into a block. Nothing and no error is that it would have to wait. Less than what
// there is room for is all that there is (epoll(7)), but for what it may have stopped at.
func (l *Loop) read(d *direction, b *block) (int, error) {
	n, err := retry(func() (int, error) { return unix.Read(d.from, b[:]) })
	switch {
	case errors.Is(err, unix.EAGAIN):
		d.readable = false
		return 0, nil
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	}
	d.readable = n == blockSize || d.stops
	return n, nil
}

// splice moves what there is into the pipe. Before urgent bytes it says that there is nothing,
// or the end: only reading goes on behind them, and knows.
func (l *Loop) splice(d *direction) error {
	n, err := retry(func() (int, error) {
		n, err := unix.Splice(d.from, nil, d.pipe.in, nil, mostSpliced, unix.SPLICE_F_NONBLOCK|unix.SPLICE_F_MOVE)
		return int(n), err
	})
	switch {
	case n > 0:
		d.piped = n
		d.bulk = n >= blockSize
		return nil
	case err == nil:
		d.bulk, d.stops = false, true
	case errors.Is(err, unix.EAGAIN):
		d.bulk, d.readable, err = !d.stops, d.stops, nil
	}
	l.release(d)
	return err
}

// drain passes on what is held.
func (l *Loop) drain(d *direction) error {
	var n int
	var err error
	if d.pipe != nil {
		n, err = retry(func() (int, error) {
			n, err := unix.Splice(d.pipe.out, nil, d.to, nil, d.piped, unix.SPLICE_F_NONBLOCK|unix.SPLICE_F_MOVE)
			return int(n), err
		})
	} else {
		n, err = retry(func() (int, error) { return unix.Write(d.to, d.rest) })
	}
	switch {
	case errors.Is(err, unix.EAGAIN):
		d.writable = false
		return nil
	case err != nil:
		return err
	case n <= 0:
		return io.ErrShortWrite
	}
	if d.pipe != nil {
		d.piped -= n
	} else {
		d.rest = d.rest[n:]
	}
	if !d.held() {
		l.release(d)
	}
	return nil
}

// release gives back what bytes are held in. A pipe with bytes left is of no more use.
func (l *Loop) release(d *direction) {
	if d.block != nil {
		l.giveBack(d.block)
	}
	if d.pipe != nil {
		l.pipes.put(d.pipe, d.piped == 0)
	}
	d.block, d.rest, d.pipe, d.piped = nil, nil, nil, 0
	if call := d.released; call != nil {
		d.released = nil
		call()
	}
}

// retry calls a function until no signal interrupts it.
func retry(call func() (int, error)) (int, error) {
	for {
		if n, err := call(); !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// freeBlocks is how many blocks are kept when none is needed.
const freeBlocks = 16

func (l *Loop) block() *block {
	if last := len(l.blocks) - 1; last >= 0 {
		b := l.blocks[last]
		l.blocks = l.blocks[:last]
		return b
	}
	return new(block)
}

func (l *Loop) giveBack(b *block) {
	if len(l.blocks) < freeBlocks {
		l.blocks = append(l.blocks, b)
	}
}
