package display

import (
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/wire"
)

// Setting is what the service that filters a display is told when it starts.
type Setting struct {
	Profile string // names the jail in titles of windows
	Server  string // the path of the server's socket
	Cookie  Cookie
	// In and Out say when the program gets the clipboard of others and gives them its own:
	// deny, on-key or allow.
	In, Out string
	Titles  bool // titles of windows begin with the name of the profile
	GPU     bool // the program may have the server hand over its graphics processor
}

// SettingOf is what the service of a jail with this policy is told.
func SettingOf(p *policy.Policy, s *Screen) *Setting {
	set := &Setting{
		Profile: p.Name, Server: s.Server, Cookie: s.Cookie,
		In: p.Display.Clipboard.In.V, Out: p.Display.Clipboard.Out.V, Titles: p.Display.Titles.V,
	}
	for i := range p.Devices {
		set.GPU = set.GPU || p.Devices[i].Text == "gpu"
	}
	return set
}

// Encode is the binary form of a setting.
func (s *Setting) Encode() []byte {
	var out []byte
	for _, text := range [...]string{s.Profile, s.Server, s.Cookie.Name, string(s.Cookie.Data), s.In, s.Out} {
		out = wire.AppendBytes(out, text)
	}
	for _, is := range [...]bool{s.Titles, s.GPU} {
		n := uint64(0)
		if is {
			n = 1
		}
		out = wire.AppendNumber(out, n)
	}
	return out
}

// DecodeSetting reads what Encode wrote; false for anything else.
func DecodeSetting(data []byte) (*Setting, bool) {
	s, d := &Setting{}, wire.NewDecoder(data)
	var cookie string
	for _, text := range [...]*string{&s.Profile, &s.Server, &s.Cookie.Name, &cookie, &s.In, &s.Out} {
		*text = d.Text()
	}
	s.Cookie.Data = []byte(cookie)
	s.Titles, s.GPU = d.Below(2) == 1, d.Below(2) == 1
	return s, d.Done()
}
