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
	// Log: the last socket is not one, but what decisions are written to.
	Log bool
}

// Rule is an entry of network.allow or network.deny.
type Rule struct{ Text, Place string }

// Encode is the binary form of a setting.
func (s *Setting) Encode() []byte {
	var out []byte
	for _, list := range [...][]Rule{s.Allow, s.Deny} {
		out = wire.AppendNumber(out, uint64(len(list)))
		for _, r := range list {
			out = wire.AppendBytes(wire.AppendBytes(out, r.Text), r.Place)
		}
	}
	for _, text := range [...]string{s.Resolver, s.Switch, s.Hosts} {
		out = wire.AppendBytes(out, text)
	}
	out = wire.AppendNumber(out, uint64(len(s.Services)))
	for name, port := range s.Services {
		out = wire.AppendNumber(wire.AppendBytes(out, name), uint64(port))
	}
	log := uint64(0)
	if s.Log {
		log = 1
	}
	return wire.AppendNumber(out, log)
}

// DecodeSetting reads what Encode wrote; false for anything else.
func DecodeSetting(data []byte) (*Setting, bool) {
	s, d := &Setting{}, wire.NewDecoder(data)
	for _, list := range [...]*[]Rule{&s.Allow, &s.Deny} {
		for range d.Count(2) {
			*list = append(*list, Rule{Text: d.Text(), Place: d.Text()})
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
	s.Log = d.Below(2) == 1
	return s, d.Done()
}
