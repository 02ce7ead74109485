package jail

import (
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/seccomp"
)

// FilterOf returns the filter that a jail of this policy installs. Its rules
// have the order, and so the indices, of those in the policy. There is one
// always: also a policy that refuses no call refuses the ABIs it does not list.
func FilterOf(p *policy.Policy) seccomp.Filter {
	s := &p.Syscalls
	f := seccomp.Filter{Default: s.Default.V}
	for i := range s.Allow {
		f.Allow = append(f.Allow, s.Allow[i].Rule)
	}
	for i := range s.Deny {
		f.Deny = append(f.Deny, s.Deny[i].Rule)
	}
	for i := range s.Architectures {
		f.Arches = append(f.Arches, s.Architectures[i].Text)
	}
	return f
}
