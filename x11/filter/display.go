package filter

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jail-project/jail/x11/rules"
	"github.com/jail-project/jail/x11/wire"
)

// display is what the connections of a jail share while one X server runs: whose resources are
// the jail's, what extensions and atoms are called there, and a connection of the filter's own,
// by which it asks what it needs for a decision.
type display struct {
	f     *Filter
	ask   *asker
	shift int
	mask  uint32
	roots []uint32
	maps  []uint32

	// own has a bit for each base that the server has given to a connection of the jail.
	own [maxBases / 64]atomic.Uint64

	coreRows   [128]row        // by opcode
	extensions [128]*extension // by major opcode - 128
	events     [128]eventKind
	xinput     byte // the major opcode
	atoms      atoms
	selections [selectionCount]selection

	mu      sync.Mutex
	clients map[*client]struct{}
	closed  bool

	grants  grants
	drags   drags
	pointed pointed
	input   input
}

// maxBases is how many clients a server can have: an id has 29 bits, of which a client chooses
// 18 or more.
const maxBases = 1 << (29 - 18)

// extension is one that the server has and the jail sees.
type extension struct {
	rules.Extension
	rows [256]row
}

// row is a row of the rules, with what is computed once.
type row struct {
	*rules.Request
	whole bool
}

func (f *Filter) newRow(r *rules.Request) row {
	if r == nil {
		return row{}
	}
	if f.testOnlyRow != nil {
		changed := f.testOnlyRow(*r)
		r = &changed
	}
	return row{r, r.Whole()}
}

// apply makes the rows of an extension. With none it makes those of the core protocol.
func (d *display) apply(e *rules.Extension, major byte) {
	if e == nil {
		for opcode := range d.coreRows {
			d.coreRows[opcode] = d.f.newRow(rules.Core(byte(opcode)))
		}
		return
	}
	known := &extension{Extension: *e}
	for minor := range known.rows {
		known.rows[minor] = d.f.newRow(e.Request(byte(minor)))
	}
	d.extensions[major-wire.FirstExtension] = known
}

// input is when the user last did something in a window of the jail.
type input struct {
	any atomic.Int64 // a key or a button, in nanoseconds since the filter began
	key atomic.Int64 // one that means a paste or a copy
}

// recent is for how long an input counts.
const recent = 2 * time.Second

func (d *display) since(when *atomic.Int64) bool {
	at := when.Load()
	return at != 0 && d.now()-at < int64(recent)
}

func (d *display) now() int64 { return int64(time.Since(d.f.began)) + 1 }

// setBase adds a base to the jail's, or removes it.
func (d *display) setBase(base uint32, own bool) {
	n := base >> d.shift
	word, bit := &d.own[n/64%uint32(len(d.own))], uint64(1)<<(n%64)
	if own {
		word.Or(bit)
	} else {
		word.And(^bit)
	}
}

// isOwn tells whether a client of the jail could have made a resource.
func (d *display) isOwn(id uint32) bool {
	n := id >> d.shift
	return n < maxBases && d.own[n/64].Load()>>(n%64)&1 != 0
}

func (d *display) isRoot(id uint32) bool {
	return slices.Contains(d.roots, id)
}

// fits tells whether an id is what a request needs.
func (d *display) fits(id uint32, class rules.Class) bool {
	if d.isOwn(id) {
		return true
	}
	switch class {
	case rules.Own:
		return false
	case rules.OwnOrNone:
		return id == 0
	case rules.OwnOrRoot:
		return d.isRoot(id)
	case rules.OwnOrRootOrNone:
		return id == 0 || d.isRoot(id)
	case rules.OwnOrParent:
		return id <= 1
	case rules.OwnOrColormap:
		return id == 0 || slices.Contains(d.maps, id)
	case rules.OwnOrServer:
		return id <= d.mask
	case rules.OwnOrGranted:
		return d.isRoot(id) || d.grants.has(id, d.now())
	}
	return false
}

// connect makes the display of a server: its own connection, and what it asks at first.
func (f *Filter) connect() (*display, error) {
	ask, setup, err := f.newAsker()
	if err != nil {
		return nil, err
	}
	d := &display{f: f, ask: ask, shift: setup.Shift(), mask: setup.Mask, roots: setup.Roots, maps: setup.Colormaps, clients: map[*client]struct{}{}}
	if err := d.learn(setup.Base); err != nil {
		ask.close()
		return nil, fmt.Errorf("ask the X server: %w", err)
	}
	go func() {
		<-ask.done
		d.close()
	}()
	return d, nil
}

// learn asks for the numbers of extensions and atoms.
func (d *display) learn(base uint32) error {
	d.events = coreEvents()
	d.apply(nil, 0)
	for _, e := range d.f.extensions {
		if e.GPU && !d.f.o.GPU {
			continue
		}
		major, first, err := d.ask.extension(e.Name)
		if err != nil {
			return err
		}
		if major < wire.FirstExtension {
			continue
		}
		d.apply(&e, major)
		switch e.Name {
		case rules.XInput:
			d.xinput = major
		case rules.XFixes:
			d.events[first&0x7f] = eventXFixesSelection
		case rules.Xkb:
			d.events[first&0x7f] = eventXkb
		}
	}
	return d.learnAtoms(base)
}

// close ends all connections. Without the filter's own connection nothing can be decided, and
// the server has probably ended.
func (d *display) close() {
	d.mu.Lock()
	d.closed = true
	all := make([]*client, 0, len(d.clients))
	for c := range d.clients {
		all = append(all, c)
	}
	d.mu.Unlock()
	d.ask.close()
	for _, c := range all {
		c.end()
	}
}

// add notes a connection, whose base is the jail's from now on.
func (d *display) add(c *client) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	d.clients[c] = struct{}{}
	d.setBase(c.base, true)
	return true
}
