package hello

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

// errSeen ends a handshake when its hello has been read.
var errSeen = errors.New("the hello was read")

// sentTo has crypto/tls read what a client sent, and returns the server name in the
// hello. ok is false if it takes the bytes for no hello.
func sentTo(sent []byte) (name string, ok bool) {
	server := tls.Server(&recording{Reader: bytes.NewReader(sent)}, &tls.Config{
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			name, ok = hello.ServerName, true
			return nil, errSeen
		},
	})
	if err := server.Handshake(); errors.Is(err, errSeen) != ok {
		panic(fmt.Sprint("the handshake ended with ", err))
	}
	return name, ok
}

// compare checks a result against crypto/tls: what that reads as a hello is read as the
// same here, or refused.
func compare(t *testing.T, sent []byte, got Result) {
	t.Helper()
	name, ok := sentTo(sent)
	if ok && got.Status != Refused && (got.Status != Hello || got.ServerName != name) {
		t.Errorf("crypto/tls reads a hello for %q, and this %+v", name, got)
	}
}

// TestCompare is the control of compare: it fails for wrong results.
func TestCompare(t *testing.T) {
	sent := []byte(record(22, clientHelloOf(t, &tls.Config{ServerName: "example.org"})[5:]))
	for _, test := range []struct {
		result Result
		fails  bool
	}{
		{Result{Status: Hello, ServerName: "example.org", HasName: true}, false},
		{Result{Status: Refused}, false},
		{Result{Status: Hello, ServerName: "example.com", HasName: true}, true},
		{Result{Status: Hello}, true},
		{Result{Status: NotTLS}, true},
		{Result{}, true},
	} {
		inner := &testing.T{}
		if compare(inner, sent, test.result); inner.Failed() != test.fails {
			t.Errorf("%+v: failed is %v", test.result, inner.Failed())
		}
	}
}

// TestW8CryptoTLS: what the table says of a hello is what crypto/tls reads, or a refusal.
func TestW8CryptoTLS(t *testing.T) {
	refusedHere := 0
	for _, test := range hellos() {
		compare(t, []byte(test.sent), test.want)
		if _, ok := sentTo([]byte(test.sent)); ok && test.want.Status == Refused {
			refusedHere++
		}
	}
	if refusedHere < 10 { // or the comparison reaches none of what makes readers differ
		t.Errorf("crypto/tls reads only %d of the hellos that are refused here", refusedHere)
	}
}

// clients are configurations of clients, with the name that each sends.
func clients(t *testing.T) map[string]*tls.Config {
	t.Helper()
	return map[string]*tls.Config{
		"name":       {ServerName: "example.org"},
		"case":       {ServerName: "Example.ORG"},
		"dot":        {ServerName: "example.org."},
		"address":    {ServerName: "192.0.2.1"},
		"IPv6":       {ServerName: "2001:db8::1"},
		"no name":    {InsecureSkipVerify: true},
		"TLS 1.0":    {ServerName: "example.org", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10},
		"TLS 1.2":    {ServerName: "example.org", MaxVersion: tls.VersionTLS12},
		"TLS 1.3":    {ServerName: "example.org", MinVersion: tls.VersionTLS13},
		"protocols":  {ServerName: "example.org", NextProtos: []string{"h2", "http/1.1"}},
		"X25519":     {ServerName: "example.org", CurvePreferences: []tls.CurveID{tls.X25519}},
		"no tickets": {ServerName: "example.org", SessionTicketsDisabled: true},
		"suites":     {ServerName: "example.org", MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}},
		"ECH":        {ServerName: "secret.example.org", MinVersion: tls.VersionTLS13, EncryptedClientHelloConfigList: echConfig(t, "public.example.org")},
	}
}

// clientHelloOf is what a client of crypto/tls sends first.
func clientHelloOf(t *testing.T, config *tls.Config) string {
	t.Helper()
	sent := &recording{Reader: bytes.NewReader(nil)}
	if err := tls.Client(sent, config).Handshake(); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	return sent.String()
}

func TestClients(t *testing.T) {
	want := map[string]string{"case": "Example.ORG", "address": "", "IPv6": "", "no name": "", "ECH": "public.example.org"}
	for name, config := range clients(t) {
		expected, special := want[name]
		if !special {
			expected = "example.org"
		}
		sent := []byte(clientHelloOf(t, config))
		got := Inspect(sent)
		if got != (Result{Status: Hello, ServerName: expected, HasName: expected != "", ECH: name == "ECH"}) {
			t.Errorf("%s: got %+v, want the name %q", name, got, expected)
		}
		compare(t, sent, got)
		if seen, ok := sentTo(sent); !ok || seen != expected {
			t.Errorf("%s: crypto/tls reads %q, %v", name, seen, ok)
		}
		if bytes.Contains(sent, []byte("secret")) {
			t.Errorf("%s: this client encrypts nothing, so this test shows nothing", name)
		}
		for at := range sent {
			if short := Inspect(sent[:at]); short != (Result{}) {
				t.Errorf("%s: %+v after %d of %d bytes", name, short, at, len(sent))
			}
		}
	}
}

// FuzzClient changes what a client of crypto/tls sends, which reaches deeper than what
// the table of this test has: the server reads most of the extensions.
func FuzzClient(f *testing.F) {
	var sent [][]byte
	for i, name := range []string{"name", "no name", "TLS 1.2", "protocols"} {
		t := &testing.T{}
		sent = append(sent, []byte(clientHelloOf(t, clients(t)[name])))
		for at := 0; at < len(sent[i]); at += 16 {
			f.Add(uint8(i), uint16(at), []byte("\x00"), uint16(1), uint16(0))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, at uint16, insert []byte, drop, divide uint16) {
		hello := bytes.Clone(sent[int(which)%len(sent)])
		// Replace some bytes of it, and mend the lengths around them, so that the
		// server gets to the extensions.
		from := 5 + int(at)%(len(hello)-5)
		to := min(from+int(drop), len(hello))
		message := append(append(bytes.Clone(hello[5:from]), insert...), hello[to:]...)
		if len(message) >= 4 && len(message) < 1<<14 {
			mend(message)
		}
		var changed []byte
		if n := int(divide) % (len(message) + 1); n > 0 {
			changed = append(changed, record(22, string(message[:n]))...)
			message = message[n:]
		}
		if len(message) < 1<<16 {
			changed = append(changed, record(22, string(message))...)
		}
		compare(t, changed, Inspect(changed))
	})
}

// mend writes the length of a handshake message and that of its list of extensions.
func mend(message []byte) {
	n := len(message) - 4
	message[1], message[2], message[3] = byte(n>>16), byte(n>>8), byte(n)
	body := input(message[4:])
	if _, ok := body.cut(34); !ok {
		return
	}
	if _, ok := body.vector8(); !ok {
		return
	}
	if _, ok := body.vector16(); !ok {
		return
	}
	if _, ok := body.vector8(); !ok || len(body) < 2 {
		return
	}
	binary.BigEndian.PutUint16(body, uint16(len(body)-2))
}

// echConfig is what a server publishes so that clients encrypt their hello (RFC 9849,
// section 4).
func echConfig(t *testing.T, public string) []byte {
	t.Helper()
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	contents := "\x07" + "\x00\x20" + vector16(string(key.PublicKey().Bytes())) + vector16("\x00\x01\x00\x01") + "\x40" + vector8(public) + vector16("")
	return []byte(vector16("\xfe\x0d" + vector16(contents)))
}

// recording is a connection that keeps what is written.
type recording struct {
	io.Reader
	bytes.Buffer
}

func (r *recording) Read(b []byte) (int, error)       { return r.Reader.Read(b) }
func (r *recording) Write(b []byte) (int, error)      { return r.Buffer.Write(b) }
func (r *recording) Close() error                     { return nil }
func (r *recording) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (r *recording) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (r *recording) SetDeadline(time.Time) error      { return nil }
func (r *recording) SetReadDeadline(time.Time) error  { return nil }
func (r *recording) SetWriteDeadline(time.Time) error { return nil }
