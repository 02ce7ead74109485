package dns

import (
	"bytes"
	"slices"
	"strings"
)

// Sources are where the host looks names up, by the line "hosts" of nsswitch.conf(5).
type Sources struct {
	// Order has those that a Resolver knows, each once. systemd's "resolve" counts as
	// files and DNS. What is only reached when DNS fails altogether is not in it.
	Order []Source
	// Others are those that a Resolver does not know, in their order.
	Others []Other
}

// Other is a source of names that a jail does not get.
type Other struct {
	Name string // as in nsswitch.conf: mdns4_minimal, wins, ldap
	// Domain is the only domain that it has names of, "" when it could have any.
	Domain string
}

// Nsswitch reads the text of nsswitch.conf. Without the line there are files and then DNS.
func Nsswitch(text []byte) Sources {
	sources := Sources{}
	for _, s := range hostsLine(text) {
		switch s.name {
		case "files":
			sources.add(Files)
		case "dns":
			sources.add(DNS)
		case "resolve":
			sources.add(Files) // systemd-resolved reads them first
			sources.add(DNS)
			sources.Others = append(sources.Others, Other{Name: s.name})
		default:
			sources.Others = append(sources.Others, Other{s.name, domainOf(s.name)})
			continue // its actions are about the names that it has
		}
		if s.final {
			break
		}
	}
	return sources
}

// Unserved returns the sources whose names the jail does not get. This is what a user can be
// warned of, if a rule allows a name that they could have. It leaves out "resolve" when the
// servers of resolv.conf are systemd-resolved's own, and "myhostname", which knows no names
// but those of the host itself.
func (s Sources) Unserved(c *ResolvConf) []Other {
	return slices.DeleteFunc(slices.Clone(s.Others), func(o Other) bool {
		return o.Name == "myhostname" || o.Name == "resolve" && c.IsResolved()
	})
}

func (s *Sources) add(source Source) {
	if !slices.Contains(s.Order, source) {
		s.Order = append(s.Order, source)
	}
}

// domainOf is the domain to which a source is limited. Multicast DNS answers for .local
// (RFC 6762 section 3) unless its own file /etc/mdns.allow says otherwise.
func domainOf(source string) string {
	if strings.HasPrefix(source, "mdns") {
		return "local"
	}
	return ""
}

// service is one word of the line, and whether a name that it does not know is looked for
// no further.
type service struct {
	name  string
	final bool
}

// hostsLine returns the services of the last line for hosts.
func hostsLine(text []byte) []service {
	services := []service{{name: "files"}, {name: "dns"}}
	for line := range bytes.Lines(text) {
		line, _, _ = bytes.Cut(line, []byte("#"))
		database, rest, ok := strings.Cut(string(line), ":")
		if ok && strings.TrimSpace(database) == "hosts" {
			services = servicesOf(rest)
		}
	}
	return services
}

// servicesOf splits a line into services and their actions, which stand in brackets.
func servicesOf(rest string) []service {
	var services []service
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		if actions, ok := strings.CutPrefix(rest, "["); ok {
			actions, rest, _ = strings.Cut(actions, "]")
			if len(services) > 0 && endsSearch(actions) {
				services[len(services)-1].final = true
			}
			continue
		}
		end := strings.IndexAny(rest, " \t\r\n\v\f[")
		if end < 0 {
			end = len(rest)
		}
		services = append(services, service{name: rest[:end]})
		rest = rest[end:]
	}
	return services
}

// endsSearch tells whether actions end the search for a name that a service says is not
// there: NOTFOUND=return, or !STATUS=return for any other status. The last one that is about
// that status counts.
func endsSearch(actions string) bool {
	ends := false
	for action := range strings.FieldsSeq(strings.ToLower(actions)) {
		status, does, _ := strings.Cut(action, "=")
		name, negated := strings.CutPrefix(status, "!")
		if (name == "notfound") != negated {
			ends = does == "return"
		}
	}
	return ends
}
