package systemd

import (
	"bufio"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// listen makes a runtime directory in which somebody listens at the manager's
// own socket, and serves every connection.
func listen(t *testing.T, serve func(net.Conn)) (runtime string) {
	t.Helper()
	runtime = t.TempDir()
	if err := os.Mkdir(filepath.Join(runtime, "systemd"), 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(runtime, "systemd/private"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
			go serve(c)
		}
	}()
	return runtime
}

// Somebody listens and never answers: neither at the manager's socket nor, for
// the second time, at the bus.
func TestSilentManager(t *testing.T) {
	runtime := listen(t, func(net.Conn) {})
	if err := os.Symlink("systemd/private", filepath.Join(runtime, "bus")); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	m, err := Connect(runtime)
	if err == nil {
		m.Close()
	}
	if !errors.Is(err, ErrSilent) || !strings.Contains(err.Error(), filepath.Join(runtime, "bus")) {
		t.Errorf("%v", err)
	}
	if took := time.Since(began); took < 2*greeting || took > 2*greeting+time.Second {
		t.Errorf("it took %v", took)
	}
}

// The time for greeting does not end a connection that was greeted.
func TestGreetedManager(t *testing.T) {
	answers := []string{"REJECTED EXTERNAL\r\n", "OK 00000000000000000000000000000000\r\n", "ERROR\r\n"}
	ended := make(chan error, 1)
	runtime := listen(t, func(c net.Conn) {
		in := bufio.NewReader(c)
		for _, answer := range answers {
			if _, err := in.ReadString('\n'); err != nil {
				ended <- err
				return
			}
			_, _ = c.Write([]byte(answer))
		}
		_, _ = in.ReadString('\n') // BEGIN
		_, err := in.ReadByte()
		ended <- err
	})
	m, err := Connect(runtime)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		t.Errorf("the connection has ended: %v", err)
	case <-time.After(greeting + time.Second/2):
	}
	m.Close()
	if err := <-ended; err == nil {
		t.Error("the connection was not closed")
	}
}

func TestNoManager(t *testing.T) {
	if _, err := Connect(t.TempDir()); !errors.Is(err, ErrNoManager) {
		t.Errorf("%v", err)
	}
}
