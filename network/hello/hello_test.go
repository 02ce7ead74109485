package hello

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// A sketch is a ClientHello to be made, with all its mistakes.
type sketch struct {
	version    string // of the message; TLS 1.2 unless said
	session    string
	suites     string // one suite unless said
	extensions []extension
	without    bool   // no list of extensions
	after      string // what follows the list
}

type extension struct {
	kind    uint16
	content string
}

func vector8(s string) string  { return string([]byte{byte(len(s))}) + s }
func vector16(s string) string { return string(binary.BigEndian.AppendUint16(nil, uint16(len(s)))) + s }
func hostName(s string) string { return "\x00" + vector16(s) }

// name is the extension server_name with one name.
func name(s string) extension { return extension{0, vector16(hostName(s))} }

// names is a hello with one server name.
func names(s string) string { return sketch{extensions: []extension{name(s)}}.message() }

// message is the handshake message.
func (s sketch) message() string {
	if s.version == "" {
		s.version = "\x03\x03"
	}
	if s.suites == "" {
		s.suites = "\x13\x01"
	}
	body := s.version + strings.Repeat("r", 32) + vector8(s.session) + vector16(s.suites) + vector8("\x00")
	if !s.without {
		list := ""
		for _, e := range s.extensions {
			list += string(binary.BigEndian.AppendUint16(nil, e.kind)) + vector16(e.content)
		}
		body += vector16(list)
	}
	return handshakeMessage(1, body+s.after)
}

func handshakeMessage(kind byte, body string) string {
	n := len(body)
	return string([]byte{kind, byte(n >> 16), byte(n >> 8), byte(n)}) + body
}

// record is a record of TLS, of the version that first records of clients have.
func record(kind byte, content string) string {
	return string([]byte{kind, 3, 1}) + vector16(content)
}

// records divides a message among records with so many bytes each.
func records(message string, size int) string {
	var b strings.Builder
	for part := range slices.Chunk([]byte(message), size) {
		b.WriteString(record(22, string(part)))
	}
	return b.String()
}

// hellos are beginnings of what a client sends, with what is to be said of them.
func hellos() []struct {
	name, sent string
	want       Result
} {
	const (
		other    = "a TLS record of another type is inside its hello"
		begin    = "its first TLS record is not the begin of a hello"
		bad      = "its hello is malformed"
		badName  = "the server name in its hello is malformed"
		chars    = "the server name in its hello has a character that host names do not have"
		address  = "the server name in its hello is an IP address"
		large    = "its hello is larger than 64 KiB"
		noRecord = "its first TLS record has an unknown version"
	)
	org := Result{Status: Hello, ServerName: "example.org", HasName: true}
	plain := Result{Status: Hello}
	good := names("example.org")
	named := func(s string) string { return record(22, names(s)) }
	listed := func(e ...extension) string { return record(22, sketch{extensions: e}.message()) }
	return []struct {
		name, sent string
		want       Result
	}{
		{"nothing", "", Result{}},
		{"a hello", record(22, good), org},
		{"data after it", record(22, good) + record(20, "\x01") + record(23, "early"), org},
		{"anything after it", record(22, good) + "\xff", org},
		{"a hello without its last byte", record(22, good)[:4+len(good)], Result{}},
		{"case and underscore", named("_a.Example.ORG"), Result{Status: Hello, ServerName: "_a.Example.ORG", HasName: true}},
		{"the longest name", named(strings.Repeat("a", 253)), Result{Status: Hello, ServerName: strings.Repeat("a", 253), HasName: true}},
		{"a number that is not last", named("1.example"), Result{Status: Hello, ServerName: "1.example", HasName: true}},
		{"hexadecimal without its mark", named("fe"), Result{Status: Hello, ServerName: "fe", HasName: true}},
		{"no extensions", listed(), plain},
		{"no list of extensions", record(22, sketch{without: true}.message()), plain},
		{"GREASE and unknown extensions", listed(extension{0x0a0a, ""}, extension{0x1a1a, "x"}, name("example.org"), extension{0xff77, "\x00"}, extension{0x2a2a, ""}), org},
		{"encrypted hello", listed(name("example.org"), extension{0xfe0d, "\x00..."}), Result{Status: Hello, ServerName: "example.org", HasName: true, ECH: true}},
		{"encrypted hello without a name", listed(extension{0xfe0d, ""}), Result{Status: Hello, ECH: true}},
		{"encrypted name", listed(extension{0xffce, ""}), Result{Status: Hello, ECH: true}},
		{"a byte in each record", records(good, 1), org},
		{"three bytes in each record", records(good, 3), org},
		{"the longest record", record(22, padded(1<<14)), plain},
		{"as many bytes as may be", records(padded(Limit-4*5), 1<<14), plain},

		{"a byte more", records(padded(Limit-4*5+1), 1<<14), refused(large)},
		{"a claim of one byte too many", record(22, "\x01\x00\xff\xfd\x03\x03"), refused(large)},
		{"a claim of 16 MiB", record(22, "\x01\xff\xff\xff"), refused(large)},
		{"heads of records make it too large", records(padded(Limit/2), 1), refused(large)},
		{"a record too long by a byte", "\x16\x03\x01\x40\x01", refused("a TLS record of its hello is longer than TLS allows")},
		{"a record longer than encrypted ones", "\x16\x03\x01\x41\x01", refused("a TLS record of its hello is longer than TLS allows")},
		{"an empty record", "\x16\x03\x01\x00\x00", refused("a TLS record of its hello is empty")},
		{"an empty record within", record(22, good[:9]) + record(22, ""), refused("a TLS record of its hello is empty")},

		{"a warning first", record(21, "\x01\x5a") + record(22, good), refused(begin)},
		{"a warning of an odd version", "\x15\x01\x01\x00\x02\x01\x5a", refused(begin)},
		{"a ChangeCipherSpec first", record(20, "\x01"), refused(begin)},
		{"data first", record(23, "data"), refused(begin)},
		{"a warning within", record(22, good[:9]) + record(21, "\x01\x5a"), refused(other)},
		{"no record within", record(22, good[:9]) + "GET / HTTP/1.1", refused(other)},
		{"another version within", record(22, good[:9]) + "\x16\x02", refused("a TLS record inside its hello has an unknown version")},
		{"records of a version that does not exist", "\x16\x04\x01" + vector16(good), refused(noRecord)},
		{"records of version 0", "\x16\x00\x00" + vector16(good), refused(noRecord)},
		{"two messages in a record", record(22, good+good), refused("something follows its hello in the same TLS record")},
		{"a second message begins in a later record", record(22, good[:9]) + record(22, good[9:]+"\x01"), refused("something follows its hello in the same TLS record")},

		{"another version", record(22, sketch{version: "\x04\x00"}.message()), refused("its hello has an unknown version")},
		{"an empty message", record(22, "\x01\x00\x00\x00"), refused(bad)},
		{"a short one", record(22, handshakeMessage(1, "\x03\x03")), refused(bad)},
		{"no compression", record(22, handshakeMessage(1, good[4:4+34]+"\x00\x00\x02\x13\x01\x00")), refused(bad)},
		{"a long session", record(22, sketch{session: strings.Repeat("s", 33)}.message()), refused(bad)},
		{"no suite", record(22, handshakeMessage(1, good[4:4+34]+"\x00\x00\x00\x01\x00")), refused(bad)},
		{"half a suite", record(22, sketch{suites: "\x13\x01\x13"}.message()), refused(bad)},
		{"bytes after the extensions", record(22, sketch{after: "\x00"}.message()), refused(bad)},
		{"an extension longer than the list", record(22, sketch{without: true, after: vector16("\x00\x17\x00\x01")}.message()), refused(bad)},
		{"half the type of an extension", record(22, sketch{without: true, after: vector16("\x00")}.message()), refused(bad)},
		{"an extension twice", listed(extension{23, ""}, name("example.org"), extension{23, ""}), refused("its hello has an extension twice")},
		{"two extensions with names", listed(name("example.org"), name("example.com")), refused("its hello has an extension twice")},
		{"two names", listed(extension{0, vector16(hostName("example.org") + hostName("example.com"))}), refused("its hello has several server names")},
		{"two names that are the same", listed(extension{0, vector16(hostName("example.org") + hostName("example.org"))}), refused("its hello has several server names")},
		{"a name of another type", listed(extension{0, vector16("\x01" + vector16("example.org"))}), refused("the server name in its hello is of an unknown type")},
		{"a name and one of another type", listed(extension{0, vector16(hostName("example.org") + "\x01" + vector16("a"))}), refused("its hello has several server names")},
		{"an empty extension", listed(extension{0, ""}), refused(badName)},
		{"an empty list of names", listed(extension{0, vector16("")}), refused(badName)},
		{"bytes after the names", listed(extension{0, vector16(hostName("example.org")) + "\x00"}), refused(badName)},
		{"a name longer than its list", listed(extension{0, vector16("\x00\x00\x09example")}), refused(badName)},
		{"an empty name", named(""), refused("the server name in its hello is empty")},
		{"a name that is too long", named(strings.Repeat("a", 254)), refused("the server name in its hello is longer than DNS names can be")},
		{"a dot at the end", named("example.org."), refused("the server name in its hello ends in a dot")},
		{"NUL", named("example.org\x00.example.com"), refused(chars)},
		{"a space", named("example.org "), refused(chars)},
		{"a line end", named("example.org\r\n"), refused(chars)},
		{"percent", named("example%00.org"), refused(chars)},
		{"a user", named("user@example.org"), refused(chars)},
		{"a port", named("example.org:443"), refused(chars)},
		{"a wildcard", named("*.example.org"), refused(chars)},
		{"not ASCII", named("ex\u00e4mple.org"), refused(chars)},
		{"full-width dot", named("example\uff0eorg"), refused(chars)},
		{"IPv4", named("127.0.0.1"), refused(address)},
		{"IPv4 in short", named("127.1"), refused(address)},
		{"IPv4 as a number", named("2130706433"), refused(address)},
		{"IPv4 in octal", named("0177.0.0.01"), refused(address)},
		{"IPv4 in hexadecimal", named("0x7F.0.0.0X1F"), refused(address)},
		{"IPv4 as 0", named("0"), refused(address)},
		{"IPv4 as 0x", named("0x"), refused(address)},
		{"IPv6", named("::1"), refused(chars)},
		{"IPv6 in brackets", named("[::1]"), refused(chars)},
		{"IPv6 with a zone", named("fe80::1%eth0"), refused(chars)},

		{"SSLv2", "\x80\x2e\x01\x00\x02\x00\x15", refused("it sent a hello of SSLv2")},
		{"SSLv2 that asks for TLS", "\x80\x2e\x01\x03\x01\x00\x15", refused("it sent a hello of SSLv2")},
		{"half of SSLv2", "\x80\x2e\x01\x00", Result{}},
		{"almost SSLv2", "\x80\x2e\x01\x00\x03", Result{Status: NotTLS}},
		{"another version than SSLv2", "\x80\x2e\x01\x02", Result{Status: NotTLS}},
		{"another message than SSLv2", "\x80\x2e\x02", Result{Status: NotTLS}},

		{"HTTP", "G", Result{Status: NotTLS}},
		{"SSH", "SSH-2.0-OpenSSH_10.0\r\n", Result{Status: NotTLS}},
		{"a first byte like TLS", "\x16", Result{}},
		{"and no version", "\x16a", Result{Status: NotTLS}},
		{"and a version, and no hello", "\x16\x03\x01\x00\x09\x02", Result{Status: NotTLS}},
		{"an alert's first byte, and text", "\x15text", Result{Status: NotTLS}},
		{"data's first byte, and another version", "\x17\x02", Result{Status: NotTLS}},
		{"DTLS", "\x16\xfe\xfd\x00\x00", Result{Status: NotTLS}},
		{"QUIC", "\xc3\x00\x00\x00\x01", Result{Status: NotTLS}},
	}
}

// padded is a hello without a name of a certain size.
func padded(size int) string {
	empty := len(sketch{extensions: []extension{{21, ""}}}.message())
	return sketch{extensions: []extension{{21, strings.Repeat("\x00", size-empty)}}}.message()
}

func TestW8Inspect(t *testing.T) {
	for _, test := range hellos() {
		t.Run(test.name, func(t *testing.T) {
			if got := Inspect([]byte(test.sent)); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			var i Inspector
			for at := range len(test.sent) {
				i.Add([]byte(test.sent[at : at+1]))
			}
			if got := i.Add(nil); got != test.want {
				t.Errorf("byte by byte: got %+v, want %+v", got, test.want)
			}
		})
	}
}

// TestW8EverySplit divides what is sent at every place in two, among reads and among
// records.
func TestW8EverySplit(t *testing.T) {
	for _, test := range hellos() {
		if len(test.sent) > 1000 {
			continue
		}
		for at := range len(test.sent) + 1 {
			var i Inspector
			first := i.Add([]byte(test.sent[:at]))
			if got := i.Add([]byte(test.sent[at:])); got != test.want {
				t.Errorf("%s, divided at %d: got %+v, want %+v", test.name, at, got, test.want)
			}
			if first.Status != NeedMore && first != test.want {
				t.Errorf("%s: %+v after %d bytes, %+v in the end", test.name, first, at, test.want)
			}
		}
	}
	message := names("example.org")
	for at := 1; at < len(message); at++ {
		sent := record(22, message[:at]) + record(22, message[at:])
		if got := Inspect([]byte(sent)); got.ServerName != "example.org" {
			t.Errorf("records divided at %d: got %+v", at, got)
		}
	}
}

// TestDecidesEarly: what is not TLS is let go at the first byte that says so, since its
// client may wait for an answer before it sends the next.
func TestDecidesEarly(t *testing.T) {
	for sent, want := range map[string]int{
		"GET /": 1, "\x00\x00": 1, "\x16ext": 2, "\x16\x03\x01\x00\x09hello": 6, "\x80\x01hello": 3, "\x15\x20": 2,
	} {
		var i Inspector
		at := 0
		for i.Add(nil).Status == NeedMore && at < len(sent) {
			i.Add([]byte(sent[at : at+1]))
			at++
		}
		if got := i.Add(nil).Status; at != want || got != NotTLS {
			t.Errorf("%q: %d after %d bytes, want %d after %d", sent, got, at, NotTLS, want)
		}
	}
}

// TestMemory: a claim costs nothing, and what arrived is released with the verdict.
func TestMemory(t *testing.T) {
	claim := []byte("\x16\x03\x01\x40\x00\x01\x00\xff\xf0\x03")
	if size := testing.AllocsPerRun(100, func() { Inspect(claim) }); size > 1 {
		t.Errorf("%v allocations for a claim", size)
	}
	var i Inspector
	i.Add(claim)
	if cap(i.message) == 0 || cap(i.message) > 64 {
		t.Errorf("%d bytes are kept of a claim of 64 KiB", cap(i.message))
	}
	i = Inspector{}
	if i.Add([]byte(record(22, names("example.org")))); i.message != nil {
		t.Error("the message is kept after the verdict")
	}
}

// FuzzInspect: no input makes it panic, what it says does not depend on how the bytes
// are divided, and what is said once stays. crypto/tls decides whether that is right.
func FuzzInspect(f *testing.F) {
	for _, test := range hellos() {
		f.Add([]byte(test.sent), 1)
		f.Add([]byte(test.sent), 7)
	}
	f.Fuzz(func(t *testing.T, sent []byte, step int) {
		got := Inspect(sent)
		var i Inspector
		for part := range slices.Chunk(sent, max(1, step)) {
			before := i.Add(nil)
			if after := i.Add(part); before.Status != NeedMore && after != before {
				t.Errorf("%+v became %+v", before, after)
			}
		}
		if divided := i.Add(nil); divided != got {
			t.Errorf("in parts of %d: got %+v, want %+v", step, divided, got)
		}
		if (got.Status == Refused) != (got.Reason != "") || got.HasName != (got.ServerName != "") {
			t.Errorf("a result that means nothing: %+v", got)
		}
		compare(t, sent, got)
	})
}
