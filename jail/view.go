package jail

import (
	"path"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy"
)

// View is the file tree of a jail before it exists: which path shows what,
// and which rule says so.
type View struct {
	root       *node
	resolver   *resolver
	creates    []*grant
	grants     []*grant // all of them, for Explain
	hasOverlay bool
}

func newView(p *policy.Policy, h *Host, c Command, problems *diag.List) *View {
	g := newGranter(p, h, c)
	g.run()
	home := g.home()
	g.layers()
	g.fixed()
	g.doubts(diag.Range{})
	*problems = append(*problems, g.problems...)
	v := &View{root: grow(g.grants, g.links, g.pins), resolver: g.resolver, creates: g.creates, grants: g.grants}
	if home != nil {
		v.root.at(home.real).forgetHost(home)
	}
	if h.RunAs > 0 {
		v.root.shut(h.Files, "", setting{}.apply(v.root.grant), false)
	}
	for _, gr := range g.grants {
		if gr.kind != grantOverlay {
			continue
		}
		v.hasOverlay = true
		if gr.source != "" && v.Visible(gr.source) {
			*problems = append(*problems, diag.Diagnostic{
				Code: "keep-visible", Summary: diag.Quote(gr.rule.Keep) + ", which is to keep the changes, can be seen in the jail",
				Subject: *gr.at, Remedy: "choose a directory that nothing grants",
			})
		}
	}
	return v
}

// Visible tells whether a real path of the host can be seen in the jail.
func (v *View) Visible(real string) bool { return v.root.visible(real) }

// nameLeadsTo tells whether a name works in the jail as it does on the host:
// all links on its way are there.
func (v *View) nameLeadsTo(name string, at place) bool {
	if name == at.real {
		return true
	}
	for _, l := range at.links {
		if v.Visible(l.path) {
			continue
		}
		n := v.root
		for part := range strings.SplitSeq(l.path[1:], "/") {
			if n = n.kid(part, false); n == nil {
				return false
			}
		}
		if n.link == "" {
			return false
		}
	}
	return true
}

// home puts a private or an empty home in the place of the host's, and
// returns its grant.
func (g *granter) home() *grant {
	v := &g.p.Filesystem.Home
	if v.V == "host" || v.V == "" || g.h.Home == "" {
		return nil
	}
	real := g.resolver.resolve(g.h.Home).real
	gr := &grant{
		real: real, file: KindDir, written: g.h.Home, at: &v.At,
		rank: rank{layer: v.Layer, exact: true}, key: "filesystem.home: " + v.V,
	}
	if v.V == "empty" {
		gr.kind, gr.rule = grantTmpfs, &policy.PathRule{Mode: 0o700}
	} else {
		gr.kind, gr.source = grantWrite, join(join(g.h.Own.State, "homes"), g.p.Name)
		g.keepDirectory(gr.source, &v.At)
	}
	g.grants = append(g.grants, gr)
	return gr
}

// layers finds the directories that keep the changes of overlays.
func (g *granter) layers() {
	for _, gr := range g.grants {
		if gr.kind != grantOverlay || gr.rule.Keep == "" {
			continue
		}
		pattern, ok := g.expand(gr.rule.Keep, gr.rule)
		if !ok {
			g.problem(gr.rule, "path-unset", "the directory to keep changes in, "+diag.Quote(gr.rule.Keep)+", is not an absolute path here", "")
			continue
		}
		gr.source = g.resolver.resolve(policy.Unescape(pattern)).real
		if within(gr.source, gr.real) {
			g.problem(gr.rule, "keep-inside", diag.Quote(gr.rule.Keep)+" lies inside the directory whose changes it is to keep", "choose a directory outside it")
		}
		g.keepDirectory(gr.source, gr.at)
	}
}

// keepDirectory has a directory of the host made before it is used.
func (g *granter) keepDirectory(dir string, at *diag.Range) {
	place := g.resolver.resolve(dir)
	if place.kind == KindMissing {
		g.creates = append(g.creates, &grant{kind: grantWrite, real: place.real, file: KindDir, written: dir, at: at})
	}
}

// fixed adds what every jail has: /proc, /dev, shared memory, lists of
// accounts and of host names, a machine id, and the root of another system if the profile names one.
func (g *granter) fixed() {
	fs, id := &g.p.Filesystem, &g.p.Identity
	if fs.Root.V != "host" && fs.Root.V != "" {
		r := &policy.PathRule{Path: fs.Root.V, Required: true, Origin: fs.Root.Origin}
		if pattern, ok := g.expand(fs.Root.V, r); ok {
			at := g.resolver.resolve(policy.Unescape(pattern))
			if at.kind != KindDir {
				g.missing(r, policy.Unescape(pattern))
			}
			g.grants = append(g.grants, &grant{
				kind: grantRead, real: "/", source: at.real, file: KindDir, written: fs.Root.V,
				at: &fs.Root.At, rank: rank{layer: fs.Root.Layer, exact: true}, key: "filesystem.root: " + fs.Root.V,
			})
		}
	}
	own := rank{layer: ownLayer}
	g.grants = append(g.grants,
		&grant{kind: grantDev, real: "/dev", file: KindDir, written: "/dev", rank: own, at: new(diag.Range)},
		&grant{kind: grantProc, real: "/proc", file: KindDir, written: "/proc", rank: own, at: new(diag.Range)},
		shmGrant())
	g.accounts()
	g.hostNames()
	g.machineID(id)
}

// machineID gives the jail an id that does not identify the host, unless the
// profile asks for the host's.
func (g *granter) machineID(id *policy.Identity) {
	at := g.resolver.resolve("/etc/machine-id")
	if at.kind != KindFile || path.Dir(at.real) != "/etc" {
		return
	}
	gr := &grant{
		kind: grantText, real: at.real, file: KindFile, written: "/etc/machine-id", text: id.MachineID.V + "\n",
		rank: rank{layer: ownLayer}, at: &id.MachineID.At, key: "identity.machine-id: " + id.MachineID.V,
	}
	switch id.MachineID.V {
	case "random", "":
		gr.text = g.h.RandomID + "\n"
	case "host":
		gr.kind, gr.text, gr.rank = grantRead, "", rank{layer: builtinLayer}
	}
	g.grants = append(g.grants, gr)
}
