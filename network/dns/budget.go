package dns

import (
	"sync"
	"time"
)

// budget bounds what a program can tell the name servers of an allowed domain by the names
// that it asks for: so many different names a minute for each wildcard. A name that was
// asked for in the same minute costs nothing.
type budget struct {
	most int // for each wildcard and minute

	mu      sync.Mutex
	windows map[string]*window
}

// window is one minute of a wildcard.
type window struct {
	begin time.Time
	spent int
	names map[string]struct{} // no more than spent
}

// spend tells whether a name may be looked up.
func (b *budget) spend(wildcard, name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.windows[wildcard]
	if w == nil || time.Since(w.begin) >= time.Minute {
		w = &window{begin: time.Now(), names: map[string]struct{}{}}
		b.windows[wildcard] = w
	}
	if _, known := w.names[name]; known {
		return true
	}
	price := 1 + (len(name)-1)/32
	if w.spent+price > b.most {
		return false
	}
	w.spent += price
	w.names[name] = struct{}{}
	return true
}
