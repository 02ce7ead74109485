package front

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"
)

// A row is what a client sends, and what is to be read.
type row struct {
	name, sent string
	want       Request
	reason     Reason // of the refusal, if want is empty
}

// connect is a request of HTTP with nothing but a target and a Host field like it.
func connect(target string) string {
	return "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n\r\n"
}

// with is a request with more fields.
func with(lines string) string {
	return "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n" + lines + "\r\n"
}

// domain is a request of SOCKS for a name, with the greeting before.
func domain(name string) string {
	return "\x05\x01\x00\x05\x01\x00\x03" + string([]byte{byte(len(name))}) + name + "\x01\xbb"
}

func socks(request string) string { return "\x05\x01\x00" + request }

func rows() []row {
	org := Request{Protocol: HTTP, Host: "example.org", Port: 443}
	byName := func(name string) Request { return Request{Protocol: SOCKS5, Host: name, Port: 443} }
	byAddr := func(p Protocol, text string) Request {
		return Request{Protocol: p, Host: text, Addr: netip.MustParseAddr(text), Port: 443}
	}
	bad := Request{}
	out := []row{
		{"CONNECT", connect("example.org:443"), org, 0},
		{"HTTP/1.0", "CONNECT example.org:443 HTTP/1.0\r\n\r\n", org, 0},
		{"no Host", "CONNECT example.org:443 HTTP/1.1\r\n\r\n", org, 0},
		{"other fields", with("User-Agent: a/1 (b; c)\r\nProxy-Connection: Keep-Alive\r\nX:\r\nY: \t\xe4 \r\n"), org, 0},
		{"Host in another case", "CONNECT example.org:443 HTTP/1.1\r\nhOST:\tEXAMPLE.org:443 \r\n\r\n", org, 0},
		{"Host without the port of https", "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n", org, 0},
		{"Host without the port of http", "CONNECT example.org:80 HTTP/1.1\r\nHost: example.org\r\n\r\n", Request{Protocol: HTTP, Host: "example.org", Port: 80}, 0},
		{"case of a name", connect("_A.Example.ORG.:443"), Request{Protocol: HTTP, Host: "_A.Example.ORG.", Port: 443}, 0},
		{"no labels", connect("..:443"), Request{Protocol: HTTP, Host: "..", Port: 443}, 0},
		{"the highest port", connect("example.org:65535"), Request{Protocol: HTTP, Host: "example.org", Port: 65535}, 0},
		{"IPv4", connect("127.0.0.1:443"), byAddr(HTTP, "127.0.0.1"), 0},
		{"IPv6", connect("[2001:db8::1]:443"), byAddr(HTTP, "2001:db8::1"), 0},
		{"IPv4 mapped", connect("[::ffff:127.0.0.1]:443"), byAddr(HTTP, "::ffff:127.0.0.1"), 0},
		{"a number that is not last", connect("127.0.0.1.example:443"), Request{Protocol: HTTP, Host: "127.0.0.1.example", Port: 443}, 0},
		{"hexadecimal without its mark", connect("fe:443"), Request{Protocol: HTTP, Host: "fe", Port: 443}, 0},
		{"as long as may be", connect(strings.Repeat("a", 255) + ":443"), Request{Protocol: HTTP, Host: strings.Repeat("a", 255), Port: 443}, 0},
		{"as many fields as may be", with(strings.Repeat("X: y\r\n", maxFields-1)), org, 0},
		{"as many bytes as may be", with(filler(0)), org, 0},

		{"a field too many", with(strings.Repeat("X: y\r\n", maxFields)), bad, TooLarge},
		{"a byte too many", with(filler(1)), bad, TooLarge},
		{"a line without an end", "CONNECT " + strings.Repeat("a", 2*maxHeader), bad, TooLarge},
		{"fields without an end", with(strings.Repeat("X: "+strings.Repeat("y", 8000)+"\r\n", 3)), bad, TooLarge},

		// W9: one decision for every way to ask.
		{"GET of a proxy", "GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\n\r\n", bad, WrongMethod},
		{"GET of a server", "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", bad, WrongMethod},
		{"POST with content", "POST http://example.org/ HTTP/1.1\r\nHost: example.org\r\nContent-Length: 3\r\n\r\nabc", bad, WrongMethod},
		{"upgrade", "GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", bad, WrongMethod},
		{"OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: example.org\r\n\r\n", bad, WrongMethod},
		{"the method in another case", "Connect example.org:443 HTTP/1.1\r\n\r\n", bad, WrongMethod},
		{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", bad, Malformed},
		{"CONNECT of HTTP/2", "CONNECT example.org:443 HTTP/2.0\r\n\r\n", bad, Malformed},
		{"HTTP/0.9", "GET /\r\n", bad, Malformed},
		{"TLS to the proxy", "\x16\x03\x01\x00\x05hello", bad, Malformed},
		{"another Host", "CONNECT example.org:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n", bad, Malformed},
		{"another port in Host", "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:80\r\n\r\n", bad, Malformed},
		{"Host without another port", "CONNECT example.org:22 HTTP/1.1\r\nHost: example.org\r\n\r\n", bad, Malformed},
		{"an empty Host", "CONNECT example.org:443 HTTP/1.1\r\nHost:\r\n\r\n", bad, Malformed},
		{"absolute form", connect("http://example.org:443/"), bad, Malformed},
		{"absolute form without a path", connect("https://example.org:443"), bad, Malformed},
		{"a path", connect("example.org:443/"), bad, Malformed},
		{"a path before the port", connect("example.org/:443"), bad, Malformed},

		// W10: requests that two servers read in two ways.
		{"two Host fields", with("Host: example.com:443\r\n"), bad, Malformed},
		{"the same Host twice", with("Host: example.org:443\r\n"), bad, Malformed},
		{"Content-Length", with("Content-Length: 5\r\n") + "hello", bad, Malformed},
		{"Content-Length 0", with("content-length: 0\r\n"), bad, Malformed},
		{"Transfer-Encoding", with("Transfer-Encoding: chunked\r\n"), bad, Malformed},
		{"both", with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), bad, Malformed},
		{"bare LF", "CONNECT example.org:443 HTTP/1.1\nHost: example.org:443\n\n", bad, Malformed},
		{"bare LF after a field", with("X: y\n"), bad, Malformed},
		{"bare LF at the end", "CONNECT example.org:443 HTTP/1.1\r\n\n", bad, Malformed},
		{"bare CR", with("X: y\rHost: example.com\r\n"), bad, Malformed},
		{"CR CR LF", with("X: y\r\r\n"), bad, Malformed},
		{"a continued line", with("X: y\r\n z\r\n"), bad, Malformed},
		{"a line continued by TAB", with("X: y\r\n\tz\r\n"), bad, Malformed},
		{"a continued first line", "CONNECT example.org:443 HTTP/1.1\r\n X: y\r\n\r\n", bad, Malformed},
		{"a space before the colon", with("X : y\r\n"), bad, Malformed},
		{"no colon", with("X\r\n"), bad, Malformed},
		{"no name", with(": y\r\n"), bad, Malformed},
		{"a name that is not ASCII", with("H\xf6st: y\r\n"), bad, Malformed},
		{"NUL in a field", with("X: a\x00b\r\n"), bad, Malformed},
		{"DEL in a field", with("X: a\x7fb\r\n"), bad, Malformed},
		{"no target", "GET  HTTP/1.1\r\n\r\n", bad, Malformed},
		{"no method", "G(T / HTTP/1.1\r\n\r\n", bad, Malformed},
		{"NUL in the first line", "CONNECT example.org\x00:443 HTTP/1.1\r\n\r\n", bad, Malformed},
		{"a line before", "\r\nCONNECT example.org:443 HTTP/1.1\r\n\r\n", bad, Malformed},
		{"two spaces", "CONNECT  example.org:443 HTTP/1.1\r\n\r\n", bad, Malformed},
		{"TAB between", "CONNECT\texample.org:443\tHTTP/1.1\r\n\r\n", bad, Malformed},
		{"a fourth word", "CONNECT example.org:443 example.com:443 HTTP/1.1\r\n\r\n", bad, Malformed},
		{"a space at the end", "CONNECT example.org:443 HTTP/1.1 \r\n\r\n", bad, Malformed},
		{"another version", "CONNECT example.org:443 HTTP/1.2\r\n\r\n", bad, Malformed},
		{"a version in another case", "CONNECT example.org:443 http/1.1\r\n\r\n", bad, Malformed},

		{"SOCKS, a name", domain("example.org"), byName("example.org"), 0},
		{"SOCKS, several methods", "\x05\x03\x02\x00\x01" + domain("example.org")[3:], byName("example.org"), 0},
		{"SOCKS, the longest name", domain(strings.Repeat("a", 255)), byName(strings.Repeat("a", 255)), 0},
		{"SOCKS, a raw name", domain("Ex\xff \u00e4.ORG."), byName("Ex\xff \u00e4.ORG."), 0},
		{"SOCKS, IPv4", socks("\x05\x01\x00\x01\x7f\x00\x00\x01\x01\xbb"), byAddr(SOCKS5, "127.0.0.1"), 0},
		{"SOCKS, IPv6", socks("\x05\x01\x00\x04\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01\x01\xbb"), byAddr(SOCKS5, "2001:db8::1"), 0},
		{"SOCKS, IPv4 mapped", socks("\x05\x01\x00\x04" + strings.Repeat("\x00", 10) + "\xff\xff\x7f\x00\x00\x01\x01\xbb"), byAddr(SOCKS5, "::ffff:127.0.0.1"), 0},
		{"SOCKS, IPv4 as a name", domain("127.0.0.1"), byAddr(SOCKS5, "127.0.0.1"), 0},
		{"SOCKS, IPv6 as a name", domain("::1"), byAddr(SOCKS5, "::1"), 0},

		{"SOCKS, an empty name", domain(""), bad, Malformed},
		{"SOCKS, port 0", socks("\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x00"), bad, Malformed},
		{"SOCKS, the reserved byte", socks("\x05\x01\x01\x01\x7f\x00\x00\x01\x01\xbb"), bad, Malformed},
		{"SOCKS, another version", socks("\x04\x01\x00\x01\x7f\x00\x00\x01\x01\xbb"), bad, Malformed},
		{"SOCKS, BIND", socks("\x05\x02\x00\x01\x7f\x00\x00\x01\x01\xbb"), bad, WrongCommand},
		{"SOCKS, UDP", socks("\x05\x03\x00\x01\x00\x00\x00\x00\x00\x00"), bad, WrongCommand},
		{"SOCKS, a command that there is not", socks("\x05\x00\x00\x01\x7f\x00\x00\x01\x01\xbb"), bad, WrongCommand},
		{"SOCKS, a type that there is not", socks("\x05\x01\x00\x02"), bad, WrongAddressType},
		{"SOCKS, a password", "\x05\x01\x02", bad, NoMethod},
		{"SOCKS, no method", "\x05\x00", bad, NoMethod},
		{"SOCKS version 4", "\x04\x01\x01\xbb\x7f\x00\x00\x01\x00", bad, NotAllowed},
		{"SOCKS version 4a", "\x04\x01\x01\xbb\x00\x00\x00\x01\x00example.org\x00", bad, NotAllowed},
	}
	for _, port := range []string{"", ":", ":0", ":00443", ":0443", ":+443", ":-1", ":65536", ":65979", ":443:443", ":https", ":4_4", ":0x1bb", ":\u0661", ":443?", ":443#", ": 443", ":4\t43"} {
		out = append(out, row{"port" + port, connect("example.org" + port), bad, Malformed})
	}
	// W2 and W4, by both protocols.
	for _, host := range append(oddHosts(), odder()...) {
		out = append(out, row{"host " + host, connect(host + ":443"), bad, Malformed})
	}
	for _, host := range append(oddHosts(), "[::1]", "[127.0.0.1]:443") {
		out = append(out, row{"SOCKS, host " + host, domain(host), bad, Malformed})
	}
	return out
}

// filler is fields that make the request of with as large as it may be, or larger.
func filler(more int) string {
	return "X: " + strings.Repeat("y", maxHeader-len(with(""))-len("X: \r\n")+more) + "\r\n"
}

// oddHosts are hosts that no protocol takes.
func oddHosts() []string {
	return []string{
		"127.1", "127.0.1", "2130706433", "0x7f000001", "0X7F.1", "127.0.0.0X1", "0177.0.0.1", "0", "00", "0x", "127.0.0.01", "127.0.0.1.", "127.0.0.256", "1.2.3.4.5", "999999999999",
		"a.1", "fe80::1%eth0", "::1%25lo", "::ffff:127.1", "example.org%00", "example.org\x00.example.com", "a\nb", "a\r\nb", "a\tb", "a\x7fb", "[::1", "1:2", "example.org:443",
	}
}

// odder are hosts that HTTP does not take, and SOCKS leaves to the caller.
func odder() []string {
	return []string{
		"", "user@example.org", "user:password@example.org", "@example.org", "example.org#", "example.org?", "example.org\\", "*.example.org", "example .org", "ex\u00e4mple.org", "example\uff0eorg", "example\u3002org",
		"[127.0.0.1]", "[example.org]", "[]", "[::1]]", "[[::1]]", "[v1.a]", "::1", "::", "[::1%25lo]", "[fe80::1%eth0]", "example.org,example.com", "example.org;a", "'a'", "a+b", "~a", "(a)", "$a", strings.Repeat("a", 256),
	}
}

func TestRead(t *testing.T) {
	for _, test := range rows() {
		t.Run(test.name, func(t *testing.T) {
			for name, r := range map[string]io.Reader{
				"at once": strings.NewReader(test.sent), "byte by byte": iotest.OneByteReader(strings.NewReader(test.sent)),
			} {
				got, err := Read(bufio.NewReader(r), io.Discard)
				if got != test.want {
					t.Errorf("%s: got %+v, %v, want %+v", name, got, err, test.want)
				}
				var refusal *Refusal
				if isRefusal := errors.As(err, &refusal); isRefusal != (test.want == Request{}) || isRefusal && refusal.Reason != test.reason {
					t.Errorf("%s: got the error %#v, want the reason %d", name, err, test.reason)
				}
				if refusal != nil && (strings.ContainsAny(refusal.Error(), "\r\n\x00") || refusal.Error() == "") {
					t.Errorf("%s: the text %q", name, refusal.Error())
				}
			}
		})
	}
}

// TestReadLeavesTheRest: what the client sends after its request is for the host, also
// when it comes with the request, and nothing of the next is read.
func TestReadLeavesTheRest(t *testing.T) {
	const rest = "\x16\x03\x01 and more\r\n\r\nGET / HTTP/1.1\r\n\r\n"
	for _, test := range rows() {
		if (test.want == Request{}) {
			continue
		}
		r := bufio.NewReader(strings.NewReader(test.sent + rest))
		if _, err := Read(r, io.Discard); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if got, err := io.ReadAll(r); string(got) != rest || err != nil {
			t.Errorf("%s: %q is left, %v", test.name, got, err)
		}
	}
}

// TestReadEndsEarly: a request that ends early is never one, nor a refusal that the
// client cannot see.
func TestReadEndsEarly(t *testing.T) {
	for _, test := range rows() {
		if (test.want == Request{}) || len(test.sent) > 1000 {
			continue
		}
		for at := range len(test.sent) {
			_, err := Read(bufio.NewReader(strings.NewReader(test.sent[:at])), io.Discard)
			want := io.ErrUnexpectedEOF
			if at == 0 {
				want = io.EOF
			}
			if !errors.Is(err, want) {
				t.Fatalf("%s: %v after %d bytes", test.name, err, at)
			}
		}
	}
	broken := errors.New("broken")
	if _, err := Read(bufio.NewReader(iotest.ErrReader(broken)), io.Discard); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// TestReadIsBounded: of a request without an end no more is read than its limit and one
// buffer.
func TestReadIsBounded(t *testing.T) {
	for _, start := range []string{"CONNECT ", "GET / HTTP/1.1\r\nX: ", "CONNECT example.org:443 HTTP/1.1\r\nX: y\r\nZ: "} {
		source := &endless{start: start}
		_, err := Read(bufio.NewReader(source), io.Discard)
		var refusal *Refusal
		if !errors.As(err, &refusal) || refusal.Reason != TooLarge || source.read > maxHeader+4096 {
			t.Errorf("%q: %v after %d bytes", start, err, source.read)
		}
	}
}

// endless is a text, and then the same letter for ever.
type endless struct {
	start string
	read  int
}

func (e *endless) Read(b []byte) (int, error) {
	n := copy(b, e.start)
	e.start = e.start[n:]
	copy(b[n:], bytes.Repeat([]byte("a"), len(b)-n))
	e.read += len(b)
	return len(b), nil
}
