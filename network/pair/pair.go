// Package pair passes bytes on between two TCP connections, one of a jail and one of the
// host: all that one side sends, its end, and its errors. It bounds how many there are. It
// makes no connections.
package pair

import (
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// Pass copies until the end of what one side sends, and tells the other side of the end
// (SHUT_WR of shutdown(2)). It returns false after an error, which both sides are to see.
func Pass(to, from *net.TCPConn) bool {
	if _, err := io.Copy(to, from); err != nil { // by splice(2)
		return false
	}
	return to.CloseWrite() == nil
}

// Both passes bytes on in both directions until both have ended, and closes the
// connections. After an error both are reset.
func Both(in, out *net.TCPConn) {
	defer Close(in, out)
	done := make(chan bool, 1)
	go func() {
		ok := Pass(in, out)
		if !ok {
			resetBoth(in, out)
		}
		done <- ok
	}()
	if !Pass(out, in) {
		resetBoth(in, out)
	}
	<-done
}

func resetBoth(in, out *net.TCPConn) {
	Reset(in)
	Reset(out)
}

// Reset closes a connection such that the other side sees an error (RST).
func Reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}

// Close closes both connections; what was written last still arrives.
func Close(in, out *net.TCPConn) {
	_ = in.Close()
	_ = out.Close()
}

// PerPair is how many descriptors a pair takes that Both passes bytes between: both
// connections, and a pipe for each direction (splice(2)).
const PerPair = 6

// Affordable is how many pairs there may be at a time, most at the most, by the limit on
// open files: each takes so many descriptors, and some are reserved for all else.
func Affordable(most int64, each, reserved uint64) int64 {
	var limit unix.Rlimit
	if unix.Prlimit(0, unix.RLIMIT_NOFILE, nil, &limit) != nil || limit.Cur < reserved+each {
		return 1
	}
	return min(most, int64((limit.Cur-reserved)/each)) //nolint:gosec // divided
}

// Listener makes a listener of a socket, whose descriptor it closes.
func Listener(fd int) (*net.TCPListener, error) {
	f := os.NewFile(uintptr(fd), "listener")
	defer func() { _ = f.Close() }()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return nil, unix.ENOTSOCK
	}
	return tcp, nil
}
