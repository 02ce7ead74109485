package hello

// clientHello is the type of that handshake message (RFC 8446, section 4), and also the
// one of SSLv2.
const clientHello = 1

// The types of extensions that are of interest here, of the registry "TLS ExtensionType
// Values" of IANA. The last one was never registered: it is the one of
// draft-ietf-tls-esni-02, which browsers had before there was an encrypted ClientHello.
const (
	serverNameExtension = 0
	echExtension        = 0xfe0d
	esniExtension       = 0xffce
)

// judgeMessage judges the handshake message as far as it has arrived. So many bytes of
// the record that it is in have not.
func judgeMessage(b []byte, left int) Result {
	switch {
	case len(b) > 0 && b[0] != clientHello:
		return Result{Status: NotTLS}
	case len(b) < 4:
		return Result{}
	}
	size := 4 + (int(b[1])<<16 | int(b[2])<<8 | int(b[3]))
	switch {
	case size > Limit:
		return refused("its hello is larger than 64 KiB")
	case len(b)+left > size:
		// Clients wait for the server here, or send a record of another type. What
		// servers make of a second message differs.
		return refused("something follows its hello in the same TLS record")
	case len(b) > 4 && b[4] != 3:
		return refused("its hello has an unknown version")
	case len(b) < size:
		return Result{}
	}
	return parse(b[4:])
}

// parse reads the body of a whole ClientHello (RFC 8446, section 4.1.2).
func parse(body []byte) Result {
	malformed := refused("its hello is malformed")
	s := input(body)
	_, hasHead := s.cut(2 + 32) // the version and a random value
	session, hasSession := s.vector8()
	suites, hasSuites := s.vector16()
	compressions, hasCompressions := s.vector8()
	if !hasHead || !hasSession || !hasSuites || !hasCompressions {
		return malformed
	}
	if len(session) > 32 || len(suites) == 0 || len(suites)%2 != 0 || len(compressions) == 0 {
		return malformed
	}
	if len(s) == 0 { // before TLS 1.3 there need not be a list of extensions
		return Result{Status: Hello}
	}
	extensions, ok := s.vector16()
	if !ok || len(s) != 0 {
		return malformed
	}
	return parseExtensions(extensions)
}

// parseExtensions reads the list of extensions (RFC 8446, section 4.2).
func parseExtensions(list input) Result {
	result := Result{Status: Hello}
	var seen [1 << 16 / 64]uint64 // a bit for each type
	for len(list) > 0 {
		kind, hasKind := list.number16()
		content, hasContent := list.vector16()
		if !hasKind || !hasContent {
			return refused("its hello is malformed")
		}
		// A server that takes the first and one that takes the last differ.
		if seen[kind/64]&(1<<(kind%64)) != 0 {
			return refused("its hello has an extension twice")
		}
		seen[kind/64] |= 1 << (kind % 64)
		switch kind {
		case serverNameExtension:
			name, problem := parseServerName(content)
			if problem != "" {
				return refused(problem)
			}
			result.ServerName, result.HasName = name, true
		case echExtension, esniExtension:
			result.ECH = true
		}
	}
	return result
}

// parseServerName reads the content of the extension server_name (RFC 6066, section 3),
// or says what is wrong with it. Other types of names than host_name were never defined,
// so nobody knows how long one is: servers that skip them guess.
func parseServerName(content input) (name, problem string) {
	list, ok := content.vector16()
	if !ok || len(content) != 0 {
		return "", "the server name in its hello is malformed"
	}
	kind, hasKind := list.number8()
	host, hasHost := list.vector16()
	switch {
	case !hasKind || !hasHost:
		return "", "the server name in its hello is malformed"
	case kind != 0:
		return "", "the server name in its hello is of an unknown type"
	case len(list) != 0:
		return "", "its hello has several server names"
	}
	return string(host), wrongName(string(host))
}

// input is what has not been read yet of a text in the presentation language of RFC 8446,
// section 3.
type input []byte

// cut reads a number of bytes.
func (s *input) cut(n int) (input, bool) {
	if n > len(*s) {
		return nil, false
	}
	taken := (*s)[:n]
	*s = (*s)[n:]
	return taken, true
}

// number8 reads a number of one byte.
func (s *input) number8() (int, bool) {
	b, ok := s.cut(1)
	if !ok {
		return 0, false
	}
	return int(b[0]), true
}

// number16 reads a number of two bytes.
func (s *input) number16() (int, bool) {
	b, ok := s.cut(2)
	if !ok {
		return 0, false
	}
	return int(b[0])<<8 | int(b[1]), true
}

// vector8 reads a vector with a length of one byte.
func (s *input) vector8() (input, bool) {
	n, ok := s.number8()
	if !ok {
		return nil, false
	}
	return s.cut(n)
}

// vector16 reads a vector with a length of two bytes.
func (s *input) vector16() (input, bool) {
	n, ok := s.number16()
	if !ok {
		return nil, false
	}
	return s.cut(n)
}
