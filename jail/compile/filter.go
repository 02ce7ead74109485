package compile

import (
	"slices"

	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/seccomp"
)

// FilterOf returns the filter that a jail of this policy installs. Its rules
// have the order, and so the indices, of those in the policy. There is one
// always: also a policy that refuses no call refuses the ABIs it does not list.
func FilterOf(p *policy.Policy) seccomp.Filter {
	s := &p.Syscalls
	f := seccomp.Filter{Default: s.Default.V, NoSetID: s.RestrictSUIDSGID.V, OthersInSight: !p.Namespaces.PID.V, TCPPorts: len(p.Landlock.Connect) > 0}
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

// letsExecute tells whether a filter lets the program start at all. Behind one
// that does not, a child could not even report that.
func letsExecute(f *seccomp.Filter) bool {
	// Most filters: to open their groups would take longer than all else here.
	if len(f.Deny) == 0 && slices.ContainsFunc(f.Allow, func(r seccomp.Rule) bool { return r.Name == "@default" && len(r.When) == 0 }) {
		return true
	}
	return slices.ContainsFunc(seccomp.Explain(*f, "execve"), func(e seccomp.Entry) bool {
		return e.Action == seccomp.Allow || e.Action == seccomp.Log
	})
}
