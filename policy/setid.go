package policy

import (
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/seccomp"
)

// refusedWithSetID warns about calls that are allowed by name and do not work,
// since restrict-suid-sgid refuses them whole.
func refusedWithSetID(p *Policy) diag.List {
	if !p.Syscalls.RestrictSUIDSGID.V {
		return nil
	}
	var list diag.List
	for i := range p.Syscalls.Allow {
		allow := &p.Syscalls.Allow[i]
		if seccomp.RefusedWithSetID(allow.Rule.Name) {
			list = append(list, diag.Diagnostic{
				Severity: diag.Warning, Code: "no-effect", Subject: allow.At,
				Summary: diag.Escape(allow.Rule.Name) + " stays refused: it could make set-id files in ways that no filter sees",
				Remedy:  "write syscalls: {restrict-suid-sgid: false} if the program has to have it",
			})
		}
	}
	return list
}
