package front

import (
	"bufio"
	"encoding/binary"
	"io"
	"net/netip"
	"slices"
	"strings"
)

// readSOCKS reads the greeting, answers it, and reads the request (RFC 1928, sections 3
// to 5). Each part says how long it is, in one byte: nothing is larger than 260 bytes.
func readSOCKS(r *bufio.Reader, w io.Writer) (Request, error) {
	methods, err := readGreeting(r)
	if err != nil {
		return Request{}, err
	}
	if !slices.Contains(methods, 0) {
		return Request{}, refuse(SOCKS5, NoMethod, "the client wants to authenticate itself, which is not needed here")
	}
	if err := write(w, "\x05\x00"); err != nil {
		return Request{}, err
	}
	head, err := take(r, 4) // version, command, a reserved byte, type of the address
	if err != nil {
		return Request{}, err
	}
	if head[0] != 5 || head[2] != 0 {
		return Request{}, refuse(SOCKS5, Malformed, "the request is not one of SOCKS version 5")
	}
	request, err := readHost(r, head[3])
	if err != nil {
		return Request{}, err
	}
	if head[1] != 1 {
		return Request{}, refuse(SOCKS5, WrongCommand, "only connections can be asked for by SOCKS here")
	}
	if problem := socksProblem(request); problem != "" {
		return Request{}, refuse(SOCKS5, Malformed, problem)
	}
	return request, nil
}

// readGreeting returns the methods of authentication that the client has.
func readGreeting(r *bufio.Reader) ([]byte, error) {
	head, err := take(r, 2)
	if err != nil {
		return nil, err
	}
	return take(r, int(head[1]))
}

// readHost reads the address and the port.
func readHost(r *bufio.Reader, kind byte) (Request, error) {
	size := 0
	switch kind {
	case 1:
		size = 4
	case 3:
		length, err := r.ReadByte()
		if err != nil {
			return Request{}, err
		}
		size = int(length)
	case 4:
		size = 16
	default:
		return Request{}, refuse(SOCKS5, WrongAddressType, "the type of the address is not one of SOCKS version 5")
	}
	b, err := take(r, size+2)
	if err != nil {
		return Request{}, err
	}
	request := Request{Protocol: SOCKS5, Host: string(b[:size]), Port: binary.BigEndian.Uint16(b[size:])}
	if kind == 3 {
		request.Addr = address(request.Host)
		return request, nil
	}
	request.Addr, _ = netip.AddrFromSlice(b[:size])
	request.Host = request.Addr.String()
	return request, nil
}

// socksProblem says what is wrong with a request, or "".
func socksProblem(q Request) string {
	switch {
	case q.Host == "":
		return "the host is empty"
	case strings.ContainsFunc(q.Host, func(c rune) bool { return c < ' ' || c == 0x7f }):
		return "the host has a control character"
	case q.Port == 0:
		return "the port is 0"
	case q.Addr.IsValid():
		return ""
	case strings.ContainsAny(q.Host, ":%"):
		return "the host is neither a name nor an IP address"
	case oddAddress(q.Host):
		return "the host is an IP address in a notation that can be taken for another one"
	}
	return ""
}

// socksCode is the code of an answer (RFC 1928, section 6).
func socksCode(reason Reason) byte {
	switch reason {
	case NotAllowed:
		return 2
	case Unreachable:
		return 4
	case ConnectionRefused:
		return 5
	case WrongCommand:
		return 7
	case WrongAddressType:
		return 8
	case Malformed, TooLarge, WrongMethod, NoMethod:
	}
	return 1 // general failure
}

// socksReply is an answer with a code. The address in it, from which the connection was
// made, is left 0: it would tell the client about the host.
func socksReply(code byte) string {
	return "\x05" + string([]byte{code}) + "\x00\x01\x00\x00\x00\x00\x00\x00"
}

// take reads so many bytes.
func take(r *bufio.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}
