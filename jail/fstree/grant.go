package fstree

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/placeholder"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/paths"
)

// GrantKind is what a place in the jail's tree becomes.
type GrantKind uint8

// What a place can become.
const (
	GrantRead GrantKind = iota
	GrantWrite
	GrantHide
	GrantTmpfs
	GrantOverlay
	GrantGuard   // read-only, but only inside a directory that can be written
	GrantBlocked // nothing can be made there, in such a directory
	GrantDev
	GrantProc
	GrantText // a file with text of ours
	GrantSocket
	GrantEmpty // a directory of ours in which nothing can be made: a current directory that nothing shows
)

// Grant is one path rule, resolved for this host.
type Grant struct {
	Kind        GrantKind
	Real        string // on the host, without symbolic links; also where it appears in the jail
	Source      string // what is bound there when that is not real: a private home
	File        host.FileKind
	Rule        *policy.PathRule
	Written     string // for messages
	Text        string // of GrantText
	rank        rank
	links       []host.Link // crossed on the way from the written path
	At          *diag.Range
	Placeholder placeholder.Kind // GrantBlocked: what is on the host meanwhile
	IDMapped    bool             // in a jail of root: an ID-mapped mount of its own, see maskUnreachable
	key         string           // the line of the profile, where that is no path rule: "network.mode: host"
}

// shows tells whether a grant makes anything visible; others hide or protect.
func (gr *Grant) shows() bool {
	return gr.Kind != GrantHide && gr.Kind != GrantGuard && gr.Kind != GrantBlocked
}

// rank decides between two rules for one path: the later layer, then the
// path that was named exactly over one from a group or a glob, then hide, then
// the later entry.
type rank struct {
	layer       int
	exact, hide bool
	index       int
}

func (r rank) over(s rank) bool {
	switch {
	case r.layer != s.layer:
		return r.layer > s.layer
	case r.exact != s.exact:
		return r.exact
	case r.hide != s.hide:
		return r.hide
	default:
		return r.index > s.index
	}
}

// granter turns the path rules of a policy into grants.
type granter struct {
	p        *policy.Policy
	h        *host.Host
	program  string
	resolver *host.Resolver
	problems diag.List
	grants   []*Grant
	links    []host.Link
	pins     []host.Link       // on the way to what is hidden or protected
	creates  []*Grant          // missing paths that the profile wants made
	heads    map[string]string // what the first components of paths stand for
	hides    []*Grant          // hidden by name, and missing
	writes   []string          // directories that are granted for writing
	named    map[string]bool   // missing paths that are named under write: the program may make them
	canMake  map[string]bool   // directories in which the caller may make something, or not
}

func newGranter(p *policy.Policy, h *host.Host, program string) *granter {
	return &granter{
		p: p, h: h, program: program, resolver: host.NewResolver(h.Files),
		heads: map[string]string{}, named: map[string]bool{}, canMake: map[string]bool{},
	}
}

// builtinLayer ranks below every layer of a policy, ownLayer above.
const (
	builtinLayer = -1
	ownLayer     = 1 << 30
)

func (g *granter) run() {
	fs := &g.p.Filesystem
	for i := range fs.Rules {
		r := &fs.Rules[i]
		if g.replacedByHome(r) || g.tooWide(r) {
			continue
		}
		g.rule(r, i)
	}
	g.keepCwd()
	g.sockets()
	g.guards()
	g.own()
	g.refusePlantedLinks()
}

// rule expands one rule: variables once, then groups, then globs.
func (g *granter) rule(r *policy.PathRule, index int) {
	defer g.refuseAmbiguous(r.At)
	rk := rank{layer: r.Layer, exact: true, hide: r.Access == policy.Hide, index: index}
	texts := []string{r.Path}
	if strings.HasPrefix(r.Path, "@") {
		texts, rk.exact = paths.Group(r.Path), false
	}
	for _, t := range texts {
		pattern, ok := g.expand(t, r)
		if !ok {
			continue
		}
		if !paths.IsGlob(pattern) {
			g.add(r, paths.Unescape(pattern), rk)
			continue
		}
		one := rk
		one.exact = false
		matches := g.resolver.Glob(pattern)
		for _, m := range matches {
			g.add(r, m, one)
		}
		if len(matches) == 0 && r.Required {
			g.missing(r, paths.Unescape(pattern))
		}
	}
}

// add resolves one literal path and adds the grant for it.
func (g *granter) add(r *policy.PathRule, lexical string, rk rank) {
	at := g.resolver.Resolve(lexical)
	kind := [...]GrantKind{
		policy.Read: GrantRead, policy.Write: GrantWrite, policy.Hide: GrantHide,
		policy.Tmpfs: GrantTmpfs, policy.Overlay: GrantOverlay,
	}[r.Access]
	gr := &Grant{Kind: kind, Real: at.Real, File: at.Kind, Rule: r, Written: r.Path, rank: rk, links: at.Links, At: &r.At}
	if strings.HasPrefix(r.Path, "@") {
		gr.Written = lexical
	}
	if host.Within(at.Real, "/proc") || host.Within(at.Real, "/dev") && !devPathAllowed(gr) {
		if gr.Kind == GrantHide && !rk.exact {
			return // started in /dev/shm: nothing of the host's is there
		}
		g.problem(r, "reserved-path", fmt.Sprintf("%s leads into %s, which is always the jail's own", diag.Quote(r.Path), at.Real[:min(5, len(at.Real))]),
			"what a program needs of /proc and /dev is there; further devices are named in devices")
		return
	}
	if at.Kind == host.KindMissing && !g.whenMissing(gr, lexical) {
		return
	}
	if gr.Kind == GrantOverlay && gr.File != host.KindDir {
		g.problem(r, "not-a-directory", fmt.Sprintf("%s is not a directory, so it can't have an overlay", diag.Quote(gr.Written)), "")
		return
	}
	if gr.Kind == GrantHide {
		g.pins = append(g.pins, at.Links...)
	} else {
		g.links = append(g.links, at.Links...)
	}
	g.grants = append(g.grants, gr)
}

// devPathAllowed: below /dev a profile may replace the shared memory
// directory, nothing else.
func devPathAllowed(gr *Grant) bool {
	switch gr.Kind {
	case GrantTmpfs:
		return host.Within(gr.Real, "/dev/shm")
	case GrantHide:
		// The jail's /dev does not have the device, so nothing has to be hidden.
		return path.Dir(gr.Real) == "/dev" && !slices.Contains(devNames(), path.Base(gr.Real))
	}
	return false
}

// hasOtherRoot tells whether the profile names the root of another system.
func (g *granter) hasOtherRoot() bool {
	root := g.p.Filesystem.Root.V
	return root != "host" && root != ""
}

// otherRoot is the directory that holds the jail's root, "" for the host's.
func (g *granter) otherRoot() string {
	root := &g.p.Filesystem.Root
	if !g.hasOtherRoot() {
		return ""
	}
	pattern, ok := g.expand(root.V, &policy.PathRule{Path: root.V, Origin: root.Origin})
	if !ok {
		return ""
	}
	return g.resolver.Resolve(paths.Unescape(pattern)).Real
}

// whenMissing decides about a path that does not exist; false drops the
// grant.
func (g *granter) whenMissing(gr *Grant, lexical string) bool {
	r := gr.Rule
	switch {
	case r.Access == policy.Tmpfs:
		gr.File = host.KindDir
		return true
	case r.Access == policy.Hide && gr.rank.exact:
		g.hides = append(g.hides, gr)
		fallthrough
	case r.Access == policy.Hide:
		// In the root of another system it may be there all the same.
		gr.Real, gr.File = lexical, host.KindMissing
		if root := g.otherRoot(); root != "" {
			gr.File = g.h.Files.Kind(root + lexical)
		}
		return gr.File != host.KindMissing && gr.File != host.KindLink
	case r.Create == policy.CreateDirectory:
		gr.File = host.KindDir
	case r.Create == policy.CreateFile:
		gr.File = host.KindFile
	case r.Required:
		g.missing(r, lexical)
		return false
	default:
		if r.Access == policy.Write && gr.rank.exact {
			g.named[gr.Real] = true
		}
		return false
	}
	g.creates = append(g.creates, gr)
	return true
}

// refuseAmbiguous refuses the ambiguous aliases that the resolver found since the last
// call: the file could stay visible under an alias that no rule names.
func (g *granter) refuseAmbiguous(at diag.Range) {
	for _, p := range g.resolver.Ambiguous {
		g.problems = append(g.problems, diag.Diagnostic{
			Code: "spelling", Summary: fmt.Sprintf("nothing tells under which other names %s can be reached", diag.Quote(p)), Subject: at,
			Remedy: "write every name in it as its directory lists it, and each file under one name only",
		})
	}
	g.resolver.Ambiguous = nil
}

func (g *granter) missing(r *policy.PathRule, lexical string) {
	g.problem(r, "path-missing", fmt.Sprintf("%s does not exist", diag.Quote(lexical)),
		"make it, or, for a path that may be missing, name it in a profile without `required`")
}

func (g *granter) problem(r *policy.PathRule, code, summary, remedy string) {
	g.problems = append(g.problems, diag.Diagnostic{Code: code, Summary: summary, Subject: r.At, Remedy: remedy})
}

// replacedByHome tells whether a private or empty home replaces a grant: it drops the
// grants of earlier layers below the home directory. Those of its own layer and of later
// ones are mounted into it.
func (g *granter) replacedByHome(r *policy.PathRule) bool {
	home := &g.p.Filesystem.Home
	if home.V == "host" || home.V == "" || r.Layer >= home.Layer {
		return false
	}
	switch {
	case strings.HasPrefix(r.Path, "@"):
		return false // groups only hide or protect
	case strings.HasPrefix(r.Path, "${CWD}"), strings.HasPrefix(r.Path, "${PROFILE_DIR}"):
		return false // the place of a project, whether or not it lies in the home
	}
	pattern, ok := g.expand(r.Path, r)
	return ok && g.h.Home != "" && host.Within(pattern, g.h.Home)
}
