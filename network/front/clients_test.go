package front

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/proxy"
)

// compare has net/http read what was read here: what this package accepts, that reads as
// a request for the same host, without content, and with the same bytes after it.
func compare(t *testing.T, sent []byte, got Request, rest []byte) {
	t.Helper()
	r := bufio.NewReader(bytes.NewReader(sent))
	theirs, err := http.ReadRequest(r)
	if err != nil {
		t.Errorf("%+v is no request for net/http: %v", got, err)
		return
	}
	authority := net.JoinHostPort(got.Host, strconv.Itoa(int(got.Port)))
	if theirs.Method != "CONNECT" || theirs.URL.Host != authority || theirs.URL.Hostname() != got.Host || theirs.RequestURI != authority {
		t.Errorf("net/http reads %s %q (%q), and this package %q", theirs.Method, theirs.URL.Host, theirs.RequestURI, authority)
	}
	if host := theirs.Host; !strings.EqualFold(host, authority) && !strings.EqualFold(host, got.Host) {
		t.Errorf("net/http reads the host %q, and this package %q", host, authority)
	}
	body, err := io.ReadAll(theirs.Body)
	if after, _ := io.ReadAll(r); err != nil || len(body) > 0 || !bytes.Equal(after, rest) {
		t.Errorf("net/http reads the content %q and leaves %q, and this package leaves %q", body, after, rest)
	}
}

func TestW10NetHTTP(t *testing.T) {
	lenient := 0
	for _, test := range rows() {
		sent := []byte(test.sent + "rest")
		if (test.want != Request{}) && test.want.Protocol == HTTP {
			compare(t, sent, test.want, []byte("rest"))
		}
		if theirs, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(sent))); err == nil && theirs.Method == "CONNECT" && (test.want == Request{}) {
			lenient++
		}
	}
	if lenient < 10 { // or the table has too little of what readers differ in
		t.Errorf("net/http accepts only %d of the CONNECT requests that are refused here", lenient)
	}
}

// TestCompare is the control of compare: it fails when net/http reads something else.
func TestCompare(t *testing.T) {
	org := Request{Host: "example.org", Port: 443}
	for sent, fails := range map[string]bool{
		connect("example.org:443"): false,
		connect("example.com:443"): true,
		connect("example.org:444"): true,
		"CONNECT example.org:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n": false, // net/http takes the first line alone
		with("Content-Length: 2\r\n") + "ab":                                true,
		with("") + "ab":                                                     true,
		"GET http://example.org:443/ HTTP/1.1\r\n\r\n":                      true,
		"CONNECT": true,
	} {
		inner := &testing.T{}
		if compare(inner, []byte(sent), org, nil); inner.Failed() != fails {
			t.Errorf("%q: failed is %v", sent, inner.Failed())
		}
	}
}

// served runs a client against this package, over a pipe, and returns what it asked for.
// Whoever is connected gets a greeting in place of the host.
func served(t *testing.T, client func(dial func() net.Conn)) Request {
	t.Helper()
	requests := make(chan Request, 1)
	client(func() net.Conn {
		here, there := net.Pipe()
		go func() {
			defer here.Close()
			q, err := Read(bufio.NewReader(here), here)
			if err != nil {
				t.Error(err)
			} else if err := q.Accept(here); err != nil {
				t.Error(err)
			}
			go io.Copy(io.Discard, here)            // a client of TLS speaks first, and a pipe has no buffer
			_, _ = io.WriteString(here, "greeting") // the client may be gone
			requests <- q
		}()
		return there
	})
	return <-requests
}

func TestHTTPClient(t *testing.T) {
	for host, want := range map[string]Request{
		"Example.org":   {HTTP, "Example.org", netip.Addr{}, 443},
		"192.0.2.1:22":  {HTTP, "192.0.2.1", netip.MustParseAddr("192.0.2.1"), 22},
		"[2001:db8::1]": {HTTP, "2001:db8::1", netip.MustParseAddr("2001:db8::1"), 443},
	} {
		got := served(t, func(dial func() net.Conn) {
			transport := &http.Transport{
				Proxy:       http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.example:1"}),
				DialContext: func(context.Context, string, string) (net.Conn, error) { return dial(), nil },
			}
			// The greeting is no answer of TLS: the client ends there.
			response, err := (&http.Client{Transport: transport}).Get("https://" + host)
			if err == nil {
				response.Body.Close()
				t.Error("there was an answer")
			} else if !strings.Contains(err.Error(), "tls: first record") {
				t.Error(err)
			}
		})
		if got != want {
			t.Errorf("%s: got %+v", host, got)
		}
	}
}

type dialer func() net.Conn

func (d dialer) Dial(string, string) (net.Conn, error) { return d(), nil }

func TestSOCKSClient(t *testing.T) {
	for host, want := range map[string]Request{
		"Example.org.:443":   {SOCKS5, "Example.org.", netip.Addr{}, 443},
		"192.0.2.1:22":       {SOCKS5, "192.0.2.1", netip.MustParseAddr("192.0.2.1"), 22},
		"[2001:db8::1]:8080": {SOCKS5, "2001:db8::1", netip.MustParseAddr("2001:db8::1"), 8080},
	} {
		got := served(t, func(dial func() net.Conn) {
			client, err := proxy.SOCKS5("tcp", "proxy.example:1", nil, dialer(dial))
			if err != nil {
				t.Fatal(err)
			}
			conn, err := client.Dial("tcp", host)
			if err != nil {
				t.Fatal(err)
			}
			if greeting, err := io.ReadAll(conn); string(greeting) != "greeting" || err != nil {
				t.Errorf("%q, %v", greeting, err)
			}
		})
		if got != want {
			t.Errorf("%s: got %+v", host, got)
		}
	}
}

// FuzzRead: no input makes it panic, how the bytes arrive makes no difference, and a
// request is what its comments promise, and for net/http the same.
func FuzzRead(f *testing.F) {
	for _, test := range rows() {
		if len(test.sent) < 2000 {
			f.Add([]byte(test.sent))
			f.Add([]byte(test.sent + "rest"))
		}
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		r := bufio.NewReader(bytes.NewReader(sent))
		got, err := Read(r, io.Discard)
		slow, slowErr := Read(bufio.NewReaderSize(&stutter{sent}, 16), io.Discard)
		if got != slow || (err == nil) != (slowErr == nil) || err != nil && err.Error() != slowErr.Error() {
			t.Errorf("at once %+v, %v, and slowly %+v, %v", got, err, slow, slowErr)
		}
		if err != nil {
			if (got != Request{}) {
				t.Errorf("%+v with the error %v", got, err)
			}
			return
		}
		if got.Host == "" || len(got.Host) > 255 || got.Port == 0 || strings.ContainsAny(got.Host, "\x00\r\n\t%[]@") && got.Protocol == HTTP {
			t.Errorf("got %+v", got)
		}
		if addr, err := netip.ParseAddr(got.Host); (err == nil) != got.Addr.IsValid() || got.Addr != addr || addr.Zone() != "" {
			t.Errorf("%q is the address %v", got.Host, got.Addr)
		}
		if rest, _ := io.ReadAll(r); got.Protocol == HTTP {
			compare(t, sent, got, rest)
		} else if !bytes.HasSuffix(sent, rest) {
			t.Errorf("%q is left of %q", rest, sent)
		}
	})
}

// stutter gives a byte at a time.
type stutter struct{ left []byte }

func (s *stutter) Read(b []byte) (int, error) {
	if len(s.left) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:1], s.left)
	s.left = s.left[n:]
	return n, nil
}
