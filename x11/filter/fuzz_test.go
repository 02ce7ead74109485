package filter

import (
	"math/rand/v2"
	"testing"

	"github.com/jail-project/jail/x11/wire"
)

// FuzzRequests sends a client's bytes in two pieces: what reaches the server has to be whole
// requests of the table, with nobody else's ids where the table looks for ids.
func FuzzRequests(f *testing.F) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		var b []byte
		for range 5 {
			b = append(b, random(rnd)...)
		}
		f.Add(b, uint16(rnd.IntN(200)))
	}
	f.Add(append(req(rigMajor, 0), 127, 0, 0, 0, 2, 0, 0, 0), uint16(5))
	f.Fuzz(func(t *testing.T, b []byte, at uint16) {
		if len(b) > bufferSize {
			return
		}
		r := newRig(t, Options{Name: "f", MarkTitles: true, Clipboard: Crossing{In: Allow, Out: OnKey}})
		_ = r.from(b, int(at))
		r.mu.Lock()
		n := r.skip
		r.mu.Unlock()
		if n > maxRequest || len(r.buf) > maxWhole+8 || len(r.pending.ring) > maxAhead {
			t.Errorf("too much is kept: %d, %d, %d", n, len(r.buf), len(r.pending.ring))
		}
		seq := r.seq
		r.complete()
		out, ok := cut(r.toServer.all())
		if !ok || uint64(len(out)) != seq {
			t.Fatalf("%d requests were counted, and the server gets %d (%v)", seq, len(out), ok)
		}
		for _, b := range out {
			if v, bad := smuggled(b); bad {
				t.Errorf("%x was passed on, with %x", b, v)
			}
		}
	})
}

// FuzzReplies sends a server's bytes after some questions. What the client gets has to be
// whole messages, or the connection ends.
func FuzzReplies(f *testing.F) {
	rnd := rand.New(rand.NewPCG(2, 2))
	for range 50 {
		r := newRig(f, Options{})
		b := asked()
		_ = r.from(b)
		out, _ := cut(r.toServer.all())
		f.Add(answers(rnd, out, 1), uint16(rnd.IntN(200)))
	}
	f.Fuzz(func(t *testing.T, b []byte, at uint16) {
		if len(b) > bufferSize {
			return
		}
		r := newRig(t, Options{})
		if err := r.from(asked()); err != nil {
			t.Fatal(err)
		}
		err := r.fromServer(b, int(at))
		if len(r.rbuf) > maxReply {
			t.Errorf("a buffer of %d bytes", len(r.rbuf))
		}
		if err != nil {
			return // the connection ends, wherever it is
		}
		for m := r.toClient.all(); len(m) > 0; {
			n := wire.MessageSize
			if m[0] == wire.Reply || m[0] == wire.GenericEvent {
				n += 4 * int(wire.U32(m[4:]))
			}
			if n > len(m) {
				if r.rskip != n-len(m) {
					t.Errorf("%d bytes of a message are missing, and %d are expected", n-len(m), r.rskip)
				}
				return
			}
			m = m[n:]
		}
	})
}

// asked are requests with all kinds of replies.
func asked() (b []byte) {
	for _, r := range [][]byte{
		req(43, 0), req(44, 0), req(15, 0, rigRoot), req(38, 0, rigRoot), req(40, 0, rigRoot, rigRoot, 0),
		req(99, 0), req(73, 0, rigRoot, 0, 0, 0), req(20, 0, rigBase, 1, 0, 0, 1), req(23, 0, 1), req(127, 0),
		req(rigMajor, 0), req(rigMajor+11, 40, rigRoot, 2), req(rigMajor+12, 4, 0), req(rigMajor+4, 7, rigBase, 4, 0),
	} {
		b = append(b, r...)
	}
	return b
}
