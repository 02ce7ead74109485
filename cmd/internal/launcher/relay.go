package launcher

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/network"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/kind"
	"github.com/jail-project/jail/service"
)

// relayService is the name of the service in package network/relay, which is not imported:
// the launcher would take longer to start with it.
const relayService = "network"

// relayEnded is the code of the warning that the relay has ended before the jail.
const relayEnded = "relay-ended"

// startRelay starts the relay of a jail with a filtered network. It is called when the
// jail has run for a moment or first connects; until then connections wait. Without a
// relay the jail has no network, and is ended.
func (r *Running) startRelay(l *Launch, view *fstree.View, sockets []int) error {
	if len(sockets) == 0 {
		return nil
	}
	r.lists = l.hostLists()
	setting := l.relaySetting(view, r.lists)
	passed := sockets
	if l.LogNetwork {
		setting.Log, passed = true, append(passed, unix.Stderr)
	}
	var err error
	if r.relay.service, err = service.Start(service.Options{
		Name: relayService, Host: l.Host, Sockets: passed, Setting: setting.Encode(), Network: true,
		Executable: l.servicesFile(), LandlockOptional: l.Policy.Landlock.Use.V != "required",
	}); err != nil {
		return err
	}
	if len(r.lists) > 0 {
		r.Regularly(r.lookAtLists)
	}
	r.relay.follow(r, l, relayEnded)
	return nil
}

// servicesFile is the file with the services: the whole program, "" if this is it.
func (l *Launch) servicesFile() string {
	programs := l.Host.Own.Programs
	if self, err := os.Executable(); err == nil && len(programs) > 0 && programs[len(programs)-1] != self {
		return programs[len(programs)-1]
	}
	return ""
}

// relaySetting is what the relay is told. The files are those by which the host's programs
// look names up; one that is missing is empty, which the C library takes it for as well.
func (l *Launch) relaySetting(view *fstree.View, lists []hostList) *network.Setting {
	s := &network.Setting{Services: map[string]uint16{}}
	s.Allow, s.Deny = ruleTexts(l.Policy.Network.Allow, lists, false), ruleTexts(l.Policy.Network.Deny, lists, true)
	for i := range lists {
		s.Files = append(s.Files, network.File{Shown: lists[i].shown, Deny: lists[i].deny, Open: isOpen(view, lists[i].path)})
	}
	for file, text := range map[string]*string{"/etc/resolv.conf": &s.Resolver, "/etc/nsswitch.conf": &s.Switch, "/etc/hosts": &s.Hosts} {
		content, _ := os.ReadFile(file)
		*text = string(content)
	}
	if len(lists) == 0 {
		s.Hosts = namedHosts(s.Hosts, s.Allow) // else nobody knows yet which names will count
	}
	for _, list := range [...][]network.Rule{s.Allow, s.Deny} {
		for _, rule := range list {
			if host, problem := kind.ParseHost(rule.Text); problem == nil && host.Service != "" {
				s.Services[host.Service] = 0
			}
		}
	}
	if len(s.Services) > 0 || len(lists) > 0 {
		services, _ := os.ReadFile(network.ServicesFile)
		network.FindServices(s.Services, string(services), len(lists) > 0)
	}
	return s
}

func ruleTexts(entries []policy.Entry, lists []hostList, deny bool) []network.Rule {
	rules := make([]network.Rule, len(entries))
	for i := range entries {
		e := &entries[i]
		rules[i] = network.Rule{
			Text: e.Text, Place: e.At.String(),
			File: 1 + slices.IndexFunc(lists, func(l hostList) bool { return l.path == e.File && l.deny == deny }),
		}
	}
	return rules
}

// namedHosts are the lines of hosts(5) with a name that the rules could be about: the
// file may be as long as it likes, and what a service can be told is bounded.
func namedHosts(text string, allow []network.Rule) string {
	var hosts []kind.Host
	for _, rule := range allow {
		if host, problem := kind.ParseHost(rule.Text); problem == nil {
			hosts = append(hosts, host)
		}
	}
	var out strings.Builder
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		for _, name := range fields[min(1, len(fields)):] {
			if isNamed(strings.ToLower(name), hosts) && out.Len()+len(line) < service.MostSetting/2 {
				out.WriteString(strings.TrimSpace(line) + "\n")
				break
			}
		}
	}
	return out.String()
}

// isNamed tells whether an entry could be about a name. The relay judges again.
func isNamed(name string, entries []kind.Host) bool {
	return slices.ContainsFunc(entries, func(host kind.Host) bool {
		return host.Any || host.Name == name && !host.Below || host.Below && strings.HasSuffix(name, "."+host.Name)
	})
}

// network says what the network of the jail has refused, and whether its relay has ended
// before the program, if that was not told at once.
func (r *Running) network() (list diag.List) {
	list = r.relay.untold()
	if r.published.ended != "" {
		list = append(list, *warning("publish-ended", r.published.ended))
	}
	if r.shared != nil && r.shared.ended != "" {
		list = append(list, *warning("group-ended", r.shared.ended))
	}
	if text := r.NetworkEnded(); text != "" {
		list = append(list, *warning("network-ended", text))
	}
	texts, remarks := counted(r.relay.refused)
	for _, remark := range remarks {
		list = append(list, *warning("network-lists", remark))
	}
	if len(texts) > 0 {
		list = append(list, *warning("network-refused", "the network did not let the program reach: "+few(texts)+"; --log-network shows each decision, --allow HOST:PORT allows one"))
	}
	return list
}

// counted are what a service has refused, as its lines say: a count and what it was, or the
// word "remark" and a text.
func counted(lines []byte) (texts, remarks []string) {
	for line := range bytes.Lines(lines) {
		count, text, found := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
		text = diag.Escape(text)
		switch {
		case !found:
			continue
		case count == "remark":
			remarks = append(remarks, text)
			continue
		case count != "1":
			text += " (" + count + " times)"
		}
		texts = append(texts, text)
	}
	return texts, remarks
}

// few is a list of texts, of which the first ones are enough.
func few(texts []string) string {
	const most = 6
	if more := len(texts) - most; more > 0 {
		texts = append(texts[:most:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, "; ")
}
