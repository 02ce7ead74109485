package fstree

import (
	"slices"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/paths"
)

// With a root of its own, a jail shows a directory of the host in the place of /, and
// every path of a rule is one of that tree: it is looked up there, as if after chroot(2),
// and what is mounted comes from there. Only an entry with `from: host` means the host's
// path; it is bound at the same path into the tree.
//
// Real of a grant is always a path of the jail. Where that lies on the host, the tree
// knows: see View.HostPath.

// hasOwnRoot tells whether the profile names a directory as the root.
func (g *granter) hasOwnRoot() bool {
	root := g.p.Filesystem.Root.V
	return root != "host" && root != ""
}

// enterRoot has the paths of rules looked up in the root that the profile names.
func (g *granter) enterRoot() {
	root := &g.p.Filesystem.Root
	if !g.hasOwnRoot() {
		return
	}
	r := &policy.PathRule{Path: root.V, Required: true, Origin: root.Origin}
	pattern, ok := g.expand(root.V, r)
	if !ok {
		return
	}
	at := g.onHost.Resolve(paths.Unescape(pattern))
	switch {
	case host.Within(at.Real, "/proc"), host.Within(at.Real, "/dev"):
		g.problem(r, "reserved-path", diag.Quote(root.V)+" leads into "+diag.Quote(at.Real)+", which holds no root file system", "")
	case at.Kind != host.KindDir:
		g.missing(r, paths.Unescape(pattern))
	}
	g.root, g.tree = at.Real, host.NewTree(g.outside.Files, at.Real)
	inside := *g.outside
	inside.Files = g.tree
	g.h, g.resolver = &inside, host.NewResolver(g.tree)
	g.inRoot = host.NewResolver(host.NewTree(g.outside.Files, at.Real))
	// Any rule about / decides more than this.
	g.grants = append(g.grants, &Grant{
		Kind: GrantRead, Real: "/", File: host.KindDir, Written: root.V, At: &root.At, links: at.Links,
		rank: rank{layer: builtinLayer, index: -1}, key: "filesystem.root: " + root.V,
	})
}

// passes say which rules are looked at one after the other. What comes from the host has
// its place first; then what comes from the root instead; and what hides is about both.
func (g *granter) passes() []func(*policy.PathRule) bool {
	if g.tree == nil {
		return []func(*policy.PathRule) bool{func(*policy.PathRule) bool { return true }}
	}
	return []func(*policy.PathRule) bool{
		func(r *policy.PathRule) bool { return r.FromHost },
		func(r *policy.PathRule) bool { return !r.FromHost && bringsFiles(r.Access) },
		func(r *policy.PathRule) bool { return !bringsFiles(r.Access) },
	}
}

// bringsFiles tells whether a rule makes files visible that exist outside the jail.
func bringsFiles(a policy.Access) bool { return a != policy.Hide && a != policy.Tmpfs }

// locate resolves the path of a rule: at is its place in the jail, found what is to be
// there, on the host.
func (g *granter) locate(r *policy.PathRule, lexical string) (at, found host.Resolved) {
	switch {
	case g.tree == nil:
		at = g.resolver.Resolve(lexical)
		return at, at
	case !bringsFiles(r.Access):
		at = g.resolver.Resolve(lexical)
		return at, g.onHostAs(at, g.tree.HostPath)
	case r.FromHost:
		return g.resolver.Resolve(lexical), g.onHost.Resolve(lexical)
	}
	at = g.inRoot.Resolve(lexical)
	return at, g.onHostAs(at, g.rootPath)
}

// rootPath is where on the host a path of the root lies, whatever is bound over it.
func (g *granter) rootPath(path string) string {
	if path == "/" {
		return g.root
	}
	return host.Join(g.root, path[1:])
}

// hostPath is where on the host a path of the jail lies.
func (g *granter) hostPath(path string) string {
	if g.tree == nil {
		return path
	}
	return g.tree.HostPath(path)
}

// isHosts tells whether the jail would show the host's file of this name under it.
func (g *granter) isHosts(name string) bool { return g.hostPath(name) == name }

// onHostAs is where a path of the jail leads, in paths of the host.
func (g *granter) onHostAs(at host.Resolved, hostPath func(string) string) host.Resolved {
	at.Real, at.Links = hostPath(at.Real), slices.Clone(at.Links)
	for i := range at.Links {
		at.Links[i].Path = hostPath(at.Links[i].Path)
	}
	return at
}

// settle gives what a grant shows its place in the tree. It is false for a grant that
// does not count: another rule shows something else there.
func (g *granter) settle(gr *Grant, source string) bool {
	if g.tree == nil || !bringsFiles(gr.Rule.Access) {
		return true
	}
	if gr.Rule.FromHost && gr.Real == "/" {
		g.problem(gr.Rule, "contradiction", "the root of this jail is "+diag.Quote(g.root)+", and can't be the host's as well", "leave out the root, or this entry")
		return false
	}
	elsewhere := g.tree.HostPath(gr.Real) != source
	for _, other := range g.grants {
		switch {
		case other.Rule == nil || !bringsFiles(other.Rule.Access):
		case other.Real == gr.Real && elsewhere && !gr.over(other):
			return false
		case !gr.Rule.FromHost && other.Rule.FromHost && gr.Real != other.Real && host.Within(gr.Real, other.Real) && gr.Rule.Layer < other.Rule.Layer:
			return false // what is below a directory of the host's is the host's too
		}
	}
	if elsewhere {
		g.grants = slices.DeleteFunc(g.grants, func(other *Grant) bool {
			return other.Real == gr.Real && other.Rule != nil && bringsFiles(other.Rule.Access)
		})
		g.tree.Bind(gr.Real, source)
		g.ambiguous = append(g.ambiguous, g.resolver.Ambiguous...)
		g.resolver = host.NewResolver(g.tree)
	}
	return true
}

// guardHost hides and protects the host's own files in a jail with a root of its own:
// they can be in the tree, by `from: host` or because the root holds them, under other
// names than the host has for them.
func (g *granter) guardHost() {
	if g.tree == nil {
		return
	}
	o := newGranter(g.p, g.outside, g.program)
	o.named = g.namedOnHost
	for _, gr := range g.grants {
		if gr.Kind == GrantWrite {
			onHost := *gr
			onHost.Real = g.tree.HostPath(gr.Real)
			o.grants = append(o.grants, &onHost)
		}
	}
	granted := len(o.grants)
	for i := range g.p.Filesystem.Rules {
		if r := &g.p.Filesystem.Rules[i]; r.Access == policy.Hide && !o.replacedByHome(r) {
			o.rule(r, i)
		}
	}
	o.guards()
	o.own()
	for _, gr := range o.grants[granted:] {
		for _, place := range g.tree.Places(gr.Real) {
			there := *gr
			there.Real = place
			g.grants = append(g.grants, &there)
		}
	}
	for _, r := range o.reports {
		for _, place := range g.tree.Places(r.onHost) {
			g.reports = append(g.reports, reported{place, r.onHost})
		}
	}
	for _, l := range o.pins {
		for _, place := range g.tree.Places(l.Path) {
			g.pins = append(g.pins, host.Link{Path: place, Target: l.Target})
		}
	}
}

// HostPath is where on the host a path of the jail lies, without what only the jail has.
func (v *View) HostPath(real string) string {
	if v.tree == nil {
		return real
	}
	return v.tree.HostPath(real)
}

// Places are the paths under which the jail would show a path of the host.
func (v *View) Places(real string) []string {
	if v.tree == nil {
		return []string{real}
	}
	return v.tree.Places(real)
}

// RootFiles are the files in the root that a policy names; nil without one.
func RootFiles(p *policy.Policy, h *host.Host) host.Files {
	g := newGranter(p, h, "")
	if g.enterRoot(); g.tree == nil {
		return nil
	}
	return g.tree
}

// Host is the host as the paths of the jail see it: with the files of the jail's root.
func (v *View) Host(h *host.Host) *host.Host {
	inside := *h
	inside.Files = v.files
	return &inside
}

// Outside are the paths of the jail that lead to what a path of the host leads to; without
// a root of its own, that path itself.
func (v *View) Outside(path string) []string {
	if v.tree == nil {
		return []string{path}
	}
	return v.tree.Places(v.onHost.Resolve(path).Real)
}

// OnHost follows the symbolic links of a path of the host.
func (v *View) OnHost(path string) string { return v.onHost.Resolve(path).Real }

// OwnRoot is the directory of the host in the place of /, "" for the host's own root.
func (v *View) OwnRoot() string { return v.root }

// Around is the path on the host that a path of the jail would have if only the
// directory around it counted.
func (v *View) Around(around Setting, path string) string {
	if v.tree == nil || around.By == nil {
		return path
	}
	if around.By.Real == "/" {
		return host.Join(v.HostPath("/"), path[1:])
	}
	return v.HostPath(around.By.Real) + path[len(around.By.Real):]
}

// resolverOf is where the patterns of a rule are looked for.
func (g *granter) resolverOf(r *policy.PathRule) *host.Resolver {
	switch {
	case g.tree == nil || !bringsFiles(r.Access):
		return g.resolver
	case r.FromHost:
		return g.onHost
	}
	return g.inRoot
}

// isNameInRoot tells whether a pattern of the command line is the name of a file in the
// root. As elsewhere, that file is meant then; whether the host has one says nothing.
func (g *granter) isNameInRoot(r *policy.PathRule, pattern string) bool {
	return g.tree != nil && !r.FromHost && g.fromFlags(r) && g.resolverOf(r).Resolve(paths.Unescape(pattern)).Kind != host.KindMissing
}

// warnOfHosts warns of a path that the root lacks and the host has: the rule may have been
// meant for that. Shipped profiles name much that not every system has.
func (g *granter) warnOfHosts(r *policy.PathRule, lexical string) {
	if g.tree == nil || r.FromHost || r.Layer < 0 || g.p.Layers[r.Layer].Dir == "" || g.onHost.Resolve(lexical).Kind == host.KindMissing {
		return
	}
	g.problems = append(g.problems, diag.Diagnostic{
		Severity: diag.Warning, Code: "not-in-root", Subject: r.At,
		Summary: diag.Quote(lexical) + " does not exist in the root of this jail, and the rule is about nothing there; the host has it",
		Remedy:  "for the host's, say `from: host`",
	})
}

// leadsToDevices refuses a path of the host that leads into /proc or /dev under another
// name.
func (g *granter) leadsToDevices(r *policy.PathRule, real string) bool {
	if !host.Within(real, "/proc") && !host.Within(real, "/dev") {
		return false
	}
	g.problem(r, "reserved-path", diag.Quote(r.Path)+" leads into "+diag.Quote(real)+" of the host, and no jail shows the host's", "")
	return true
}

// RootIDMapped tells whether a root of its own has an ID-mapped mount in a jail of root:
// the jail's user could not write there, or not even reach it.
func (v *View) RootIDMapped() bool {
	return v.tree != nil && v.Root.Grant != nil && (v.Root.Grant.Kind == GrantWrite || !v.files.Public("/"))
}
