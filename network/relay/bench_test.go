package relay

import (
	"net"
	"testing"
	"time"
)

// BenchmarkConnection makes a connection, exchanges a byte and ends it, all ends of which
// are in this process.
func BenchmarkConnection(b *testing.B) {
	to := server(b, echo)
	s := newStage(b, to.String()).serve()
	s.all.Store(&to)
	b.ReportAllocs()
	for b.Loop() {
		c, err := net.Dial("tcp", s.listener.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		if err := exchange(c, "x"); err != nil {
			b.Fatal(err)
		}
		_ = c.Close()
	}
}

// BenchmarkRoundTrip exchanges a byte over one connection.
func BenchmarkRoundTrip(b *testing.B) {
	to := server(b, echo)
	s := newStage(b, to.String()).serve()
	c := s.dialTo(to)
	_ = c.SetDeadline(time.Time{})
	b.ReportAllocs()
	for b.Loop() {
		if err := exchange(c, "x"); err != nil {
			b.Fatal(err)
		}
	}
}
