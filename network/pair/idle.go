package pair

import (
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A pair on which nothing arrives, from either side, is reset after some time.
const (
	idleTime = 24 * time.Hour
	lookTime = time.Minute
)

// Tracked are pairs that are passed on. The zero value is none.
type Tracked struct {
	mu  sync.Mutex
	all map[*net.TCPConn]*net.TCPConn
}

// Add notes a pair, and returns what ends that.
func (t *Tracked) Add(in, out *net.TCPConn) (remove func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == nil {
		t.all = map[*net.TCPConn]*net.TCPConn{}
		go t.resetIdle()
	}
	t.all[in] = out
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.all, in)
	}
}

// resetIdle looks at all pairs once a minute.
func (t *Tracked) resetIdle() {
	for range time.Tick(lookTime) {
		t.mu.Lock()
		for in, out := range t.all {
			if idle(in) > idleTime && idle(out) > idleTime {
				resetBoth(in, out)
			}
		}
		t.mu.Unlock()
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
