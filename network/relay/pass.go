package relay

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// end is how passing on in one direction has ended.
type end int

const (
	closed     end = iota // at the end of what was sent, of which the other side was told
	fromFailed            // by an error of the side that sends
	toFailed              // by an error of the side that receives
)

// blockSize is how much is read at a time. A connection that sends as much is a bulk one.
const blockSize = 16 << 10

type block [blockSize]byte

// direction is one of the two of a connection. As long as nothing arrives it holds neither
// memory nor a descriptor for what is passed on.
//
// What fills a block is passed on by splice(2), without being copied. io.Copy does that as
// well, but with a pipe of 1 MiB for each direction until its end; 64 of them are all that
// an account gets of such (/proc/sys/fs/pipe-user-pages-soft, pipe(7)), its programs
// outside included.
type direction struct {
	relay    *Relay
	from, to *net.TCPConn
	source   syscall.RawConn
	sink     syscall.RawConn
	tries    [3]func(fd uintptr) bool // the methods below, made once

	bulk   bool
	block  *block // holds the first n bytes, or
	pipe   *pipe  // does
	n      int
	err    error
	failed end // which side err is about
}

func (r *Relay) direction(to, from *net.TCPConn) *direction {
	d := &direction{relay: r, from: from, to: to}
	d.source, _ = from.SyscallConn() // fails for no connection but nil
	d.sink, _ = to.SyscallConn()
	d.tries = [...]func(uintptr) bool{d.tryRead, d.trySplice, d.tryDrain}
	return d
}

// pass passes on until the end of what one side sends, and tells the other side of the end.
func (d *direction) pass() end {
	for {
		if d.receive(); d.err != nil || d.n == 0 {
			break
		}
		if d.send(); d.err != nil {
			break
		}
	}
	d.release()
	switch {
	case d.err != nil:
		return d.failed
	case d.to.CloseWrite() != nil:
		return toFailed
	}
	return closed
}

// receive waits for bytes and takes some of them. None is the end.
func (d *direction) receive() {
	d.n, d.err, d.failed = 0, nil, fromFailed
	try := d.tries[0]
	if d.bulk {
		try = d.tries[1]
	}
	if err := d.source.Read(try); err != nil {
		d.err = err // the connection was closed here, or its time is over
	}
}

// tryRead reads into a block. It returns false when nothing is there yet.
func (d *direction) tryRead(fd uintptr) bool {
	d.block = d.relay.blocks.get()
	d.n, d.err = retry(func() (int, error) { return unix.Read(int(fd), d.block[:]) })
	if d.bulk = d.n == blockSize; d.n <= 0 {
		d.release()
	}
	return !d.nothing()
}

// trySplice moves what there is into a pipe. Without one, it reads.
func (d *direction) trySplice(fd uintptr) bool {
	if d.pipe = d.relay.pipes.get(); d.pipe == nil {
		return d.tryRead(fd)
	}
	d.n, d.err = retry(func() (int, error) {
		n, err := unix.Splice(int(fd), nil, d.pipe.in, nil, mostSpliced, unix.SPLICE_F_NONBLOCK|unix.SPLICE_F_MOVE)
		return int(n), err
	})
	if d.bulk = d.n >= blockSize || d.nothing(); d.n <= 0 {
		d.release()
	}
	return !d.nothing()
}

// nothing tells whether the last try found nothing to take, or no room.
func (d *direction) nothing() bool { return errors.Is(d.err, unix.EAGAIN) }

// send passes on what was taken.
func (d *direction) send() {
	d.failed = toFailed
	if d.block != nil {
		_, d.err = d.to.Write(d.block[:d.n])
	} else {
		for d.n > 0 && d.err == nil {
			if err := d.sink.Write(d.tries[2]); err != nil {
				d.err = err
			}
		}
	}
	if d.err == nil {
		d.release()
	}
}

// tryDrain moves what is in the pipe on. It returns false when there is no room for it.
func (d *direction) tryDrain(fd uintptr) bool {
	n, err := retry(func() (int, error) {
		n, err := unix.Splice(d.pipe.out, nil, int(fd), nil, d.n, unix.SPLICE_F_NONBLOCK|unix.SPLICE_F_MOVE)
		return int(n), err
	})
	if errors.Is(err, unix.EAGAIN) {
		return false
	}
	if n == 0 && err == nil {
		err = io.ErrShortWrite
	}
	d.n -= max(n, 0)
	d.err = err
	return true
}

// release gives back what the bytes are held in. A pipe with bytes left is of no more use.
func (d *direction) release() {
	if d.block != nil {
		d.relay.blocks.put(d.block)
	}
	if d.pipe != nil {
		d.relay.pipes.put(d.pipe, d.err == nil || d.nothing())
	}
	d.block, d.pipe = nil, nil
}

// retry calls a function until no signal interrupts it.
func retry(call func() (int, error)) (int, error) {
	for {
		if n, err := call(); !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// blocks are free blocks.
type blocks struct{ pool sync.Pool }

func (b *blocks) get() *block {
	if free, ok := b.pool.Get().(*block); ok {
		return free
	}
	return new(block)
}

func (b *blocks) put(free *block) { b.pool.Put(free) }
