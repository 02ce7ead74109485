package compile

import (
	"github.com/jail-project/jail/caps"
	"github.com/jail-project/jail/diag"
)

// refuseFileCapabilities refuses a jail of root in which a program could give a file
// capabilities. They are an attribute, whose name no filter sees. On the host they
// would be as good as the set-user-ID bit: an ID-mapped mount stores them as root's.
// Those from the jail of an ordinary user count for that user's own namespaces only.
func (k *compiler) refuseFileCapabilities() {
	if k.h.RunAs <= 0 || !k.p.Syscalls.RestrictSUIDSGID.V {
		return
	}
	const remedy = "leave it out, or say that the program may make such files: syscalls: {restrict-suid-sgid: false}"
	if n, _ := caps.Number("setfcap"); keptCapabilities(&k.p.Capabilities).Has(n) {
		k.problems = append(k.problems, diag.Diagnostic{
			Code: "file-capabilities", Subject: *atOrNone(keepOrigin(&k.p.Capabilities, n)), Remedy: remedy,
			Summary: "with setfcap a program in a jail of root could make files that give others capabilities of the host",
		})
	}
	// Root of the jail can't pass its own id on to a nested user namespace.
	if uid, _, ok := k.h.InsideIDs(k.p.Identity.User.V); ok && uid != 0 && k.p.Namespaces.User.V {
		k.problems = append(k.problems, diag.Diagnostic{
			Code: "file-capabilities", Subject: k.p.Namespaces.User.At,
			Summary: "in nested user namespaces a program in a jail of root could make files that give others capabilities of the host",
			Remedy:  "with identity: {user: root} it can't; or say that the program may make such files: syscalls: {restrict-suid-sgid: false}",
		})
	}
}
