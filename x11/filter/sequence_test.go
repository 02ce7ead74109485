package filter

import (
	"math/rand/v2"
	"testing"

	"github.com/jail-project/jail/x11/rules"
	"github.com/jail-project/jail/x11/wire"
)

// answered tells whether a server answers a request with a reply.
func answered(b []byte) bool {
	row := rules.Core(b[0])
	if b[0] >= rigMajor && int(b[0]-rigMajor) < len(rules.Extensions()) {
		row = rules.Extensions()[b[0]-rigMajor].Request(b[1])
	}
	return row != nil && row.Reply
}

// answers is what a server sends for some requests, the first of which has the number first:
// a reply with two words more than it has to, or an error, and events in between.
func answers(rnd *rand.Rand, requests [][]byte, first int) (stream []byte) {
	for i, b := range requests {
		m := make([]byte, wire.MessageSize)
		chance := rnd.IntN(27)
		switch {
		case b[0] == wire.ReqGetInputFocus:
			m[0] = wire.Reply
		case answered(b) && rnd.IntN(4) > 0:
			m = append(m, 0, 0, 0, 0, 0, 0, 0, 0)
			m[0] = wire.Reply
			wire.PutU32(m[4:], 2)
		case answered(b), chance < 9:
			m[1] = wire.BadValue
		case chance < 15:
			m[0] = 12 // Expose
		case chance < 19:
			m = make([]byte, 96)
			m[0] = wire.GenericEvent
			wire.PutU32(m[4:], 16)
		default:
			continue
		}
		wire.PutU16(m[2:], uint16(first+i))
		stream = append(stream, m...)
	}
	return stream
}

// messages takes a stream of a server apart.
func messages(t *testing.T, b []byte) (all [][]byte) {
	t.Helper()
	for len(b) > 0 {
		n := wire.MessageSize
		if len(b) >= n && (b[0] == wire.Reply || b[0] == wire.GenericEvent) {
			n += 4 * int(wire.U32(b[4:]))
		}
		if n > len(b) {
			t.Fatalf("the client gets half a message: %x", b)
		}
		all, b = append(all, b[:n]), b[n:]
	}
	return all
}

// TestSequenceNumbers lets requests be replaced, dropped and denied, and the filter ask
// questions of its own in between, and compares what the client gets with what it asked.
func TestSequenceNumbers(t *testing.T) {
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		r := newRig(t, Options{Name: "n", MarkTitles: true})
		// The number of an answer that has to come, in the client's own count.
		var want []uint16
		count, denials := 0, 0
		for range 300 {
			b := random(rnd)
			if b[0] == 113 {
				continue // KillClient ends the client itself
			}
			count++
			before := r.pending.tail
			if err := r.from(b, 1+rnd.IntN(300)); err != nil {
				t.Fatal(err)
			}
			if r.pending.tail != before {
				want = append(want, uint16(count))
				if !answered(b) {
					denials++ // by an error
				}
			}
			if rnd.IntN(10) == 0 {
				r.mu.Lock()
				if err := r.sync(nil); err != nil {
					t.Fatal(err)
				}
				r.mu.Unlock()
			}
			if rnd.IntN(10) == 0 && r.skip == 0 {
				r.grabs = map[string]struct{}{string(req(32, 0, 0)): {}}
				if ok, err := r.release(make(chan struct{})); !ok || err != nil {
					t.Fatal(err)
				}
			}
		}
		out, ok := cut(r.toServer.all())
		if !ok || uint64(len(out)) != r.seq {
			t.Fatalf("the server gets %d requests, and %d were counted", len(out), r.seq)
		}
		if err := r.fromServer(answers(rnd, out, 1), 1+rnd.IntN(200)); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		var got []uint16
		last := uint16(0)
		for _, m := range messages(t, r.toClient.all()) {
			number := wire.U16(m[2:])
			if number < last || int(number) > count {
				t.Fatalf("seed %d: the number %d comes after %d", seed, number, last)
			}
			last = number
			if m[0] == wire.Reply || m[0] == wire.Error && len(got) < len(want) && want[len(got)] == number {
				got = append(got, number)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("seed %d: %d answers for %d questions", seed, len(got), len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("seed %d: answer %d is for request %d, not %d", seed, i, got[i], want[i])
			}
		}
		if denials == 0 {
			t.Error("nothing was denied by an error: this tests less than it should")
		}
	}
}

// TestAnswersOutOfOrder sends what no server sends. The connection has to end: what is taken
// for another reply would get by without its treatment.
func TestAnswersOutOfOrder(t *testing.T) {
	reply := func(seq uint16) []byte {
		m := make([]byte, wire.MessageSize)
		m[0] = wire.Reply
		wire.PutU16(m[2:], seq)
		return m
	}
	ask := append(req(wire.ReqGetInputFocus, 0), req(44, 0)...)
	for name, stream := range map[string][]byte{
		"the second one first": reply(2),
		"an unasked one":       reply(3),
		"twice":                append(reply(1), reply(1)...),
		"too long":             {1, 0, 1, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
	} {
		r := newRig(t, Options{})
		if err := r.from(ask); err != nil {
			t.Fatal(err)
		}
		if err := r.fromServer(stream); err == nil {
			t.Errorf("%s: the connection goes on", name)
		}
	}
	r := newRig(t, Options{})
	if err := r.from(ask); err != nil {
		t.Fatal(err)
	}
	if err := r.fromServer(append(reply(1), reply(2)...), 5); err != nil {
		t.Errorf("the control fails: %v", err)
	}
}

// TestManyRequestsWithoutReplies sends more than the sequence numbers can count, of which none
// has a reply. The filter has to ask something itself in between.
func TestManyRequestsWithoutReplies(t *testing.T) {
	r := newRig(t, Options{})
	var stream []byte
	for range 1000 {
		stream = append(stream, req(127, 0)...)
	}
	for range 15 {
		if err := r.from(stream); err != nil {
			t.Fatal(err)
		}
	}
	if r.pushed != 0 {
		t.Errorf("after 15000 requests the filter has asked something: %d", r.pushed)
	}
	for range 10 {
		if err := r.from(stream); err != nil {
			t.Fatal(err)
		}
	}
	if r.pushed != maxUnasked+1 || r.seq != 25001 {
		t.Errorf("it asked with number %d, and counts %d", r.pushed, r.seq)
	}
}

// TestMemory sends much of what makes the filter keep something.
func TestMemory(t *testing.T) {
	r := newRig(t, Options{})
	one := req(20, 0, rigBase, 1, 0, 0, 1)
	for range maxAhead - 1 {
		if err := r.from(one); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(r.pending.ring); n > maxAhead {
		t.Errorf("%d requests are remembered", n)
	}
	if r.pending.push(expected{seq: r.seq + 1}, nil) {
		t.Error("one more is not refused")
	}
	// A request that has to be there as a whole, and one that has not.
	r = newRig(t, Options{})
	if err := r.from(req(rigMajor, 0)); err != nil {
		t.Fatal(err)
	}
	for _, opcode := range []byte{74, 72} {
		head := []byte{opcode, 0, 0, 0, 0, 0, 0x80, 0}
		head = append(head, make([]byte, 40)...)
		wire.PutU32(head[8:], rigBase)
		wire.PutU32(head[12:], rigBase)
		if err := r.from(head); err != nil {
			t.Fatal(err)
		}
		if skip, drop := r.skip > 0, r.drop > 0; skip != (opcode == 72) || drop != (opcode == 74) {
			t.Errorf("request %d: passed on %v, dropped %v", opcode, skip, drop)
		}
		if opcode == 74 {
			for r.drop > 0 {
				if err := r.from(make([]byte, min(r.drop, 60000))); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if len(r.buf) > bufferSize {
		t.Errorf("the buffer has %d bytes", len(r.buf))
	}
}
