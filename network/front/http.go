package front

import (
	"bufio"
	"strconv"
	"strings"

	"github.com/jail-project/jail/diag"
)

// maxHeader is how many bytes a request of HTTP may have, with all its line ends, and
// maxFields how many fields.
const (
	maxHeader = 16 << 10
	maxFields = 100
)

// readHTTP reads a request up to the empty line (RFC 9112, section 2.1).
func readHTTP(r *bufio.Reader) (Request, error) {
	left := maxHeader
	first, err := readLine(r, &left)
	if err != nil {
		return Request{}, err
	}
	method, target, ok := requestLine(first)
	if !ok {
		return Request{}, refuse(HTTP, Malformed, "the request is neither one of HTTP/1 nor one of SOCKS")
	}
	f, err := readFields(r, &left)
	if err != nil {
		return Request{}, err
	}
	if method != "CONNECT" {
		return Request{}, refuse(HTTP, WrongMethod, "the proxy of this jail only makes connections, by CONNECT; plain requests need no proxy here: send them to their host, the network is filtered transparently")
	}
	if f.body {
		return Request{}, refuse(HTTP, Malformed, "a CONNECT request has no content, but this one has Content-Length or Transfer-Encoding")
	}
	request, problem := authority(target)
	if problem == "" && f.hosts > 0 && !sameHost(f.host, target) {
		problem = "the Host field names another host than the CONNECT request"
	}
	if problem != "" {
		return Request{}, refuse(HTTP, Malformed, problem)
	}
	return request, nil
}

// readLine reads a line without its end, which has to be CRLF. A server may take a bare
// LF or CR for a line end too (RFC 9112, section 2.2), and then reads other lines than
// one that does not. So neither may be in a line, nor other control characters but TAB.
func readLine(r *bufio.Reader, left *int) (string, error) {
	var line []byte
	for {
		c, err := r.ReadByte()
		if err != nil {
			return "", err
		}
		if *left--; *left < 0 {
			return "", refuse(HTTP, TooLarge, "the request is larger than 16 KiB")
		}
		n := len(line)
		switch {
		case c == '\n' && n > 0 && line[n-1] == '\r':
			return string(line[:n-1]), nil
		case c == '\n', n > 0 && line[n-1] == '\r':
			return "", refuse(HTTP, Malformed, "a line of the request does not end in CR and LF")
		case c < ' ' && c != '\t' && c != '\r', c == 0x7f:
			return "", refuse(HTTP, Malformed, "the request has a control character")
		}
		line = append(line, c)
	}
}

// requestLine takes the first line apart: three words with one space between them
// (RFC 9112, section 3).
func requestLine(line string) (method, target string, ok bool) {
	words := strings.Split(line, " ")
	if len(words) != 3 || !isToken(words[0]) || words[1] == "" || words[2] != "HTTP/1.1" && words[2] != "HTTP/1.0" {
		return "", "", false
	}
	return words[0], words[1], true
}

// fields is what counts of the fields of a request.
type fields struct {
	host  string // the last Host field
	hosts int    // how many there are
	body  bool   // a field says that content follows
}

// readFields reads the fields and the empty line after them (RFC 9112, section 5).
func readFields(r *bufio.Reader, left *int) (fields, error) {
	var f fields
	for n := 0; ; n++ {
		line, err := readLine(r, left)
		if err != nil || line == "" {
			return f, err
		}
		if n == maxFields {
			return f, refuse(HTTP, TooLarge, "the request has more than 100 fields")
		}
		// A line that continues the one before begins with a space, which no name has.
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) {
			return f, refuse(HTTP, Malformed, "a field of the request has no proper name")
		}
		switch strings.ToLower(name) {
		case "host":
			f.host = strings.Trim(value, " \t")
			f.hosts++
		case "content-length", "transfer-encoding":
			f.body = true
		}
		if f.hosts > 1 {
			return f, refuse(HTTP, Malformed, "the request has several Host fields")
		}
	}
}

// authority reads the target of CONNECT, a host and a port (RFC 9112, section 3.2.3), or
// says what is wrong with it.
func authority(target string) (q Request, problem string) {
	i := strings.LastIndexByte(target, ':')
	if i < 0 {
		return q, "the CONNECT request has no port"
	}
	host, text := target[:i], target[i+1:]
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || text[0] == '0' { // a sign is an error as well
		return q, "the CONNECT request has no proper port"
	}
	q = Request{Protocol: HTTP, Host: host, Port: uint16(port)}
	if inside, ok := strings.CutPrefix(host, "["); ok {
		inside, ok = strings.CutSuffix(inside, "]")
		q.Host, q.Addr = inside, address(inside)
		if !ok || !q.Addr.Is6() {
			return q, "there is no IPv6 address between the brackets"
		}
		return q, ""
	}
	switch q.Addr = address(host); {
	case host == "":
		return q, "the CONNECT request has no host"
	case len(host) > 255:
		return q, "the host of the CONNECT request is too long"
	case strings.ContainsFunc(host, notInName):
		return q, "the host of the CONNECT request has a character that host names do not have"
	case !q.Addr.IsValid() && oddAddress(host):
		return q, "the host of the CONNECT request is an IP address in a notation that can be taken for another one"
	}
	return q, ""
}

// sameHost tells whether a Host field is the target of CONNECT, as RFC 9112, section
// 3.2, wants it. Java and old modules of Node leave the port away where it is the one of
// https or http. The field still names the same host, and the target alone counts.
func sameHost(field, target string) bool {
	return strings.EqualFold(field, target) || strings.EqualFold(field+":443", target) || strings.EqualFold(field+":80", target)
}

// notInName tells whether a character is in no host name. An underscore should not be,
// but is in names that people use.
func notInName(c rune) bool { return c != '.' && c != '-' && c != '_' && !isAlphanumeric(c) }

// isToken tells whether a text can be a method or the name of a field (RFC 9110, section
// 5.6.2).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return !isAlphanumeric(c) && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
	})
}

func isAlphanumeric(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// httpRefusal is an answer with a line of text. Nothing of the text gets into the head
// of the answer, and it has no line end.
func httpRefusal(reason Reason, text string) string {
	text = diag.Escape(text) + "\n"
	head := "HTTP/1.1 " + httpStatus(reason) + "\r\n"
	if reason == WrongMethod {
		head += "Allow: CONNECT\r\n" // which this status has to have (RFC 9110, section 15.5.6)
	}
	return head + "Content-Type: text/plain; charset=utf-8\r\nContent-Length: " + strconv.Itoa(len(text)) + "\r\nConnection: close\r\n\r\n" + text
}

// httpStatus is the status of an answer (RFC 9110, section 15, and RFC 6585).
func httpStatus(reason Reason) string {
	switch reason {
	case NotAllowed:
		return "403 Forbidden"
	case WrongMethod:
		return "405 Method Not Allowed"
	case TooLarge:
		return "431 Request Header Fields Too Large"
	case Unreachable, ConnectionRefused:
		return "502 Bad Gateway"
	case Malformed, WrongCommand, WrongAddressType, NoMethod:
	}
	return "400 Bad Request"
}
