package relay

import (
	"errors"
	"os"
	"time"

	"github.com/jail-project/jail/network/hello"
	"github.com/jail-project/jail/network/pair"
	"github.com/jail-project/jail/network/rules"
)

const (
	// helloTime is how long a program may take from the first to the last byte of a hello.
	helloTime = 30 * time.Second
	// mostHeld is how many bytes of unfinished hellos are kept at a time, which one
	// program could make hello.Limit for each connection.
	mostHeld = 16 << 20
	// lastTime is how long a server that takes nothing more has for its last answer.
	lastTime = 5 * time.Second
)

// relay passes bytes on between the program and the outside until both have ended. What
// the outside sends is passed on at once; what the program sends first is looked at. early
// is what was read of that before.
//
// After an error of one side, both see one. But what a server has said before it hung up,
// such as why, still arrives.
func (r *Relay) relay(f *flow, early []byte) {
	defer pair.Close(f.in, f.out)
	defer r.flows.add(f)()
	if !r.stillAllowed(f) {
		f.reset()
		return
	}
	back := make(chan struct{})
	go func() {
		defer close(back)
		if r.direction(f.in, f.out).pass() != closed {
			f.reset()
		}
	}()
	forth := r.direction(f.out, f.in)
	ended := r.first(f, forth, early)
	if ended == closed {
		ended = forth.pass()
	}
	if ended == toFailed {
		select {
		case <-back:
		case <-time.After(lastTime):
		}
	}
	if ended != closed {
		f.reset()
	}
	<-back
}

// first passes on what the program sends first: all of a TLS hello, or anything that is
// none. If the program asks for a server that the rules do not allow, the result is
// fromFailed. If it has ended already, the end is left for the caller to find.
func (r *Relay) first(f *flow, from *direction, early []byte) end {
	var received []byte
	defer func() { r.held.Add(-int64(len(received))) }()
	var inspector hello.Inspector
	for begun := false; ; {
		more := early
		if early = nil; len(more) == 0 {
			if from.receive(); from.n > 0 {
				more = from.block[:from.n]
			}
		}
		received = append(received, more...)
		held := r.held.Add(int64(len(more)))
		result := inspector.Add(more)
		failed := from.err
		from.release()
		switch {
		case failed != nil:
			if errors.Is(failed, os.ErrDeadlineExceeded) {
				r.report.refused(f.target.String() + ": TLS that was not complete after " + r.times.hello.String())
			}
			return fromFailed
		case len(more) == 0, result.Status == hello.NotTLS:
		case result.Status == hello.NeedMore:
			if held > mostHeld {
				r.report.refused("TLS of too many connections that was not complete")
				return fromFailed
			}
			if !begun {
				begun = true
				_ = f.in.SetReadDeadline(time.Now().Add(r.times.hello))
			}
			continue
		case result.Status == hello.Refused:
			r.report.refused(f.target.String() + ": " + result.Reason)
			return fromFailed
		case !r.mayName(f, &result):
			return fromFailed
		}
		if begun {
			_ = f.in.SetReadDeadline(time.Time{})
		}
		if _, err := f.out.Write(received); err != nil {
			return toFailed
		}
		return closed
	}
}

// mayName tells whether the program may ask the server at the other end for a name. A
// connection to a name is for that name alone.
func (r *Relay) mayName(f *flow, h *hello.Result) bool {
	t := &f.target
	switch {
	case !h.HasName && t.name == "":
		return true
	case !h.HasName:
		r.report.refused(t.String() + ": TLS without the name of the server")
		return false
	}
	name, err := rules.Canonical(h.ServerName)
	if err != nil {
		r.report.refused(t.String() + ": TLS for a server whose name is none: " + err.Error())
		return false
	}
	if t.name != "" {
		if name != t.name {
			r.report.refused(t.String() + ": TLS for another server, " + name)
			return false
		}
		return true
	}
	return r.asks(f, name)
}
