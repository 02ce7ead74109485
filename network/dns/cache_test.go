package dns

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// TestAnswersAreKept: for as long as their servers say, within bounds.
func TestAnswersAreKept(t *testing.T) {
	for _, test := range []struct {
		ttl  time.Duration
		err  error
		want time.Duration
	}{
		{time.Minute, nil, time.Minute},
		{0, nil, time.Second},
		{24 * time.Hour, nil, time.Hour},
		{time.Minute, ErrNoName, time.Minute},
		{24 * time.Hour, ErrNoData, 5 * time.Minute},
		{0, errors.New("nobody answers"), time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := cache{entries: map[string]*entry{}}
			e, added := c.findOrAdd("x.test")
			if !added || c.find("x.test") != e {
				t.Fatal("a question that waits is not there")
			}
			addrs := []netip.Addr{netip.IPv6Loopback()}
			c.settle(e, Answer{Addrs: addrs, TTL: test.ttl}, test.err)
			time.Sleep(test.want - time.Nanosecond)
			if _, added := c.findOrAdd("x.test"); added || c.find("x.test") != e {
				t.Errorf("%v: gone before %s", test, test.want)
			}
			answer, err := e.result()
			if answer.TTL != time.Nanosecond || !errors.Is(err, test.err) {
				t.Errorf("%v: %v, %v", test, answer, err)
			}
			answer.Addrs[0] = netip.Addr{}
			if addrs[0] != netip.IPv6Loopback() {
				t.Error("who asks can change the cache")
			}
			time.Sleep(time.Nanosecond)
			if c.find("x.test") != nil {
				t.Errorf("%v: there after %s", test, test.want)
			}
			if _, added := c.findOrAdd("x.test"); !added {
				t.Errorf("%v: not asked for again after %s", test, test.want)
			}
		})
	}
}

// TestW20CacheIsBounded: what is new takes the place of what expires soon.
func TestW20CacheIsBounded(t *testing.T) {
	c := cache{entries: map[string]*entry{}}
	add := func(name string, ttl time.Duration) {
		e, _ := c.findOrAdd(name)
		c.settle(e, Answer{TTL: ttl}, nil)
	}
	waiting, _ := c.findOrAdd("waiting.test")
	for i := range 2 * mostEntries {
		add(fmt.Sprintf("short%d.test", i), time.Minute)
	}
	if len(c.entries) != mostEntries {
		t.Errorf("%d entries", len(c.entries))
	}
	if c.find("waiting.test") != waiting {
		t.Error("a question that waits was forgotten, with others to choose from")
	}
}
