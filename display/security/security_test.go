package security

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jail-project/jail/display"
)

// server is an X server that has the extension SECURITY, or does something wrong.
type server struct {
	path    string
	wrong   string // what it does wrong
	mu      sync.Mutex
	asked   []string
	revoked bool
}

const (
	opcode  = 137
	authID  = 0x1234567
	made    = "made by a server"
	trusted = "trusted by those"
)

func start(t *testing.T, wrong string) *server {
	t.Helper()
	s := &server{path: filepath.Join(t.TempDir(), "X"), wrong: wrong}
	l, err := net.Listen("unix", s.path)
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
			go s.serve(c)
		}
	}()
	return s
}

func (s *server) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	var head [12]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return
	}
	rest := make([]byte, (int(head[6])+3)&^3+(int(head[8])+3)&^3)
	if _, err := io.ReadFull(c, rest); err != nil {
		return
	}
	is := func(cookie string) bool { return bytes.Equal(rest, append(padded(display.CookieName), cookie...)) }
	if !is(trusted) && !is(made) || s.wrong == "setup" {
		reason := padded("go away")
		_, _ = c.Write(append([]byte{0, 7, 11, 0, 0, 0, byte(len(reason) / 4), 0}, reason...))
		return
	}
	_, _ = c.Write([]byte{1, 0, 11, 0, 0, 0, 1, 0, 1, 2, 3, 4})
	for {
		var head [4]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return
		}
		body := make([]byte, 4*int(binary.LittleEndian.Uint16(head[2:]))-4)
		if _, err := io.ReadFull(c, body); err != nil {
			return
		}
		if answer := s.answer(head, body, is(trusted)); answer != nil {
			_, _ = c.Write(append(event(), answer...))
		}
	}
}

// event is one that nobody asked for, as a server may send at any time.
func event() []byte { return append([]byte{34}, make([]byte, 31)...) }

func (s *server) answer(head [4]byte, body []byte, full bool) []byte {
	reply := append([]byte{1}, make([]byte, 31)...)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case head[0] == queryExtension && (full && s.wrong != "absent" || s.wrong == "trusts"):
		reply[8], reply[9] = 1, opcode
	case head[0] == opcode && head[1] == generate && s.wrong == "error":
		return append([]byte{0, 2}, make([]byte, 30)...)
	case head[0] == opcode && head[1] == generate:
		s.asked = append(s.asked, string(body))
		binary.LittleEndian.PutUint32(reply[4:], 4)
		binary.LittleEndian.PutUint32(reply[8:], authID)
		binary.LittleEndian.PutUint16(reply[12:], 16)
		if s.wrong == "short" {
			binary.LittleEndian.PutUint16(reply[12:], 8)
		}
		return append(reply, made...)
	case head[0] == opcode && head[1] == revoke:
		s.revoked = binary.LittleEndian.Uint32(body) == authID
		return nil
	}
	return reply
}

func (s *server) saw() (asked []string, revoked bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked, s.revoked
}

func cookie() display.Cookie { return display.Cookie{Name: display.CookieName, Data: []byte(trusted)} }

func TestAuthorize(t *testing.T) {
	s := start(t, "")
	a, err := Authorize(s.path, cookie())
	if err != nil || string(a.Cookie.Data) != made || a.Cookie.Name != display.CookieName {
		t.Fatalf("%+v, %v", a, err)
	}
	asked, revoked := s.saw()
	// The name, no timeout, not trusted: 1 is SecurityClientUntrusted.
	want := "\x12\x00\x00\x00\x03\x00\x00\x00" + string(padded(display.CookieName)) + "\x00\x00\x00\x00\x01\x00\x00\x00"
	if !slices.Equal(asked, []string{want}) || revoked {
		t.Errorf("asked for %q, want %q", asked, want)
	}
	a.Revoke()
	if _, revoked := s.saw(); !revoked {
		t.Error("the cookie is not revoked")
	}
}

// X10: whatever goes wrong, there is no cookie.
func TestX10AuthorizeFails(t *testing.T) {
	for wrong, want := range map[string]string{
		"setup": "go away", "absent": "no extension SECURITY", "error": "the error 2", "short": "8 bytes", "trusts": ErrTrusted.Error(),
	} {
		s := start(t, wrong)
		a, err := Authorize(s.path, cookie())
		if err == nil || a != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v", wrong, a, err)
		}
		if _, revoked := s.saw(); wrong == "trusts" && !revoked {
			t.Error("a cookie of which the server trusts the clients is not revoked")
		}
	}
	if _, err := Authorize(start(t, "trusts").path, cookie()); !errors.Is(err, ErrTrusted) {
		t.Error(err)
	}
	if _, err := Authorize(start(t, "").path, display.Cookie{}); err == nil {
		t.Error("without a cookie")
	}
	if _, err := Authorize(filepath.Join(t.TempDir(), "nothing"), cookie()); err == nil {
		t.Error("without a server")
	}
}

func TestOffered(t *testing.T) {
	for wrong, want := range map[string]bool{"": true, "absent": false} {
		if has, err := Offered(start(t, wrong).path, cookie()); err != nil || has != want {
			t.Errorf("%q: %v, %v", wrong, has, err)
		}
	}
}
