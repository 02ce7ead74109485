package flow

import (
	"time"

	"golang.org/x/sys/unix"
)

// Times after which flows are ended on which nothing is sent and nothing arrives.
const (
	idleTime = 24 * time.Hour
	// halfTime is for a flow of which one side has ended: a program that is gone leaves
	// such a one, if its server never ends what it sends.
	halfTime = time.Hour
	lookTime = time.Minute // also after which a flow is ended of which one side was reset
)

// lookLater has all flows looked at every minute, as long as there are some. A reset of one
// side is noticed at once unless the loop waits for the other one, for room to pass on what
// came before the reset, or it is that of a server that had ended: its last words may still
// be on their way.
func (l *Loop) lookLater() {
	if l.looks || len(l.flows) == 0 {
		return
	}
	l.looks = true
	l.after(lookTime, func() {
		l.looks = false
		for f := range l.flows {
			in, out := info(f.In), info(f.Out)
			if in != nil && out != nil && isOver(in, out) {
				l.Reset(f)
			}
		}
		l.lookLater()
	})
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

// info is what the kernel knows of a connection (TCP_INFO of tcp(7)), nil when it doesn't
// say.
func info(fd int) *unix.TCPInfo {
	info, err := unix.GetsockoptTCPInfo(fd, unix.SOL_TCP, unix.TCP_INFO)
	if err != nil {
		return nil
	}
	return info
}
