package terminal

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// All that was printed before a stop is shown, and somebody else who prints
// without end does not hold it up.
func TestSettle(t *testing.T) {
	dir := t.TempDir()
	text := bytes.Repeat([]byte("0123456789abcde\n"), 40<<10)
	if err := os.WriteFile(filepath.Join(dir, "printed"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	shown := filepath.Join(dir, "shown")
	settleWithin(t, filepath.Join(dir, "printed"), shown)
	if got, err := os.ReadFile(shown); err != nil || !bytes.Equal(got, text) {
		t.Errorf("%d bytes of %d are shown, %v", len(got), len(text), err)
	}
	settleWithin(t, "/dev/zero", filepath.Join(dir, "endless"))
}

func settleWithin(t *testing.T, printed, shown string) {
	t.Helper()
	in, err := os.Open(printed)
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.OpenFile(shown, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	r := &Relay{outer: &Terminal{fd: int(out.Fd())}, master: int(in.Fd())}
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.settle()
	}()
	select {
	case <-done:
		_, _ = in.Close(), out.Close()
	case <-time.After(20 * time.Second):
		t.Fatalf("what %s prints has no end", printed)
	}
}
