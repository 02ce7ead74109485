package relay

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/network/pair"
	"github.com/jail-project/jail/network/rules"
)

// flow is a connection that is passed on.
type flow struct {
	in, out *net.TCPConn // to the program, and to the outside
	target  target
	to      netip.Addr // to which out is
	asked   string     // the name in the TLS hello of a connection to an address, or ""
	judged  *rules.Set // by which it was allowed
}

// reset ends a flow such that both sides see an error.
func (f *flow) reset() {
	pair.Reset(f.in)
	pair.Reset(f.out)
}

// flows are those that there are at the moment.
type flows struct {
	sync.Mutex
	all map[*flow]struct{}
}

// add notes a flow, and returns what ends that.
func (f *flows) add(one *flow) (remove func()) {
	f.Lock()
	defer f.Unlock()
	if f.all == nil {
		f.all = map[*flow]struct{}{}
	}
	f.all[one] = struct{}{}
	return func() {
		f.Lock()
		defer f.Unlock()
		delete(f.all, one)
	}
}

// Times after which flows are ended on which nothing is sent and nothing arrives.
const (
	idleTime = 24 * time.Hour
	// halfTime is for a flow of which one side has ended: a program that is gone leaves
	// such a one, if its server never ends what it sends.
	halfTime = time.Hour
	lookTime = time.Minute // also after which a flow is ended of which one side was reset
)

// endIdle looks at all flows once a minute. A reset of one side is noticed at once unless
// the relay waits for the other one: for room to pass on what came before the reset.
func (f *flows) endIdle(ctx context.Context) {
	tick := time.NewTicker(lookTime)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f.look(func(in, out *unix.TCPInfo) bool { return isOver(in, out) })
		}
	}
}

// look resets the flows that are over.
func (f *flows) look(over func(in, out *unix.TCPInfo) bool) {
	f.Lock()
	defer f.Unlock()
	for one := range f.all {
		in, out := info(one.in), info(one.out)
		if in != nil && out != nil && over(in, out) {
			one.reset()
		}
	}
}

// States of a connection (enum in include/net/tcp_states.h).
const (
	established = 1
	reseted     = 7 // TCP_CLOSE
)

func isOver(in, out *unix.TCPInfo) bool {
	idle := min(in.Last_data_recv, in.Last_data_sent, out.Last_data_recv, out.Last_data_sent)
	limit := idleTime
	switch {
	case in.State == reseted || out.State == reseted:
		limit = lookTime
	case in.State != established || out.State != established:
		limit = halfTime
	}
	return time.Duration(idle)*time.Millisecond > limit
}

// info is what the kernel knows of a connection (TCP_INFO of tcp(7)), nil for a closed one.
func info(c *net.TCPConn) (info *unix.TCPInfo) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	_ = raw.Control(func(fd uintptr) {
		info, err = unix.GetsockoptTCPInfo(int(fd), unix.SOL_TCP, unix.TCP_INFO)
	})
	if err != nil {
		return nil
	}
	return info
}
