package wire

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// accepted is how a server with one screen accepts a client.
func accepted() []byte {
	b := make([]byte, 40+8+8+40+8+24)
	b[0] = 1
	PutU16(b[2:], 11)
	PutU16(b[6:], uint16(len(b)-8)/4)
	PutU32(b[12:], 0x400000)
	PutU32(b[16:], 0x1fffff)
	PutU16(b[24:], 5)
	PutU16(b[26:], 0xffff)
	b[28], b[29] = 1, 1
	copy(b[40:], "bench")
	screen := b[56:]
	PutU32(screen, 0x123)
	PutU32(screen[4:], 0x20)
	screen[39] = 1
	PutU16(screen[42:], 1)
	return b
}

func TestSetup(t *testing.T) {
	s, err := ReadSetup(bytes.NewReader(accepted()))
	if err != nil {
		t.Fatal(err)
	}
	if s.Base != 0x400000 || s.Shift() != 21 || s.Max != 4*0xffff || s.Roots[0] != 0x123 || s.Colormaps[0] != 0x20 {
		t.Errorf("got %+v", s)
	}
	for name, change := range map[string]func(b []byte){
		"a mask with a hole":      func(b []byte) { PutU32(b[16:], 0x1ffffd) },
		"a mask that is small":    func(b []byte) { PutU32(b[16:], 0xffff) },
		"all bits":                func(b []byte) { PutU32(b[16:], 0xffffffff) },
		"a base within the mask":  func(b []byte) { PutU32(b[12:], 0x400001) },
		"the base of the server":  func(b []byte) { PutU32(b[12:], 0) },
		"a base of too many bits": func(b []byte) { PutU32(b[12:], 0x40000000) },
		"no screen":               func(b []byte) { b[28] = 0 },
		"more screens":            func(b []byte) { b[28] = 200 },
		"more depths":             func(b []byte) { b[56+39] = 9 },
		"more visuals":            func(b []byte) { PutU16(b[56+42:], 9) },
		"a long vendor":           func(b []byte) { PutU16(b[24:], 999) },
		"short requests only":     func(b []byte) { PutU16(b[26:], 1) },
	} {
		b := accepted()
		change(b)
		if _, err := ReadSetup(bytes.NewReader(b)); !errors.Is(err, ErrSetup) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ReadSetup(bytes.NewReader(Failure("no", false))); err == nil {
		t.Error("a refusal is no error")
	}
	if _, err := ReadSetup(bytes.NewReader(accepted()[:50])); err == nil {
		t.Error("half a setup is no error")
	}
}

func TestHello(t *testing.T) {
	hello := Hello([]byte("0123456789abcdef"))
	rest := bytes.NewReader(append(bytes.Clone(hello), "rest"...))
	if err := ReadHello(rest); err != nil {
		t.Error(err)
	}
	if left, _ := io.ReadAll(rest); string(left) != "rest" {
		t.Errorf("left is %q", left)
	}
	if err := ReadHello(bytes.NewReader(Hello(nil))); err != nil {
		t.Errorf("without a cookie: %v", err)
	}
	big := []byte{'B', 0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0}
	if err := ReadHello(bytes.NewReader(big)); !errors.Is(err, ErrByteOrder) {
		t.Errorf("big-endian: %v", err)
	}
	for name, b := range map[string][]byte{
		"another byte order": {'x', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"another version":    {'l', 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"a long name":        {'l', 0, 11, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0},
	} {
		if err := ReadHello(bytes.NewReader(b)); !errors.Is(err, ErrSetup) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFailureSaysItInTheClientsOrder(t *testing.T) {
	b := Failure("why", true)
	if len(b) != 12 || b[0] != 0 || b[1] != 3 || b[3] != 11 || b[7] != 1 {
		t.Errorf("got %v", b)
	}
	if b := Failure(string(make([]byte, 999)), false); b[1] != 255 || len(b) != 8+256 {
		t.Errorf("a long reason becomes %d bytes", len(b))
	}
}

func FuzzSetup(f *testing.F) {
	f.Add(accepted(), Hello([]byte("cookie")))
	f.Add(Failure("no", false), []byte{'B', 0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, server, client []byte) {
		if s, err := ReadSetup(bytes.NewReader(server)); err == nil {
			if s.Base&s.Mask != 0 || s.Base>>s.Shift() >= 1<<11 || len(s.Roots) != len(s.Colormaps) {
				t.Errorf("accepted %+v", s)
			}
		}
		_ = ReadHello(bytes.NewReader(client))
	})
}
