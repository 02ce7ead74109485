package front

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

// answer reads a request and returns what the client gets as an answer to it, in full.
func answer(t *testing.T, sent string) string {
	t.Helper()
	var w bytes.Buffer
	request, err := Read(bufio.NewReader(strings.NewReader(sent)), &w)
	if refusal, ok := err.(*Refusal); ok { //nolint:errorlint // Read promises this type, not one that wraps it
		err = refusal.Reply(&w)
	} else if err == nil {
		err = request.Accept(&w)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w.String()
}

func TestSOCKSAnswers(t *testing.T) {
	const zero = "\x00\x01\x00\x00\x00\x00\x00\x00"
	for sent, want := range map[string]string{
		domain("example.org"): "\x05\x00" + "\x05\x00" + zero,
		domain("127.1"):       "\x05\x00" + "\x05\x01" + zero,
		socks("\x05\x02\x00\x01\x7f\x00\x00\x01\x01\xbb"):   "\x05\x00" + "\x05\x07" + zero,
		socks("\x05\x01\x00\x02"):                           "\x05\x00" + "\x05\x08" + zero,
		"\x05\x01\x02":                                      "\x05\xff",
		"\x04\x01\x01\xbb\x7f\x00\x00\x01\x00":              "\x00\x5b\x00\x00\x00\x00\x00\x00",
		socks("\x05\x02\x00\x03\x01a\x01\xbb") + "and more": "\x05\x00" + "\x05\x07" + zero,
	} {
		if got := answer(t, sent); got != want {
			t.Errorf("%q: got %q, want %q", sent, got, want)
		}
	}
	for reason, code := range map[Reason]string{NotAllowed: "\x02", Unreachable: "\x04", ConnectionRefused: "\x05"} {
		var w bytes.Buffer
		if err := (Request{Protocol: SOCKS5}).Refuse(&w, reason, "a text"); err != nil || w.String() != "\x05"+code+zero {
			t.Errorf("%d: got %q, %v", reason, w.String(), err)
		}
	}
}

func TestHTTPAnswers(t *testing.T) {
	if got := answer(t, connect("example.org:443")); got != "HTTP/1.1 200 Connection established\r\n\r\n" {
		t.Errorf("got %q", got)
	}
	for sent, want := range map[string]int{
		"GET http://example.org/ HTTP/1.1\r\n\r\n": 405, connect("example.org"): 400, with(filler(1)): 431,
	} {
		status, text, header := parseAnswer(t, answer(t, sent))
		if status != want || len(text) < 20 {
			t.Errorf("%.30q: got %d, %q", sent, status, text)
		}
		if (header.Get("Allow") == "CONNECT") != (status == 405) || status == 405 && !strings.Contains(text, "filtered transparently") {
			t.Errorf("%d: %v, %q", status, header, text)
		}
	}
	if _, text, _ := parseAnswer(t, answer(t, "CONNECT example.org:443 HTTP/1.1\n\n")); !strings.Contains(text, "CR and LF") {
		t.Errorf("for a line that ends in LF alone: %q", text)
	}
	for reason, want := range map[Reason]int{NotAllowed: 403, Unreachable: 502, ConnectionRefused: 502} {
		var w bytes.Buffer
		if err := (Request{}).Refuse(&w, reason, "no rule of network.allow is for example.org:443"); err != nil {
			t.Fatal(err)
		}
		if status, text, _ := parseAnswer(t, w.String()); status != want || text != "no rule of network.allow is for example.org:443\n" {
			t.Errorf("%d: got %d, %q", reason, status, text)
		}
	}
}

// TestW21AnswerIsOneLine: a host in the text of an answer makes neither a field nor a
// second answer, and drives no terminal.
func TestW21AnswerIsOneLine(t *testing.T) {
	const hostile = "a\r\nSet-Cookie: b\r\n\r\nHTTP/1.1 200 OK\x1b[2J\u202e\u2028\x00\xff"
	var w bytes.Buffer
	if err := (Request{}).Refuse(&w, NotAllowed, hostile); err != nil {
		t.Fatal(err)
	}
	status, text, header := parseAnswer(t, w.String())
	if status != 403 || len(header) != 2 || strings.Count(text, "\n") != 1 || strings.ContainsAny(text, "\r\x1b\x00\u202e\u2028") || !utf8.ValidString(text) {
		t.Errorf("got %d, %v, %q", status, header, text)
	}
}

// parseAnswer has net/http read an answer, after which nothing may follow.
func parseAnswer(t *testing.T, sent string) (status int, text string, header http.Header) {
	t.Helper()
	r := bufio.NewReader(strings.NewReader(sent))
	response, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || r.Buffered() > 0 || !response.Close {
		t.Errorf("%q: %v, %d bytes follow", sent, err, r.Buffered())
	}
	return response.StatusCode, string(body), response.Header
}
