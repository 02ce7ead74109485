package kind

import (
	"strconv"
	"strings"

	"github.com/jail-project/jail/diag"
)

// Publish is an entry of network.publish.
type Publish struct {
	// Address is that of the host, of 4 or 16 bytes in network order.
	Address []byte
	// Port is that of the host, Inside the one of the jail.
	Port, Inside uint16
	// Text is address and port of the host, an address of IPv6 in brackets.
	Text string
}

// ParsePublish reads [ADDRESS:]PORT:PORT with an optional /tcp. Without an address it is
// 127.0.0.1, which no other machine reaches.
func ParsePublish(text string) (Publish, *diag.Problem) {
	bad := diag.Invalid("a published port", text, "write port:port or address:port:port, the last inside the jail")
	rest, protocol, has := strings.Cut(text, "/")
	switch {
	case protocol == "udp":
		return Publish{}, diag.Invalid("a published port", text, "only ports of TCP can be published")
	case has && protocol != "tcp":
		return Publish{}, bad
	}
	i := strings.LastIndexByte(rest, ':')
	if i < 0 {
		return Publish{}, bad
	}
	inside, ok := parsePort(rest[i+1:])
	if !ok {
		return Publish{}, bad
	}
	host, port, has := splitPort(rest[:i])
	if !has {
		host, port = "127.0.0.1", rest[:i]
	}
	outside, ok := parsePort(port)
	at, good := parseAddress(host)
	if !ok || !good {
		return Publish{}, bad
	}
	p := Publish{Address: at.bytes[:at.bits/8], Port: uint16(outside), Inside: uint16(inside), Text: host + ":" + strconv.Itoa(outside)}
	if at.bits == 128 {
		p.Text = "[" + host + "]:" + strconv.Itoa(outside)
	}
	return p, nil
}
