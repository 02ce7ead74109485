package policy

import (
	"strings"

	"github.com/jail-project/jail/diag"
)

// AnySocket is the entry of sockets that stands for all sockets of the host
// that the jail shows.
const AnySocket = "*"

// maxSocketName is the longest abstract name: sun_path of unix(7) less the
// zero byte in front.
const maxSocketName = 107

// AbstractSocket returns the name that an entry of sockets such as
// "@/tmp/.X11-unix/X0" stands for, without the @; false for a path.
func AbstractSocket(entry string) (name string, ok bool) {
	return strings.CutPrefix(entry, "@")
}

// checkSocket judges an entry of sockets and returns the key by which entries
// are compared.
func checkSocket(text string) (key string, p *problem) {
	if text == AnySocket {
		return text, nil
	}
	name, abstract := AbstractSocket(text)
	switch {
	case !abstract:
		return checkPath(text, PathRef)
	case name == "" || len(name) > maxSocketName:
		return "", invalid("the name of an abstract socket", text, "write @ and 1 to 107 bytes, as /proc/net/unix shows it")
	}
	if strings.Contains(name, "\x00") {
		return "", invalid("the name of an abstract socket", diag.Escape(text), "a NUL byte cannot be written here")
	}
	return text, nil
}

// AnySocket tells whether the profile leaves all sockets unguarded, and where
// it says so.
func (p *Policy) AnySocket() (*PathRule, bool) {
	for i := range p.Sockets {
		if p.Sockets[i].Path == AnySocket {
			return &p.Sockets[i], true
		}
	}
	return nil, false
}
