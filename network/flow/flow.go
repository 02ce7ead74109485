package flow

import (
	"errors"
	"io"
	"time"

	"golang.org/x/sys/unix"
)

// Flow is a pair of connections between which bytes are passed on, until both sides have
// ended. After an error of one side, both see one. But what a server has said before it hung
// up, such as why, still arrives.
type Flow struct {
	In, Out int // the connections of who asked for it, and to where
	// First is given what the side In sends first, piece by piece, and holds it back as long
	// as it needs more. With nil all is passed on.
	First First
	// Passed is called when what First let pass is held no more; nil is nobody.
	Passed func()
	// Early was read from In before.
	Early []byte
	// Ended is called at the end, when both connections are closed; nil is nobody.
	Ended func()

	forth, back direction
	deadline    *timer // see Limit; later, of last words
	queued      bool   // in Loop.unfinished
	over        bool
}

// First judges what is sent first. An empty piece is its end.
type First func(piece []byte) (pass []byte, v Verdict)

// Verdict is what First says of the pieces that it was given.
type Verdict int

// What First says.
const (
	// More holds the pieces back until the next one is known.
	More Verdict = iota
	// Pass passes the bytes on that First returns, and all that follow them.
	Pass
	// Refuse resets both sides.
	Refuse
)

const (
	// lastTime is how long a server that takes nothing more has for its last answer.
	lastTime = 5 * time.Second
	// mostTurns is how often a direction reads before others have their turn.
	mostTurns = 16
)

// Pass passes bytes on from now on. Both connections belong to the loop.
func (l *Loop) Pass(f *Flow) {
	f.forth = direction{from: f.In, to: f.Out, writable: true, readable: len(f.Early) > 0}
	f.back = direction{from: f.Out, to: f.In, writable: true}
	l.flows[f] = struct{}{}
	l.lookLater()
	for _, fd := range [...]int{f.Out, f.In} {
		if f.over {
			return // by what had already happened to the other one
		}
		if err := l.handle(fd, func(events uint32) { l.turn(f, fd, events) }); err != nil {
			l.Reset(f)
		}
	}
	l.turn(f, f.In, 0)
}

// handle has a function told of the events of a connection, also of those that came before.
func (l *Loop) handle(fd int, handle func(events uint32)) error {
	if fd < len(l.watched) && l.watched[fd] != nil {
		s := l.watched[fd]
		s.handle = handle
		if events := s.pending; events != 0 {
			s.pending = 0
			handle(events)
		}
		return nil
	}
	return l.watch(fd, allEvents, handle)
}

// Limit has a flow reset after a while, unless it is called again; 0 is no limit. The
// function is called before.
func (l *Loop) Limit(f *Flow, d time.Duration, before func()) {
	l.stop(f.deadline)
	f.deadline = nil
	if d > 0 {
		f.deadline = l.after(d, func() {
			before()
			l.Reset(f)
		})
	}
}

// Reset ends a flow such that both sides see an error.
func (l *Loop) Reset(f *Flow) {
	if f.over {
		return
	}
	for _, fd := range [...]int{f.In, f.Out} {
		linger(fd)
	}
	l.finish(f)
}

// finish closes both connections.
func (l *Loop) finish(f *Flow) {
	f.over = true
	l.stop(f.deadline)
	l.release(&f.forth)
	l.release(&f.back)
	l.close(f.In)
	l.close(f.Out)
	delete(l.flows, f)
	if f.Ended != nil {
		f.Ended()
	}
}

// turn goes on with a flow after events of one of its connections.
func (l *Loop) turn(f *Flow, fd int, events uint32) {
	if f.over {
		return
	}
	out, in := &f.forth, &f.back // of the directions, that which this connection sends, and the other
	if fd == f.Out {
		out, in = in, out
	}
	if events&unix.EPOLLERR != 0 && fd == f.In && out.ended {
		l.Reset(f) // nothing would read the error, and nobody is there for the answer
		return
	}
	const failed = unix.EPOLLERR | unix.EPOLLHUP
	const stops = unix.EPOLLRDHUP | unix.EPOLLPRI | failed
	if events&(unix.EPOLLIN|stops) != 0 {
		out.readable = true
		out.stops = out.stops || events&stops != 0
	}
	if events&(unix.EPOLLOUT|failed) != 0 {
		in.writable = true
	}
	l.pump(f, out)
	if !f.over {
		l.pump(f, in)
	}
}

// goOn gives the flows a turn that have not finished theirs.
func (l *Loop) goOn() {
	list := l.unfinished
	l.unfinished = nil
	for _, f := range list {
		if f.queued = false; !f.over {
			l.pump(f, &f.forth)
		}
		if !f.over {
			l.pump(f, &f.back)
		}
	}
}

// pump passes on in one direction until it would have to wait.
func (l *Loop) pump(f *Flow, d *direction) {
	for range mostTurns {
		switch {
		case f.over || d.ended:
			return
		case d.held():
			if !d.writable {
				return
			}
			if err := l.drain(d); err != nil {
				l.failed(f, d)
				return
			}
		case !d.readable:
			return
		default:
			l.fillOnce(f, d)
		}
	}
	if !f.queued && !d.ended {
		f.queued = true
		l.unfinished = append(l.unfinished, f)
	}
}

// fillOnce takes what has arrived, once.
func (l *Loop) fillOnce(f *Flow, d *direction) {
	if d == &f.forth && (f.First != nil || f.Early != nil) {
		l.first(f)
		return
	}
	switch err := l.fill(d); {
	case errors.Is(err, io.EOF):
		l.ended(f, d)
	case err != nil:
		l.Reset(f)
	}
}

// first has First judge what the side In sends.
func (l *Loop) first(f *Flow) {
	d := &f.forth
	piece := f.Early
	var b *block
	if f.Early = nil; len(piece) == 0 {
		b = l.block()
		n, err := l.read(d, b)
		if err != nil && !errors.Is(err, io.EOF) {
			l.giveBack(b)
			l.Reset(f)
			return
		}
		if n == 0 && err == nil {
			l.giveBack(b)
			return
		}
		piece = b[:n]
	}
	pass, verdict := piece, Pass
	if f.First != nil {
		pass, verdict = f.First(piece)
	}
	switch verdict {
	case More:
	case Refuse:
		l.Reset(f)
	case Pass:
		f.First, d.released = nil, f.Passed
		d.rest = append([]byte(nil), pass...) // pass may lie in the block
	}
	if b != nil {
		l.giveBack(b)
	}
	if len(piece) == 0 && !f.over && len(d.rest) == 0 {
		l.ended(f, d)
	} else if len(piece) == 0 {
		d.readable, d.stops = true, true // the end is still there
	}
}

// ended tells the other side that this one has ended, which closing it does as well.
func (l *Loop) ended(f *Flow, d *direction) {
	l.release(d)
	d.ended = true
	switch {
	case !f.forth.ended || !f.back.ended:
		if err := unix.Shutdown(d.to, unix.SHUT_WR); err != nil {
			l.failed(f, d)
		}
	case f.forth.failed:
		l.Reset(f)
	default:
		l.finish(f)
	}
}

// failed ends a direction whose other side takes nothing more. What a server has said
// before still arrives.
func (l *Loop) failed(f *Flow, d *direction) {
	l.release(d)
	d.ended, d.failed = true, true
	if d == &f.back || f.back.ended {
		l.Reset(f)
		return
	}
	l.Limit(f, lastTime, func() {})
}
