package network

import (
	"strconv"
	"strings"
)

// ServicesFile is what both who explains a rule and the relay find services in.
const ServicesFile = "/etc/services"

// FindServices sets the ports of services of TCP by the text of services(5): the name, the port
// and protocol, other names. all: also of those that are not in the map yet.
func FindServices(ports map[string]uint16, text string, all bool) {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		number, protocol, _ := strings.Cut(fields[1], "/")
		port, err := strconv.ParseUint(number, 10, 16)
		if err != nil || protocol != "tcp" {
			continue
		}
		for _, name := range append(fields[2:], fields[0]) {
			if was, wanted := ports[name]; (wanted || all) && was == 0 {
				ports[name] = uint16(port)
			}
		}
	}
}
