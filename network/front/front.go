// Package front is the server's side of how a program asks a proxy for a connection: by
// CONNECT of HTTP (RFC 9110, section 9.3.6) or by SOCKS version 5 (RFC 1928), both on one
// port. It reads the request and writes the answer. It decides nothing about hosts,
// resolves no names and connects to nothing.
//
// The requests come from a program that wants to be misread. A request has one meaning
// here, or it is refused. Of the request nothing is passed on to another server, so
// nobody else reads it in another way.
//
// SOCKS has no authentication, and only connects. SOCKS version 4 is answered with its
// refusal.
//
// What is read goes into a log or a message by way of diag.Quote, like every other text
// of somebody else's.
package front

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
)

// Protocol is how a client asks.
type Protocol int

const (
	// HTTP is HTTP/1.0 and HTTP/1.1.
	HTTP Protocol = iota
	// SOCKS5 is RFC 1928.
	SOCKS5
	// SOCKS4 is the version before. No Request has it, only a Refusal.
	SOCKS4
)

// Request is what a client wants to be connected to.
type Request struct {
	Protocol Protocol
	// Host is what the client wrote, byte for byte: a name, or the text of Addr. An
	// address of IPv6 is without brackets. It has 1 to 255 bytes and no control
	// characters. By HTTP a name holds only ASCII letters, digits, hyphens, underscores
	// and dots; by SOCKS any other byte but a colon and a percent sign. It can be no
	// valid DNS name, and is in no canonical form: judge what comes out of one, and
	// resolve that.
	Host string
	// Addr is the address if Host is one in its usual notation, else invalid. It has
	// no zone. It may be of IPv4 mapped to IPv6 (netip.Addr.Unmap). No Host is an IPv4
	// address in a notation of inet_aton(3), such as 127.1 or 0x7f000001: what some
	// resolvers take for an address and others for a name is refused.
	Addr netip.Addr
	// Port is not 0.
	Port uint16
}

// Read reads a request. What the client sent after it is left in r, to be passed on
// before anything else. SOCKS has a first answer in the middle of a request, which goes
// to w.
//
// The error is a *Refusal for what was not asked properly: the caller sends its Reply
// and closes. Otherwise it is that of r or w, io.ErrUnexpectedEOF for a request that
// ends early, or io.EOF when nothing was sent. Read limits how much is read, to
// maxHeader, but not for how long: the caller sets deadlines.
func Read(r *bufio.Reader, w io.Writer) (Request, error) {
	first, err := r.Peek(1)
	if err != nil {
		return Request{}, err
	}
	var request Request
	switch first[0] {
	case 4:
		return Request{}, refuse(SOCKS4, NotAllowed, "SOCKS version 4 is not spoken here, version 5 is")
	case 5:
		request, err = readSOCKS(r, w)
	default:
		request, err = readHTTP(r)
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return Request{}, err
	}
	return request, nil
}

// Reason is why a connection is refused. The protocols have a code for each.
type Reason int

const (
	// Malformed is a request that is not one, or has more than one meaning.
	Malformed Reason = iota
	// TooLarge is a request above the limits.
	TooLarge
	// WrongMethod is a request of HTTP for anything but a connection.
	WrongMethod
	// WrongCommand is a request of SOCKS for anything but a connection.
	WrongCommand
	// WrongAddressType is a host in a form that RFC 1928 does not have.
	WrongAddressType
	// NoMethod is a client of SOCKS that wants to authenticate itself.
	NoMethod
	// NotAllowed is a host that the rules do not allow.
	NotAllowed
	// Unreachable is a host without an address, or that does not answer.
	Unreachable
	// ConnectionRefused is a host on which nothing listens at the port.
	ConnectionRefused
)

// Refusal is an answer that opens no connection.
type Refusal struct {
	Protocol Protocol
	Reason   Reason
	// Text says why: which rule, or which one is missing. Clients of HTTP get it as a
	// line of text, in SOCKS there is no place for one.
	Text string
}

// Error is the text. Nothing in it can drive a terminal if the Refusal is one of Read.
func (f *Refusal) Error() string { return f.Text }

// refuse makes the refusals of this package. Their texts hold nothing of what the client
// sent.
func refuse(protocol Protocol, reason Reason, text string) *Refusal {
	return &Refusal{protocol, reason, text}
}

// Refuse writes the answer that a request is refused. The text may hold what the client
// sent: it is made printable, and one line, by diag.Escape.
//
// Whoever closes a connection before all of the client's bytes were read takes away the
// answer too (the kernel sends an RST, RFC 1122, section 4.2.2.13). So shut down the
// side that writes, and read for a moment before.
func (q Request) Refuse(w io.Writer, reason Reason, text string) error {
	return refuse(q.Protocol, reason, text).Reply(w)
}

// Accept writes the answer that the connection is there. From then on, bytes are passed
// on in both directions, those in the reader of Read first.
func (q Request) Accept(w io.Writer) error {
	answer := "HTTP/1.1 200 Connection established\r\n\r\n"
	if q.Protocol == SOCKS5 {
		answer = socksReply(0)
	}
	return write(w, answer)
}

// Reply writes the answer.
func (f *Refusal) Reply(w io.Writer) error {
	switch {
	case f.Protocol == HTTP:
		return write(w, httpRefusal(f.Reason, f.Text))
	case f.Protocol == SOCKS4:
		return write(w, "\x00\x5b\x00\x00\x00\x00\x00\x00") // 91: rejected
	case f.Reason == NoMethod:
		return write(w, "\x05\xff")
	}
	return write(w, socksReply(socksCode(f.Reason)))
}

func write(w io.Writer, answer string) error {
	if _, err := io.WriteString(w, answer); err != nil {
		return fmt.Errorf("answer the client: %w", err)
	}
	return nil
}

// address is the IP address that a host is, if it is one in its usual notation.
func address(host string) netip.Addr {
	addr, err := netip.ParseAddr(host)
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}
	}
	return addr
}

// oddAddress tells whether a host is one that inet_aton(3) takes for an IPv4 address, and
// others for a name: its last label is a number. That may also be octal or hexadecimal,
// and there may be fewer than four. No top-level domain is a number (RFC 3696, section 2).
func oddAddress(host string) bool {
	host = strings.TrimSuffix(host, ".")
	label := strings.ToLower(host[strings.LastIndexByte(host, '.')+1:])
	digits, isHex := strings.CutPrefix(label, "0x")
	for i := range len(digits) {
		if c := digits[i]; ('0' > c || c > '9') && (!isHex || 'a' > c || c > 'f') {
			return false
		}
	}
	return label != ""
}
