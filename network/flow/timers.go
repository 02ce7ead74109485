package flow

import (
	"container/heap"
	"time"
)

// timer is something to be done at a time.
type timer struct {
	at    time.Time
	do    func()
	place int // in timers, -1 when it is not there
}

// timers are ordered by time (container/heap).
type timers []*timer

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].at.Before(t[j].at) }

// Swap is that of sort.Interface.
func (t timers) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].place, t[j].place = i, j
}

// Push is that of heap.Interface.
func (t *timers) Push(x any) {
	one := x.(*timer) //nolint:forcetypeassert // nothing else is pushed
	one.place = len(*t)
	*t = append(*t, one)
}

// Pop is that of heap.Interface.
func (t *timers) Pop() any {
	all := *t
	one := all[len(all)-1]
	all[len(all)-1] = nil
	*t = all[:len(all)-1]
	one.place = -1
	return one
}

// after has a function called after a while.
func (l *Loop) after(d time.Duration, do func()) *timer {
	t := &timer{at: time.Now().Add(d), do: do}
	heap.Push(&l.timers, t)
	return t
}

// stop has a timer's function not called; nil is none.
func (l *Loop) stop(t *timer) {
	if t != nil && t.place >= 0 {
		heap.Remove(&l.timers, t.place)
	}
}

// runTimers calls the functions whose time has come.
func (l *Loop) runTimers() {
	if len(l.timers) == 0 {
		return
	}
	for now := time.Now(); len(l.timers) > 0 && !l.timers[0].at.After(now); {
		heap.Pop(&l.timers).(*timer).do() //nolint:forcetypeassert // nothing else is pushed
	}
}
