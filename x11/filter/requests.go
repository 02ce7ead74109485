package filter

import (
	"errors"
	"math/bits"

	"github.com/jail-project/jail/x11/rules"
	"github.com/jail-project/jail/x11/wire"
)

// request is one request of a client while it is decided about.
type request struct {
	head []byte // its first four bytes; changes go to the server
	// b has the fields at the offsets of the specification, from 4 on: the length of a
	// request in the form of BIG-REQUESTS is left out. It has at least as much as the row
	// asks for, and what has come so far.
	b []byte
	n int // the length, the one in the form of BIG-REQUESTS left out

	// What the decision says beside the verdict.
	value  uint32 // the id that was refused
	need   int    // so many bytes are needed to decide
	kind   replyKind
	take   int          // so many descriptors go with it
	denied rules.Denial // how it is denied
	quiet  bool         // and not counted: nearly every program does this
}

// verdict is what is decided.
type verdict uint8

const (
	pass       verdict = iota // as it is in the buffer, perhaps changed
	deny                      // by request.denied
	substitute                // client.scratch takes its place
	more                      // undecided: request.need
)

var errLength = errors.New("a request with an impossible length")

// requests passes on what the client sends, until it ends.
func (c *client) requests() error {
	for {
		n, fds, err := c.jail.read(c.buf[c.have:], c.fds)
		c.fds = fds
		if err != nil {
			return err
		}
		c.mu.Lock()
		c.have += n
		err = c.forward()
		c.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

// forward decides about all requests in the buffer and writes what is to be written, if
// possible at once. A request that is not complete enough stays in the buffer.
func (c *client) forward() error {
	c.pos, c.sent = 0, 0
	for c.pos < c.have {
		var err error
		left := c.have - c.pos
		switch {
		case c.skip > 0:
			left = min(left, c.skip)
			c.pos += left
			if c.skip -= left; c.skip == 0 {
				err = c.boundary()
			}
		case c.drop > 0:
			err = c.flush()
			left = min(left, c.drop)
			c.pos += left
			c.sent = c.pos
			c.drop -= left
		default:
			var need int
			if need, err = c.next(); need > 0 {
				return c.keep(need)
			}
		}
		if err != nil {
			return err
		}
	}
	return c.keep(0)
}

// keep writes what is decided, and moves the rest to the front of a buffer in which there is
// room for need bytes.
func (c *client) keep(need int) error {
	if err := c.flush(); err != nil {
		return err
	}
	rest := c.buf[c.pos:c.have]
	if need > len(c.buf) {
		c.buf = make([]byte, need)
	}
	c.have = copy(c.buf, rest)
	c.pos, c.sent = 0, 0
	return nil
}

// flush writes what is decided and not written, with the descriptors that belong to it.
func (c *client) flush() error {
	if c.sent == c.pos {
		return nil
	}
	err := c.host.write(c.buf[c.sent:c.pos], c.attach)
	closeAll(c.attach)
	c.attach = c.attach[:0]
	c.sent = c.pos
	return err
}

// next decides about the request at the front. If it needs more bytes for that, it returns how
// many.
func (c *client) next() (need int, err error) {
	b := c.buf[c.pos:c.have]
	if len(b) < 4 {
		return 4, nil
	}
	n, extra := 4*int(wire.U16(b[2:])), 0
	if n == 0 {
		if !c.big {
			return 0, errLength
		}
		if len(b) < 8 {
			return 8, nil
		}
		n, extra = 4*int(wire.U32(b[4:])), 4
	}
	if n < 4+extra || int64(n) > c.maximum.Load() {
		return 0, errLength
	}
	r := request{head: b[:4], n: n - extra}
	row := c.d.row(b[0], b[1])
	need = 4 + extra
	switch {
	case row == nil:
		r.denied = rules.BadRequest
	case r.n < int(row.Size):
		r.denied = rules.BadLength
	case row.whole:
		need = n
	default:
		need = int(row.Size) + extra
	}
	v := deny
	if r.denied == 0 {
		if need > maxWhole {
			r.denied = rules.BadLength
		} else if len(b) < need {
			return need, nil
		} else {
			r.b = b[extra:min(n, len(b))]
			r.denied = row.Denied
			v = c.judge(&r, row)
			if v == more && r.need+extra <= maxWhole {
				return r.need + extra, nil
			}
		}
	}
	return 0, c.carry(&r, row, v, n, len(b))
}

// row is the row of a request, or nil.
func (d *display) row(major, minor byte) *row {
	if major < wire.FirstExtension {
		if r := &d.coreRows[major]; r.Request != nil {
			return r
		}
		return nil
	}
	if e := d.extensions[major-wire.FirstExtension]; e != nil && e.rows[minor].Request != nil {
		return &e.rows[minor]
	}
	return nil
}

// judge looks at the ids, and then at what the row says beside them.
func (c *client) judge(r *request, row *row) verdict {
	r.take = int(row.Descriptors)
	if row.Returned {
		r.kind = withDescriptors
	}
	for i := range row.IDs {
		if !c.checkID(r, &row.IDs[i]) {
			return deny
		}
	}
	if row.Do != rules.Nothing {
		if v := c.special(r, row); v != pass {
			return v
		}
	}
	if len(c.fds) < r.take {
		return deny
	}
	return pass
}

// checkID tells whether all ids at one place of a request are what they have to be.
func (c *client) checkID(r *request, id *rules.ID) bool {
	at := int(id.At)
	switch {
	case id.Step != 0:
		for ; at+4 <= r.n; at += int(id.Step) {
			if r.value = wire.U32(r.b[at:]); !c.d.fits(r.value, id.Is) {
				return false
			}
		}
		return true
	case id.Mask != 0:
		mask := wire.U32(r.b[id.Mask:])
		if mask>>id.Bit&1 == 0 {
			return true
		}
		if at += 4 * bits.OnesCount32(mask&(1<<id.Bit-1)); at+4 > r.n {
			r.denied = rules.BadLength
			return false
		}
	}
	r.value = wire.U32(r.b[at:])
	return c.d.fits(r.value, id.Is)
}

// carry does what is decided about a request of n bytes, of which have are in the buffer.
func (c *client) carry(r *request, row *row, v verdict, n, have int) error {
	have = min(have, n)
	if c.seq-c.pushed >= maxUnasked {
		if err := c.flush(); err != nil {
			return err
		}
		if err := c.sync(nil); err != nil {
			return err
		}
	}
	if v == pass || v == substitute {
		return c.carryOn(r, row, v, n, have)
	}
	if !r.quiet {
		c.d.f.deniedRequest(row)
	}
	taken := min(r.take, len(c.fds))
	closeAll(c.fds[:taken])
	c.fds = append(c.fds[:0], c.fds[taken:]...)
	if r.denied == rules.Drop {
		r.head[0] = wire.ReqNoOperation
		c.seq++
		c.pos += have
		c.skip = n - have
		return nil
	}
	d := denial{how: r.denied, value: r.value, major: r.head[0], minor: r.head[1]}
	if err := c.expect(denied, d.pack()); err != nil {
		return err
	}
	if err := c.flush(); err != nil {
		return err
	}
	c.pos += have
	c.sent = c.pos
	c.drop = n - have
	return c.host.write(getInputFocus[:], nil)
}

// carryOn passes a request on, or what takes its place.
func (c *client) carryOn(r *request, row *row, v verdict, n, have int) error {
	if row.Reply {
		if err := c.expect(r.kind, 0); err != nil {
			return err
		}
	} else {
		c.seq++
	}
	if r.take > 0 {
		c.attach = append(c.attach, c.fds[:r.take]...)
		c.fds = append(c.fds[:0], c.fds[r.take:]...)
	}
	if v == substitute {
		if err := c.flush(); err != nil {
			return err
		}
		c.pos += have
		c.sent = c.pos
		return c.host.write(c.scratch, nil)
	}
	c.pos += have
	c.skip = n - have
	return nil
}

// expect counts a request that is answered.
func (c *client) expect(kind replyKind, arg uint64) error {
	e := expected{seq: c.seq + 1, arg: arg, kind: kind}
	if !c.pending.push(e, nil) {
		if err := c.flush(); err != nil {
			return err
		}
		if err := c.pending.wait(e.seq); err != nil {
			return err
		}
		c.pending.push(e, nil)
	}
	c.seq++
	c.pushed = c.seq
	return nil
}
