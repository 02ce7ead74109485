package compile

import (
	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/caps"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/policy"
)

// keptCapabilities applies drop, then keep.
func keptCapabilities(c *policy.Capabilities) caps.Set {
	if len(c.Drop) == 0 && len(c.Keep) == 0 {
		return 0
	}
	kept := caps.All
	for _, e := range c.Drop {
		if e.Text == "all" {
			kept = 0
		} else if n, ok := caps.Number(e.Text); ok {
			kept &^= 1 << n
		}
	}
	for _, e := range c.Keep {
		if e.Text == "all" {
			kept = caps.All
		} else if n, ok := caps.Number(e.Text); ok {
			kept = kept.Add(n)
		}
	}
	return kept
}

// securebits of capabilities(7): being user 0 gives nothing, changing user
// gives nothing, and neither can be taken back.
const securebits = 1<<0 | 1<<1 | 1<<2 | 1<<3 | 1<<5

// capabilities takes all but the kept ones out of all five sets. They go out
// of the bounding set first, which needs one of them.
func (k *compiler) capabilities(b *builder) {
	kept := keptCapabilities(&k.p.Capabilities)
	b.because("drop", "capabilities", nil)
	for n := range caps.Last + 1 {
		if !kept.Has(n) {
			// EINVAL: a capability newer than this kernel.
			b.prctl(unix.PR_CAPBSET_DROP, "PR_CAPBSET_DROP", uint64(n), caps.Name(n)).Accept = unix.EINVAL
		}
	}
	b.prctl(unix.PR_SET_SECUREBITS, "PR_SET_SECUREBITS", securebits, "NOROOT|NO_SETUID_FIXUP, both locked, KEEP_CAPS locked")
	b.capset(kept)
	for n := range caps.Last + 1 {
		if !kept.Has(n) {
			continue
		}
		b.because("keep", "the capability "+caps.Name(n), keepOrigin(&k.p.Capabilities, n))
		b.call("prctl", unix.SYS_PRCTL, plan.NoSlot, num(unix.PR_CAP_AMBIENT, "PR_CAP_AMBIENT"), num(unix.PR_CAP_AMBIENT_RAISE, "PR_CAP_AMBIENT_RAISE"),
			num(uint64(n), caps.Name(n)), num(0, ""), num(0, ""))
	}
	b.because("set", "no_new_privs", nil)
	b.prctl(unix.PR_SET_NO_NEW_PRIVS, "PR_SET_NO_NEW_PRIVS", 1, "")
}

func keepOrigin(c *policy.Capabilities, n int) *diag.Range {
	for i := range c.Keep {
		if m, ok := caps.Number(c.Keep[i].Text); ok && m == n {
			return &c.Keep[i].At
		}
	}
	return nil
}

// capset gives the process these capabilities as permitted, effective and
// inheritable (capset(2), version 3).
func (b *builder) capset(set caps.Set) {
	low, high := uint32(set), uint32(set>>32)
	header := packed([]uint32{unix.LINUX_CAPABILITY_VERSION_3, 0})
	data := packed([]uint32{low, low, low, high, high, high})
	b.call("capset", unix.SYS_CAPSET, plan.NoSlot, block(&plan.Block{Bytes: header, Show: "{_LINUX_CAPABILITY_VERSION_3, 0}"}),
		block(&plan.Block{Bytes: data, Show: "{" + set.String() + "}"}))
}
