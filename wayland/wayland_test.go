package wayland

import (
	"bytes"
	"errors"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv/compositor"
)

func start(t *testing.T, o compositor.Options) (*compositor.Compositor, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wayland-0")
	c, err := compositor.Start(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, path
}

// listener is a listening socket as a jail makes it, and its path.
func listener(t *testing.T) (fd int, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "in-the-jail")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrUnix{Name: path})
	}
	if err == nil {
		err = unix.Listen(fd, 8)
	}
	if err != nil {
		t.Fatal(err)
	}
	return fd, path
}

// Behind a confined socket the compositor hides its manager, which it shows at its own; when
// the pipe is closed nobody answers there any more.
func TestConfine(t *testing.T) {
	c, path := start(t, compositor.Options{})
	fd, inside := listener(t)
	end, err := Confine(path, fd, Context{"engine", "firefox", "7"})
	_ = unix.Close(fd)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Sandboxes(); !slices.Equal(got, []compositor.Sandbox{{Engine: "engine", App: "firefox", Instance: "7"}}) {
		t.Errorf("%+v", got)
	}
	for socket, want := range map[string]bool{path: true, inside: false} {
		if got, err := Offers(socket); err != nil || got != want {
			t.Errorf("%s: %v, %v", socket, got, err)
		}
	}
	_ = unix.Close(end)
	byWhen := time.Now().Add(10 * time.Second)
	for err = nil; !errors.Is(err, unix.ECONNREFUSED) && time.Now().Before(byWhen); {
		_, err = Offers(inside)
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("after the end: %v", err)
	}
}

func TestConfineRefused(t *testing.T) {
	for want, o := range map[string]compositor.Options{"not today": {Refuse: true}, ErrNoContexts.Error(): {NoContexts: true}} {
		_, path := start(t, o)
		fd, _ := listener(t)
		if _, err := Confine(path, fd, Context{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", o, err)
		}
		_ = unix.Close(fd)
	}
	if _, err := Offers(filepath.Join(t.TempDir(), "none")); !errors.Is(err, unix.ENOENT) {
		t.Errorf("no socket: %v", err)
	}
}

// answering listens and sends each client the same bytes, in pieces of this length.
func answering(t *testing.T, data []byte, piece int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
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
			for p := range slices.Chunk(data, piece) {
				_, _ = c.Write(p)
			}
			_, _ = c.Read(make([]byte, 1<<10))
			_ = c.(*net.UnixConn).CloseWrite()
			_, _ = c.Read(make([]byte, 1<<10))
			_ = c.Close()
		}
	}()
	return path
}

// offer are the events of a compositor with the manager: the registry is object 2, the
// callback object 3.
func offer(name string) []byte {
	return slices.Concat(
		newRequest(2, registryGlobal).word(5).text(name).word(1).bytes(),
		newRequest(2, 1).word(9).bytes(), // global_remove
		newRequest(3, callbackDone).word(0).bytes(),
	)
}

// Events come in pieces of any length.
func TestSplits(t *testing.T) {
	for _, piece := range []int{1, 3, 7, 8, 9, 13, 1 << 10} {
		for name, want := range map[string]bool{manager: true, "wl_shm": false, manager + "2": false} {
			if got, err := Offers(answering(t, offer(name), piece)); err != nil || got != want {
				t.Errorf("%s in pieces of %d: %v, %v", name, piece, got, err)
			}
		}
	}
}

func TestMalformed(t *testing.T) {
	whole := offer(manager)
	head := func(object, word uint32) []byte { return request(nil).word(object).word(word) }
	for name, data := range map[string][]byte{
		"length 0":            head(2, 0),
		"length 4":            head(2, 4<<16),
		"length 10":           append(head(2, 10<<16), 0, 0, 0, 0),
		"long text":           newRequest(2, registryGlobal).word(1).word(1 << 31).word(1).bytes(),
		"no text":             newRequest(2, registryGlobal).word(1).word(0).word(1).bytes(),
		"zero in a text":      newRequest(2, registryGlobal).word(1).text("a\x00b").word(1).bytes(),
		"something behind":    newRequest(2, registryGlobal).word(1).text("a").word(1).word(1).bytes(),
		"something missing":   newRequest(2, registryGlobal).word(1).text("a").bytes(),
		"an error":            newRequest(1, displayError).word(1).word(2).text("no").bytes(),
		"an error of no form": newRequest(1, displayError).word(1).bytes(),
		"cut":                 whole[:len(whole)-13],
		"a flood":             bytes.Repeat(newRequest(7, 0).word(1).bytes(), 1<<17),
	} {
		if _, err := Offers(answering(t, data, 1<<16)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzEvents(f *testing.F) {
	f.Add(offer(manager))
	f.Add(newRequest(1, displayError).word(1).word(2).text("no").bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		for {
			m, rest, found, err := next(data)
			if err != nil || !found {
				return
			}
			if len(rest) >= len(data) || len(m.body)%4 != 0 {
				t.Fatalf("a message of %d bytes leaves %d of %d", len(m.body), len(rest), len(data))
			}
			if g, err := globalOf(m.body); err == nil {
				again := newRequest(m.object, m.opcode).word(g.name).text(g.face).word(g.version).bytes()
				if len(again)-header != len(m.body) {
					t.Errorf("%+v is written with %d bytes, and was read from %d", g, len(again)-header, len(m.body))
				}
			}
			_ = errorOf(m.body)
			data = rest
		}
	})
}
