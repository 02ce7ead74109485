package network

import "github.com/jail-project/jail/wire"

// Setting is what the relay of a jail is told when it starts.
type Setting struct {
	// Allow and Deny are the rules, as the profile writes them, each with its place.
	Allow, Deny []Rule
	// Resolver, Switch and Hosts are the host's resolv.conf(5), nsswitch.conf(5) and
	// hosts(5), of the last only what the rules could allow.
	Resolver, Switch, Hosts string
	// Services are the ports of the services that rules name (services(5)).
	Services map[string]uint16
	// Files are the lists of hosts that rules are lines of.
	Files []File
	// Log: the last socket is not one, but what decisions are written to.
	Log bool
}

// Rule is an entry of network.allow or network.deny.
type Rule struct {
	Text, Place string
	File        int // the place in Setting.Files of the list that it is a line of, and 1; 0 for none
}

// File is a list of hosts, which may change while the jail runs.
type File struct {
	Shown string // its name in messages
	Deny  bool   // its lines are entries of network.deny
	// Open: the jail may write it. Then a change takes away from what the jail reaches, and
	// never adds to it.
	Open bool
}

// MostFile is how many bytes of a list of hosts are read, as of a profile.
const MostFile = 1 << 20

// mostFiles is how many lists of hosts there are at most.
const mostFiles = 1 << 10

// Encode is the binary form of a setting.
func (s *Setting) Encode() []byte {
	var out []byte
	for _, list := range [...][]Rule{s.Allow, s.Deny} {
		out = wire.AppendNumber(out, uint64(len(list)))
		for _, r := range list {
			out = wire.AppendNumber(wire.AppendBytes(wire.AppendBytes(out, r.Text), r.Place), uint64(r.File))
		}
	}
	for _, text := range [...]string{s.Resolver, s.Switch, s.Hosts} {
		out = wire.AppendBytes(out, text)
	}
	out = wire.AppendNumber(out, uint64(len(s.Services)))
	for name, port := range s.Services {
		out = wire.AppendNumber(wire.AppendBytes(out, name), uint64(port))
	}
	out = wire.AppendNumber(out, uint64(len(s.Files)))
	for _, f := range s.Files {
		out = appendFlag(appendFlag(wire.AppendBytes(out, f.Shown), f.Deny), f.Open)
	}
	return appendFlag(out, s.Log)
}

func appendFlag(out []byte, is bool) []byte {
	if is {
		return wire.AppendNumber(out, 1)
	}
	return wire.AppendNumber(out, 0)
}

// DecodeSetting reads what Encode wrote; false for anything else.
func DecodeSetting(data []byte) (*Setting, bool) {
	s, d := &Setting{}, wire.NewDecoder(data)
	for _, list := range [...]*[]Rule{&s.Allow, &s.Deny} {
		for range d.Count(3) {
			*list = append(*list, Rule{Text: d.Text(), Place: d.Text(), File: int(d.Below(mostFiles + 1))})
		}
	}
	for _, text := range [...]*string{&s.Resolver, &s.Switch, &s.Hosts} {
		*text = d.Text()
	}
	s.Services = map[string]uint16{}
	for range d.Count(2) {
		name := d.Text()
		s.Services[name] = uint16(d.Below(1 << 16))
	}
	for range d.Count(3) {
		s.Files = append(s.Files, File{Shown: d.Text(), Deny: d.Below(2) == 1, Open: d.Below(2) == 1})
	}
	s.Log = d.Below(2) == 1
	return s, d.Done()
}
