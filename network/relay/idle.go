package relay

import (
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A connection on which nothing arrives, from either side, is closed after some time.
const (
	idleTime = 24 * time.Hour
	lookTime = time.Minute
)

// tracked are the connections that are passed on.
type tracked struct {
	sync.Mutex
	all map[*net.TCPConn]*net.TCPConn
}

// track notes a connection, and returns what ends that.
func (r *Relay) track(in, out *net.TCPConn) func() {
	r.tracked.Lock()
	defer r.tracked.Unlock()
	if r.tracked.all == nil {
		r.tracked.all = map[*net.TCPConn]*net.TCPConn{}
		go r.closeIdle()
	}
	r.tracked.all[in] = out
	return func() {
		r.tracked.Lock()
		defer r.tracked.Unlock()
		delete(r.tracked.all, in)
	}
}

// closeIdle looks at all connections once a minute.
func (r *Relay) closeIdle() {
	for range time.Tick(lookTime) {
		r.tracked.Lock()
		for in, out := range r.tracked.all {
			if idle(in) > idleTime && idle(out) > idleTime {
				reset(in)
				reset(out)
			}
		}
		r.tracked.Unlock()
	}
}

// idle is how long nothing has arrived on a connection (tcpi_last_data_recv of tcp(7)).
func idle(c *net.TCPConn) (since time.Duration) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.SOL_TCP, unix.TCP_INFO); err == nil {
			since = time.Duration(info.Last_data_recv) * time.Millisecond
		}
	})
	return since
}
