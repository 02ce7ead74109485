package paths

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

// CheckSocket judges an entry of sockets and returns the key by which entries
// are compared.
func CheckSocket(text string) (key string, p *diag.Problem) {
	if text == AnySocket {
		return text, nil
	}
	name, abstract := AbstractSocket(text)
	switch {
	case !abstract:
		return Check(text)
	case name == "" || len(name) > maxSocketName:
		return "", diag.Invalid("the name of an abstract socket", text, "write @ and 1 to 107 bytes, as /proc/net/unix shows it")
	}
	if strings.Contains(name, "\x00") {
		return "", diag.Invalid("the name of an abstract socket", diag.Escape(text), "a NUL byte cannot be written here")
	}
	return text, nil
}
