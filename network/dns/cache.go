package dns

import (
	"slices"
	"sync"
	"time"
)

const (
	// mostEntries is how many names a cache has.
	mostEntries = 4096
	// leastTTL is how long any answer is kept, also one whose server says not at all: a
	// program asks for both families, and then dials. It is also the time for which a
	// failure is kept, the least of RFC 9520 section 3.2.
	leastTTL = time.Second
	// mostKept bounds what servers say.
	mostKept = time.Hour
	// mostNegative bounds how long a name is held not to be there (RFC 2308 section 5
	// suggests hours): the host may have joined the network that has it.
	mostNegative = 5 * time.Minute
)

// cache has the answers of DNS, also the negative ones, and the questions that wait for one.
type cache struct {
	mu      sync.Mutex
	entries map[string]*entry
}

// entry is one question. The fields below done are written once, before done is closed.
type entry struct {
	done   chan struct{}
	answer Answer
	err    error
	until  time.Time
}

// settled tells whether there is an answer.
func (e *entry) settled() bool {
	select {
	case <-e.done:
		return true
	default:
		return false
	}
}

// expired tells whether an entry has to be asked for again. One that waits has not expired.
func (e *entry) expired() bool { return e.settled() && !time.Now().Before(e.until) }

// result is what to say now. The addresses are the caller's.
func (e *entry) result() (Answer, error) {
	return Answer{Addrs: slices.Clone(e.answer.Addrs), TTL: max(0, time.Until(e.until))}, e.err
}

// find returns the entry of a name that is in force, nil when there is none.
func (c *cache) find(name string) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[name]; e != nil && !e.expired() {
		return e
	}
	return nil
}

// findOrAdd returns the entry of a name, a new one when there is none in force. Who added
// it has to settle it.
func (c *cache) findOrAdd(name string) (e *entry, added bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[name]; e != nil && !e.expired() {
		return e, false
	}
	if _, replaced := c.entries[name]; !replaced && len(c.entries) >= mostEntries {
		c.evict()
	}
	e = &entry{done: make(chan struct{})}
	c.entries[name] = e
	return e, true
}

// evict forgets one of a few entries, the one that expires first. Which few it looks at is
// by chance: a map is read from anywhere. An entry that waits is forgotten last, and those
// who wait for it get its answer all the same.
func (c *cache) evict() {
	var victim string
	var soonest time.Time
	looked := 0
	for name, e := range c.entries {
		until := time.Now().Add(mostKept)
		if e.settled() {
			until = e.until
		}
		if looked == 0 || until.Before(soonest) {
			victim, soonest = name, until
		}
		if looked++; looked == 16 {
			break
		}
	}
	delete(c.entries, victim)
}

// settle gives an entry its answer.
func (c *cache) settle(e *entry, answer Answer, err error) {
	most := mostKept
	if err != nil {
		most = mostNegative
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e.answer, e.err = answer, err
	e.until = time.Now().Add(max(leastTTL, min(answer.TTL, most)))
	close(e.done)
}
