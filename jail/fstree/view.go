// Package fstree turns the path rules of a policy into the tree of what is visible in
// a jail: grants, with links followed, groups and globs expanded, and what of @startup
// and of jail's own files is protected. Package compile makes mounts of the tree; Explain
// says why a path is what it is.
package fstree

import (
	"path"
	"slices"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/display"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/paths"
)

// View is the file tree of a jail before it exists: which path shows what,
// and which rule says so.
type View struct {
	Root       *Node
	Resolver   *host.Resolver
	Creates    []*Grant // Real is on the host
	Grants     []*Grant // all of them, for Explain
	HasOverlay bool
	CwdHidden  bool // nothing shows the current directory: see GrantEmpty
	// Screen is how the jail gets to an X server.
	Screen display.Screen
	// Compositor is how it gets to a Wayland compositor.
	Compositor display.Compositor
	reports    []reported
	free       []freeName // see freeNames

	root   string         // a root of the jail's own, "" for the host's
	tree   *host.Tree     // what it shows then
	files  host.Files     // of paths of the jail
	onHost *host.Resolver // of paths of the host
}

// New resolves the path rules of a policy on a host. What is wrong with them is added
// to problems.
func New(p *policy.Policy, h *host.Host, program string, problems *diag.List) *View {
	g := newGranter(p, h, program)
	g.run()
	home := g.home()
	g.layers()
	g.fixed()
	g.refuseAmbiguous(diag.Range{})
	*problems = append(*problems, g.problems...)
	v := &View{Root: grow(g.grants, g.links, g.pins), Resolver: g.resolver, Creates: g.creates, Grants: g.grants, reports: g.reports, Screen: g.screen, Compositor: g.compositor}
	v.root, v.tree, v.files, v.onHost = g.root, g.tree, g.h.Files, g.onHost
	if home != nil {
		v.Root.At(home.Real).forgetHost(home)
	}
	if h.RunAs > 0 {
		v.Root.maskUnreachable(v.files, "", Setting{}.Apply(v.Root.Grant), v.RootIDMapped())
	}
	v.emptyCwd(h)
	v.sealFrames()
	*problems = append(*problems, v.sharedKeeps()...)
	for _, gr := range g.grants {
		if gr.Kind != GrantOverlay {
			continue
		}
		v.HasOverlay = true
		if gr.Source != "" && slices.ContainsFunc(v.Places(gr.Source), v.Visible) {
			*problems = append(*problems, diag.Diagnostic{
				Code: "keep-visible", Summary: diag.Quote(gr.Rule.Keep) + ", which is to keep the changes, can be seen in the jail",
				Subject: *gr.At, Remedy: "choose a directory that nothing grants",
			})
		}
	}
	return v
}

// Visible tells whether a path of the jail shows a file that exists outside.
func (v *View) Visible(real string) bool {
	s, _ := v.Root.Lookup(real)
	return s.Bound
}

// NameLeadsTo tells whether a name works in the jail as it does where it was resolved:
// all links on its way are there.
func (v *View) NameLeadsTo(name string, at host.Resolved) bool {
	if name == at.Real {
		return true
	}
	for _, l := range at.Links {
		if v.Visible(l.Path) {
			continue
		}
		if n := v.Root.find(l.Path); n == nil || n.Link == "" {
			return false
		}
	}
	return true
}

// home puts a private or an empty home in the place of the host's, and
// returns its grant.
func (g *granter) home() *Grant {
	v := &g.p.Filesystem.Home
	if v.V == "host" || v.V == "" || g.h.Home == "" {
		return nil
	}
	at := g.resolver.Resolve(g.h.Home)
	g.links = append(g.links, at.Links...) // programs take the home from HOME
	gr := &Grant{
		Real: at.Real, File: host.KindDir, Written: g.h.Home, At: &v.At,
		rank: rank{layer: v.Layer, exact: true}, key: "filesystem.home: " + v.V,
	}
	if v.V == "empty" {
		gr.Kind, gr.Rule = GrantTmpfs, &policy.PathRule{Mode: 0o700}
	} else {
		gr.Kind = GrantWrite
		gr.Source = g.onHost.Resolve(host.Join(host.Join(g.h.Own.State, "homes"), g.p.Name)).Real
		g.keepDirectory(gr.Source, &v.At)
	}
	g.grants = append(g.grants, gr)
	return gr
}

// layers finds the directories that keep the changes of overlays.
func (g *granter) layers() {
	for _, gr := range g.grants {
		if gr.Kind != GrantOverlay || gr.Rule.Keep == "" {
			continue
		}
		pattern, ok := g.expand(gr.Rule.Keep, gr.Rule)
		if !ok {
			g.problem(gr.Rule, "path-unset", "the directory to keep changes in, "+diag.Quote(gr.Rule.Keep)+", is not an absolute path here", "")
			continue
		}
		gr.Source = g.onHost.Resolve(paths.Unescape(pattern)).Real
		if host.Within(gr.Source, g.hostPath(gr.Real)) {
			g.problem(gr.Rule, "keep-inside", diag.Quote(gr.Rule.Keep)+" lies inside the directory whose changes it is to keep", "choose a directory outside it")
		}
		g.keepDirectory(gr.Source, gr.At)
	}
}

// keepDirectory has a directory of the host made before it is used.
func (g *granter) keepDirectory(dir string, at *diag.Range) {
	place := g.onHost.Resolve(dir)
	if place.Kind == host.KindMissing {
		g.creates = append(g.creates, &Grant{Kind: GrantWrite, Real: place.Real, File: host.KindDir, Written: dir, At: at})
	}
}

// fixed adds what every jail has: /proc, /dev, shared memory, lists of
// accounts and of host names, and a machine id.
func (g *granter) fixed() {
	own := rank{layer: ownLayer}
	g.grants = append(g.grants,
		&Grant{Kind: GrantDev, Real: "/dev", File: host.KindDir, Written: "/dev", rank: own, At: new(diag.Range)},
		&Grant{Kind: GrantProc, Real: "/proc", File: host.KindDir, Written: "/proc", rank: own, At: new(diag.Range)},
		shmGrant())
	g.accounts()
	g.hostNames()
	g.machineID()
	g.display()
	g.wayland()
}

// machineID gives the jail an id that does not identify the host, unless the
// profile asks for the host's.
func (g *granter) machineID() {
	id := &g.p.Identity.MachineID
	at := g.resolver.Resolve("/etc/machine-id")
	if at.Kind != host.KindFile || path.Dir(at.Real) != "/etc" {
		return
	}
	gr := &Grant{
		Kind: GrantText, Real: at.Real, File: host.KindFile, Written: "/etc/machine-id", Text: id.V + "\n",
		rank: rank{layer: ownLayer}, At: &id.At, key: "identity.machine-id: " + id.V,
	}
	switch id.V {
	case "random", "":
		gr.Text = g.h.RandomID + "\n"
	case "host":
		gr.Kind, gr.Text, gr.rank = GrantRead, "", rank{layer: builtinLayer}
	}
	g.grants = append(g.grants, gr)
}
