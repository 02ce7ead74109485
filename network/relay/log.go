package relay

import (
	"io"
	"strconv"
	"sync/atomic"
	"time"
)

// log writes lines that others add without waiting: who reads them may be slow, or stop.
// Lines that find no room are counted, and their number is written instead.
type log struct {
	lines   chan string
	dropped atomic.Int64
	idle    chan struct{} // has an element when all that was added is written
}

// mostLines is how many lines wait to be written.
const mostLines = 1024

// newLog begins a log that is written to out, for as long as this process runs.
func newLog(out io.Writer) *log {
	l := &log{lines: make(chan string, mostLines), idle: make(chan struct{}, 1)}
	go l.run(out)
	return l
}

func (l *log) add(line string) {
	select {
	case l.lines <- line:
	default:
		l.dropped.Add(1)
	}
}

func (l *log) run(out io.Writer) {
	for line := range l.lines {
		if line != "" {
			_, _ = io.WriteString(out, line)
		}
		if n := l.dropped.Swap(0); n > 0 {
			_, _ = io.WriteString(out, "jail: network: "+strconv.FormatInt(n, 10)+" more lines were not written in time\n")
		}
		if line == "" {
			l.idle <- struct{}{}
		}
	}
}

// flush waits until what was added before is written, and so long at most. It is called
// once, at the end.
func (l *log) flush(most time.Duration) {
	end := time.After(most)
	select {
	case l.lines <- "":
	case <-end:
		return
	}
	select {
	case <-l.idle:
	case <-end:
	}
}
