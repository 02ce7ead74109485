package fstree

import (
	"fmt"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
)

// accounts gives the jail lists of users and groups that hold only who can
// occur in it: root, the user, and nobody, which stands for all others. The
// host's own lists are shown only to a profile that names them exactly. A root of the
// jail's own has lists of its own.
func (g *granter) accounts() {
	user := &g.p.Identity.User
	uid, gid, ok := g.h.InsideIDs(user.V)
	if !ok {
		return // reported by compiler.identity
	}
	name := accountName(uid, g.h)
	var users, groups strings.Builder
	if uid != 0 {
		users.WriteString("root:x:0:0:root:/root:/bin/sh\n")
	}
	if gid != 0 {
		groups.WriteString("root:x:0:\n")
	}
	fmt.Fprintf(&users, "%s:x:%d:%d::%s:/bin/sh\n", name, uid, gid, oneField(g.h.Home))
	fmt.Fprintf(&groups, "%s:x:%d:\n", name, gid)
	if uid != host.Nobody {
		fmt.Fprintf(&users, "nobody:x:%d:%d:nobody:/nonexistent:/bin/false\n", host.Nobody, host.Nobody)
	}
	if gid != host.Nobody {
		fmt.Fprintf(&groups, "nogroup:x:%d:\n", host.Nobody)
	}
	g.etcText("/etc/passwd", users.String(), &user.At, "identity.user: "+user.V)
	g.etcText("/etc/group", groups.String(), &user.At, "identity.user: "+user.V)
}

// etcText puts a text of ours in the place of a file of the host's, unless
// the profile has a rule for that file.
func (g *granter) etcText(name, text string, at *diag.Range, key string) {
	if !g.isHosts(name) {
		return
	}
	if place := g.resolver.Resolve(name); place.Kind == host.KindFile && place.Real == name {
		g.grants = append(g.grants, &Grant{
			Kind: GrantText, Real: name, File: host.KindFile, Written: name, Text: text,
			rank: rank{layer: builtinLayer}, At: at, key: key,
		})
	}
}

// accountName is the name that a user id has in the jail.
func accountName(uid int, h *host.Host) string {
	switch name := oneField(h.User); {
	case uid == 0:
		return "root"
	case uid == host.Nobody:
		return "nobody"
	case name != "" && name != "root" && name != "nobody":
		return name
	default:
		return "user"
	}
}

// oneField returns text that can stand in one field of passwd(5), "" for
// text that would end the field or the line.
func oneField(text string) string {
	if strings.ContainsAny(text, ":\n") {
		return ""
	}
	return text
}
