package dns

import (
	"bytes"
	"net/netip"
	"strings"
)

// ParseHosts reads the text of /etc/hosts (hosts(5)) and returns the addresses of the names
// for which keep says so, which is given their canonical form. Lines without an address are
// passed over.
func ParseHosts(text []byte, keep func(name string) bool) map[string][]netip.Addr {
	hosts := map[string][]netip.Addr{}
	for line := range bytes.Lines(text) {
		line, _, _ = bytes.Cut(line, []byte("#"))
		fields := strings.Fields(string(line))
		if len(fields) < 2 {
			continue
		}
		addr, err := netip.ParseAddr(fields[0])
		if err != nil {
			continue
		}
		for _, name := range fields[1:] {
			name = strings.ToLower(strings.TrimSuffix(name, "."))
			if isCanonical(name) && keep(name) {
				hosts[name] = append(hosts[name], addr)
			}
		}
	}
	return hosts
}
