package hello

// The content types of records (RFC 8446, section 5.1, and RFC 6520).
const (
	changeCipherSpec = 20
	alert            = 21
	handshake        = 22
	heartbeat        = 24
)

// maxContent is how long the content of a record may be that is not encrypted (RFC 8446,
// section 5.1), in bytes.
const maxContent = 1 << 14

// The functions below judge the first bytes of something. Each looks at one byte after
// the other and says what it knows at the first that decides. So more bytes never change
// what was said of fewer: the client does not choose the outcome by how it divides them.

// judgeFirstHead judges at most five bytes, the first that the client sent.
func judgeFirstHead(b []byte) Result {
	switch {
	case len(b) == 0:
		return Result{}
	case b[0]&0x80 != 0:
		return judgeSSLv2(b)
	case b[0] < changeCipherSpec || b[0] > heartbeat:
		return Result{Status: NotTLS}
	case len(b) == 1:
		return Result{}
	case b[0] == handshake && b[1] == 3:
		return judgeLength(b)
	case b[0] == alert && b[1] < 0x10, b[0] != handshake && b[1] == 3:
		// Servers skip an alert that is a warning, and some a ChangeCipherSpec, and
		// read the hello after it.
		return refused("its first TLS record is not the begin of a hello")
	case b[0] == handshake && b[1] < 0x10:
		// crypto/tls, for one, reads records of such versions, which do not exist.
		return refused("its first TLS record has an unknown version")
	}
	return Result{Status: NotTLS}
}

// judgeSSLv2 judges bytes that could be the hello of SSLv2, with which old clients ask
// also for newer versions (RFC 5246, appendix E.2): a length with the highest bit set,
// the type of the message, and the version. There is no place in it for a server name.
func judgeSSLv2(b []byte) Result {
	switch {
	case len(b) < 3:
		return Result{}
	case b[2] != clientHello:
		return Result{Status: NotTLS}
	case len(b) < 4:
		return Result{}
	case b[3] == 3:
		return refused("it sent a hello of SSLv2")
	case b[3] != 0:
		return Result{Status: NotTLS}
	case len(b) < 5:
		return Result{}
	case b[4] != 2:
		return Result{Status: NotTLS}
	}
	return refused("it sent a hello of SSLv2")
}

// judgeLaterHead judges the head of a record after the first one, when the hello has not
// ended.
func judgeLaterHead(b []byte) Result {
	switch {
	case len(b) > 0 && b[0] != handshake:
		return refused("a TLS record of another type is inside its hello")
	case len(b) > 1 && b[1] != 3:
		return refused("a TLS record inside its hello has an unknown version")
	}
	return judgeLength(b)
}

// judgeLength judges the length in the head of a record. Servers refuse records of the
// handshake without content (RFC 8446, section 5.1) or skip them.
func judgeLength(b []byte) Result {
	if len(b) < 5 {
		return Result{}
	}
	switch n := int(b[3])<<8 | int(b[4]); {
	case n == 0:
		return refused("a TLS record of its hello is empty")
	case n > maxContent:
		return refused("a TLS record of its hello is longer than TLS allows")
	}
	return Result{}
}
