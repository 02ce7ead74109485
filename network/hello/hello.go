// Package hello reads the beginning of what a client sends: whether it is a TLS
// ClientHello (RFC 8446, section 4.1.2), and which server name that asks for (RFC 6066,
// section 3).
//
// The bytes come from a program that wants to be misread. So there are two rules. A name
// is reported only where every server reads the same one; what servers read in different
// ways is refused. And NotTLS is said only of bytes that no server takes for TLS: also
// what only a lenient server takes for it is refused.
//
// The package knows what a client asks for, not what it gets: a server may answer for
// other names as well, and a client may name another host inside the encrypted
// connection. It decides nothing about names and does not bring them into a canonical
// form. It reads TLS over TCP; DTLS and QUIC are NotTLS.
package hello

// Limit is how many bytes a client may take to the end of its hello, with the heads of
// the records. It is enough for what clients send: about 2000 bytes with post-quantum
// key shares. Who keeps the bytes for the server needs no larger buffer.
const Limit = 64 << 10

// Status is what is known about the bytes so far.
type Status int

const (
	// NeedMore is the status until enough has arrived. A client can stay in it as long
	// as it likes: the caller limits the time, and closes the connection when it is over.
	NeedMore Status = iota
	// NotTLS says that no server reads these bytes as TLS.
	NotTLS
	// Hello says that a whole ClientHello was read.
	Hello
	// Refused says that servers could take the bytes for TLS, but that they are not a
	// ClientHello which all servers read in the same way. Result.Reason says why.
	Refused
)

// Result is what an Inspector found.
type Result struct {
	Status Status
	// Reason is why the bytes are Refused: a text for people, without anything of what
	// the client sent.
	Reason string
	// ServerName is the name that the client sent, byte for byte. It holds nothing but
	// ASCII letters, digits, hyphens, underscores and dots, does not end in a dot and is
	// not an IP address in any notation. It can still be no valid DNS name.
	ServerName string
	// HasName tells whether there is a ServerName. Clients send none when they connect
	// to an address.
	HasName bool
	// ECH tells whether the client sent an encrypted ClientHello (RFC 9849) or its
	// predecessor ESNI. Then the server may answer for the name in there, of which
	// nothing can be known here, and not for ServerName. Browsers send a random value
	// in its place to every server (RFC 9849, section 6.2), which looks the same.
	ECH bool
}

// Inspector reads a hello as it arrives. The zero value is ready to use. It keeps at most
// Limit bytes, and only what has arrived. It is not safe for concurrent use.
type Inspector struct {
	result  Result
	taken   int     // how many bytes were read, at most Limit
	head    [5]byte // the head of the record that is being read
	headLen int     // how much of it has arrived
	left    int     // how much of the record's content has not arrived
	later   bool    // a record came before this one
	message []byte  // the handshake message, as far as it has arrived
}

// Inspect reads the beginning of what a client sent.
func Inspect(received []byte) Result {
	var i Inspector
	return i.Add(received)
}

// Add reads what the client sent next and says what is known now. Every status but
// NeedMore is final: what arrives later is not looked at. How the bytes are divided among
// the calls makes no difference.
func (i *Inspector) Add(received []byte) Result {
	if i.result.Status != NeedMore {
		return i.result
	}
	received = received[:min(len(received), Limit-i.taken)]
	i.taken += len(received)
	for len(received) > 0 && i.result.Status == NeedMore {
		if i.left == 0 {
			received = i.addHead(received)
		} else {
			received = i.addContent(received)
		}
	}
	if i.result.Status == NeedMore && i.taken == Limit {
		i.result = refused("its hello is larger than 64 KiB")
	}
	if i.result.Status != NeedMore {
		i.message = nil
	}
	return i.result
}

// addHead takes what belongs to the head of a record and returns the rest.
func (i *Inspector) addHead(b []byte) []byte {
	n := copy(i.head[i.headLen:], b)
	i.headLen += n
	head := i.head[:i.headLen]
	if i.later {
		i.result = judgeLaterHead(head)
	} else {
		i.result = judgeFirstHead(head)
	}
	if i.result.Status == NeedMore && len(head) == len(i.head) {
		i.left = int(head[3])<<8 | int(head[4])
		i.headLen, i.later = 0, true
	}
	return b[n:]
}

// addContent takes what belongs to the record and returns the rest.
func (i *Inspector) addContent(b []byte) []byte {
	n := min(len(b), i.left)
	i.message = append(i.message, b[:n]...)
	i.left -= n
	i.result = judgeMessage(i.message, i.left)
	return b[n:]
}

func refused(reason string) Result { return Result{Status: Refused, Reason: reason} }
