package launch

import (
	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/unixsock"
)

// NeedsListener tells that this process is under a filter with a listener
// already, as in another jail. The plan then has to be compiled with
// Kernel.NoListener.
func (f *Failure) NeedsListener() bool {
	return f.Op != nil && f.Op.Name == "seccomp" && f.Op.Store != nil && f.Errno == unix.EBUSY
}

// socketRules says what a jail that is set up may connect to, from what the kernel
// has written into the blocks of the plan: note returns them.
func socketRules(p *plan.Plan, note func(*plan.Block) []byte) *unixsock.Rules {
	rules := &unixsock.Rules{Names: p.Sockets.Names, User: p.RunAs.Outside}
	for _, b := range p.Sockets.Mounts {
		rules.Mounts = append(rules.Mounts, unixsock.ReadStat(note(b)).Mount)
	}
	for _, b := range p.Sockets.Files {
		rules.Files = append(rules.Files, unixsock.ReadStat(note(b)).File)
	}
	return rules
}
