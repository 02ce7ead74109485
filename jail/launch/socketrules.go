package launch

import (
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/unixsock"
)

// socketRules says what a jail that is set up may connect to. note returns the bytes
// that the kernel wrote into a block of the plan.
func socketRules(p *plan.Plan, note func(*plan.Block) []byte) *unixsock.Rules {
	rules := &unixsock.Rules{Names: p.Sockets.Names, Ports: p.Sockets.Ports, User: p.RunAs.Outside, Joined: p.Join.Path != ""}
	for _, b := range p.Sockets.Mounts {
		rules.Mounts = append(rules.Mounts, unixsock.ReadStat(note(b)).Mount)
	}
	for _, b := range p.Sockets.Files {
		rules.Files = append(rules.Files, unixsock.ReadStat(note(b)).File)
	}
	return rules
}
