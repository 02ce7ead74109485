package relay

import (
	"io"
	"net"
	"time"

	"github.com/jail-project/jail/network/hello"
	"github.com/jail-project/jail/network/pair"
	"github.com/jail-project/jail/network/rules"
)

// helloTime is how long a program may take from the first to the last byte of a hello.
const helloTime = 30 * time.Second

// relay passes bytes on between the program and the outside until both have ended. What
// the outside sends is passed on at once; what the program sends first is looked at. early
// is what was read of that before.
func (r *Relay) relay(in, out *net.TCPConn, t target, early []byte) {
	defer pair.Close(in, out)
	untrack := r.tracked.Add(in, out)
	defer untrack()
	done := make(chan bool, 1)
	go func() { done <- pair.Pass(in, out) }()
	if !r.first(out, in, &t, early) || !pair.Pass(out, in) {
		pair.Reset(in)
		pair.Reset(out)
	}
	if !<-done {
		pair.Reset(in)
		pair.Reset(out)
	}
}

// first passes on what the program sends first: all of a TLS hello, or anything that is
// none. It returns false if the program asks for a server that the rules do not allow.
func (r *Relay) first(out, in *net.TCPConn, t *target, early []byte) bool {
	buffer := make([]byte, 4096)
	var received []byte
	var inspector hello.Inspector
	for {
		n, err := copy(buffer, early), error(nil)
		if early = early[n:]; n == 0 {
			n, err = in.Read(buffer)
		}
		if n > 0 {
			if received == nil {
				_ = in.SetReadDeadline(time.Now().Add(helloTime))
			}
			received = append(received, buffer[:n]...)
			switch result := inspector.Add(buffer[:n]); result.Status {
			case hello.NeedMore:
				if err == nil {
					continue
				}
			case hello.NotTLS:
			case hello.Hello:
				if !r.mayName(t, &result, out) {
					return false
				}
			default:
				r.report.refused(t.String() + ": " + result.Reason)
				return false
			}
		}
		_ = in.SetReadDeadline(time.Time{})
		if err != nil && err != io.EOF { //nolint:errorlint // io.Reader's own
			return false
		}
		_, err = out.Write(received)
		return err == nil
	}
}

// mayName tells whether the program may ask the server at the other end for a name. A
// connection to a name is for that name alone.
func (r *Relay) mayName(t *target, h *hello.Result, out *net.TCPConn) bool {
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
	to, ok := out.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return false
	}
	d := r.decide(name, to.AddrPort().Addr().Unmap(), t.port)
	if !d.Allowed {
		r.report.refused(t.String() + ": TLS for the server " + name + ": " + d.Reason)
	}
	return d.Allowed
}
