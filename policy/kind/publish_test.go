package kind

import (
	"bytes"
	"strings"
	"testing"
)

func TestParsePublish(t *testing.T) {
	six := append(make([]byte, 15), 1)
	for text, want := range map[string]Publish{
		"8080:80":           {[]byte{127, 0, 0, 1}, 8080, 80, "127.0.0.1:8080"},
		"8080:80/tcp":       {[]byte{127, 0, 0, 1}, 8080, 80, "127.0.0.1:8080"},
		"0.0.0.0:1:65535":   {[]byte{0, 0, 0, 0}, 1, 65535, "0.0.0.0:1"},
		"127.0.0.2:8080:80": {[]byte{127, 0, 0, 2}, 8080, 80, "127.0.0.2:8080"},
		"[::1]:8080:80":     {six, 8080, 80, "[::1]:8080"},
		"[::]:65535:1":      {make([]byte, 16), 65535, 1, "[::]:65535"},
	} {
		got, p := ParsePublish(text)
		if p != nil || !bytes.Equal(got.Address, want.Address) || got.Port != want.Port || got.Inside != want.Inside || got.Text != want.Text {
			t.Errorf("%s is %+v, %v", text, got, p)
		}
	}
	for text, remedy := range map[string]string{
		"80": "port:port", "": "port:port", ":80": "port:port", "80:": "port:port", "0:80": "port:port", "80:0": "port:port",
		"65536:80": "port:port", "x:80:80": "port:port", "::1:80:80": "port:port", "[::1]80:80": "port:port", "[127.0.0.1:80:80": "port:port",
		"80:80/udp": "only ports of TCP", "80:80/": "port:port", "80:80/tcp/udp": "port:port", "080:80": "port:port", "80-81:80-81": "port:port",
	} {
		if got, p := ParsePublish(text); p == nil || !strings.Contains(p.Remedy, remedy) {
			t.Errorf("%q is %+v, %+v", text, got, p)
		}
	}
}
