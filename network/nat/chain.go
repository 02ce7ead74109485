package nat

import (
	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/netlink"
)

// chain collects rules of one chain in batches.
type chain struct {
	batch *netlink.Nft
	rules int // in this batch
	done  [][]byte
}

// rule adds a rule. One with ports is about TCP and about UDP, which takes two.
func (c *chain) rule(verdict func() []netlink.Expression, match []netlink.Expression, p ports) {
	if p == (ports{}) {
		c.add(match, verdict())
		return
	}
	for _, protocol := range [...]byte{unix.IPPROTO_TCP, unix.IPPROTO_UDP} {
		c.add(match, netlink.Transport(protocol), netlink.ToPorts(p.first, p.last), verdict())
	}
}

func (c *chain) add(parts ...[]netlink.Expression) {
	if c.rules == rulesInBatch {
		c.done = append(c.done, c.batch.End())
		c.batch, c.rules = netlink.AddTo(table, name), 0
	}
	c.batch.Rule(parts...)
	c.rules++
}

func (c *chain) end() [][]byte { return append(c.done, c.batch.End()) }
