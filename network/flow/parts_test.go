package flow

import (
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestIsOver(t *testing.T) {
	const minute, day = 60_000, 24 * 3600_000
	state := func(state uint8, received, sent uint32) *unix.TCPInfo {
		return &unix.TCPInfo{State: state, Last_data_recv: received, Last_data_sent: sent}
	}
	for _, c := range []struct {
		name    string
		in, out *unix.TCPInfo
		over    bool
	}{
		{"young", state(established, 0, 0), state(established, 0, 0), false},
		{"silent for a day", state(established, day+1, day+1), state(established, day+1, day+1), true},
		{"one direction of four in use", state(established, day+1, day+1), state(established, day+1, day-1), false},
		{"half closed, for an hour", state(8, 61*minute, 61*minute), state(4, 61*minute, 61*minute), true},
		{"half closed, in use", state(8, 61*minute, 61*minute), state(4, 59*minute, 61*minute), false},
		{"open, for an hour", state(established, 61*minute, 61*minute), state(established, 61*minute, 61*minute), false},
		{"reset, a while ago", state(reseted, minute+1, minute+1), state(established, minute+1, minute+1), true},
		{"reset just now", state(reseted, 1, 1), state(established, 1, 1), false},
	} {
		if isOver(c.in, c.out) != c.over {
			t.Error(c.name)
		}
	}
}

func TestInTurns(t *testing.T) {
	addrs := func(text string) (list []netip.AddrPort) {
		for f := range strings.FieldsSeq(text) {
			list = append(list, netip.AddrPortFrom(netip.MustParseAddr(f), 1))
		}
		return list
	}
	for _, c := range []struct{ from, to string }{
		{"", ""},
		{"1.1.1.1", "1.1.1.1"},
		{"::1 ::2 ::3 1.1.1.1 2.2.2.2", "::1 1.1.1.1 ::2 2.2.2.2 ::3"},
		{"1.1.1.1 2.2.2.2 ::1", "1.1.1.1 ::1 2.2.2.2"},
	} {
		if got := fmt.Sprint(inTurns(addrs(c.from))); got != fmt.Sprint(addrs(c.to)) {
			t.Errorf("%s: %s", c.from, got)
		}
	}
}

func TestAffordable(t *testing.T) {
	if got := Affordable(3, 6, 128); got != 3 {
		t.Errorf("%d of 3", got)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if got := Affordable(1<<40, 6, 128); got < 1 || uint64(got)*6 > limit.Cur {
		t.Errorf("%d with %d open files", got, limit.Cur)
	}
}
