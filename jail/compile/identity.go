package compile

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/caps"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/plan"
)

// refuseUnusable reports what can't reach a kernel interface unchanged.
func (k *compiler) refuseUnusable() {
	for _, a := range k.c.Argv {
		if strings.IndexByte(a, 0) >= 0 {
			k.problem("nul-byte", "an argument contains a NUL byte", &k.c.At, "")
		}
	}
	if n, _ := caps.Number("sys_admin"); keptCapabilities(&k.p.Capabilities).Has(n) {
		k.problem("undoes-jail", "a program that keeps sys_admin could uncover what is hidden and write what is read-only",
			keepOrigin(&k.p.Capabilities, n), "leave it out: no jail can keep it")
	}
	if k.plan.Time = k.p.Limits.Time.V; k.plan.Time < 0 {
		k.problem("bad-limit", "the time limit is negative", &k.p.Limits.Time.At, "")
	}
}

// identity maps one user and one group, the only ones an unprivileged
// process may map (user_namespaces(7)). setgroups(2) is off for good, as the kernel
// demands before a group is mapped.
func (k *compiler) identity(b *builder) {
	u := &k.p.Identity.User
	uid, gid, ok := k.h.InsideIDs(u.V)
	if !ok {
		k.problem("bad-user", "identity.user is neither keep, root, nobody nor a user id: "+diag.Quote(u.V), &u.At, "")
		return
	}
	if k.h.RunAs > 0 || k.c.Inside != nil {
		return // the launcher has written the maps, or they are those of another jail
	}
	outside, outsideGroup := k.outsideIDs()
	for _, f := range [...]struct{ name, text string }{
		{"/proc/self/setgroups", "deny"},
		{"/proc/self/uid_map", fmt.Sprintf("%d %d 1\n", uid, outside)},
		{"/proc/self/gid_map", fmt.Sprintf("%d %d 1\n", gid, outsideGroup)},
	} {
		if k.plan.GroupMap.Program != "" && f.name != "/proc/self/uid_map" {
			continue // the launcher's helper has written them
		}
		b.because("set up the user namespace in", f.name, &u.At)
		b.writeFile(cwd(), f.name, f.text)
	}
}

func (k *compiler) names(b *builder) {
	name := &k.p.Identity.Hostname
	if !k.p.Namespaces.UTS.V || name.V == "" {
		return
	}
	b.because("set", "the host name", &name.At)
	b.call("sethostname", unix.SYS_SETHOSTNAME, plan.NoSlot, text(name.V), num(uint64(len(name.V)), ""))
}

// keyring replaces the caller's session keyring, which holds keys and
// tokens, by an empty one (session-keyring(7)). A kernel without keyrings has
// nothing to hide.
func (k *compiler) keyring(b *builder) {
	b.because("make", "an empty session keyring", nil)
	b.call("keyctl", unix.SYS_KEYCTL, plan.NoSlot, num(unix.KEYCTL_JOIN_SESSION_KEYRING, "KEYCTL_JOIN_SESSION_KEYRING"),
		null(), num(0, ""), num(0, ""), num(0, "")).Accept = unix.ENOSYS
}
