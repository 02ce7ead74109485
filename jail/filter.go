package jail

import (
	"slices"

	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/seccomp"
)

// FilterOf returns the filter that a jail of this policy installs; nil when
// the policy refuses no call and does not hold programs to the native ABI.
func FilterOf(p *policy.Policy) *seccomp.Filter {
	f := SyscallFilter(p)
	if f.Default == seccomp.Allow && len(f.Deny) == 0 && !slices.Contains(f.Arches, "native") {
		return nil
	}
	return &f
}
