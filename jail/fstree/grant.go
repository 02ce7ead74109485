package fstree

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/display"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/paths"
	"github.com/jail-project/jail/watch"
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
	GrantGuard // read-only, but only inside a directory that can be written
	GrantFree  // nothing is to be made there, in such a directory
	GrantDev
	GrantProc
	GrantText // a file with text of ours
	GrantSocket
	GrantEmpty // a directory of ours in which nothing can be made: a current directory that nothing shows
)

// Grant is one path rule, resolved for this host.
type Grant struct {
	Kind     GrantKind
	Real     string // where it appears in the jail, without symbolic links; on the host as well, unless the jail has a root of its own
	Source   string // what is bound there when that is not real: a private home
	File     host.FileKind
	Rule     *policy.PathRule
	Written  string // for messages
	Text     string // of GrantText
	Secret   bool   // it is not to be shown
	rank     rank
	links    []host.Link // crossed on the way from the written path, with their paths on the host
	At       *diag.Range
	Name     watch.Name // GrantFree: what is kept free on the host, in or below Real
	Later    bool       // GrantFree: it may be there while the jail runs
	IDMapped bool       // in a jail of root: an ID-mapped mount of its own, see maskUnreachable
	key      string     // the line of the profile, where that is no path rule: "network.mode: host"
}

// shows tells whether a grant makes anything visible; others hide or protect.
func (gr *Grant) shows() bool {
	return gr.Kind != GrantHide && gr.Kind != GrantGuard && gr.Kind != GrantFree
}

// rank decides between two rules for one path: the later layer, then the
// path that was named exactly over one from a group or a glob, then hide, then
// the later entry.
type rank struct {
	layer       int
	exact, hide bool
	pattern     bool // matched by a glob; does not count
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
	p          *policy.Policy
	h          *host.Host // with the files that the jail has
	outside    *host.Host // as it is
	program    string
	resolver   *host.Resolver // of paths of the jail
	onHost     *host.Resolver // of paths of the host
	inRoot     *host.Resolver // of paths of a root of the jail's own
	tree       *host.Tree     // what a jail with a root of its own shows; nil for others
	root       string         // that root, on the host
	problems   diag.List
	grants     []*Grant
	links      []host.Link
	pins       []host.Link          // on the way to what is hidden or protected
	gitFiles   map[string][]setting // what files of git's settings say
	listed     map[string]bool      // protected directories whose links were followed
	guarded    map[string]bool      // git directories, and what settings name, that are protected already
	reports    []reported           // what the program may change and make, which is told at the end
	creates    []*Grant             // missing paths that the profile wants made
	heads      map[string]string    // what the first components of paths stand for
	hides      []*Grant             // hidden by name, and missing
	writes     []string             // directories that are granted for writing
	changed    []string             // what is granted otherwise than for reading
	allHomes   []home               // see homes
	named      map[string]bool      // paths that are named under write: the program may make and change them
	screen     display.Screen
	compositor display.Compositor
	canMake    map[string]bool // directories in which the caller may make something, or not

	namedOnHost map[string]bool // as named, on the host
	ambiguous   []string        // of resolvers that are no longer in use
}

func newGranter(p *policy.Policy, h *host.Host, program string) *granter {
	resolver := host.NewResolver(h.Files)
	return &granter{
		p: p, h: h, outside: h, program: program, onHost: resolver, resolver: resolver,
		heads: map[string]string{}, named: map[string]bool{}, namedOnHost: map[string]bool{}, canMake: map[string]bool{}, gitFiles: map[string][]setting{}, guarded: map[string]bool{}, listed: map[string]bool{},
	}
}

// builtinLayer ranks below every layer of a policy, ownLayer above.
const (
	builtinLayer = -1
	ownLayer     = 1 << 30
)

func (g *granter) run() {
	g.enterRoot()
	fs := &g.p.Filesystem
	for _, due := range g.passes() {
		for i := range fs.Rules {
			r := &fs.Rules[i]
			if !due(r) || g.replacedByHome(r) || g.tooWide(r) {
				continue
			}
			g.rule(r, i)
		}
		g.sockets(due)
	}
	g.keepCwd()
	g.repositories()
	g.hideHome()
	g.guards()
	g.own()
	g.guardHost()
	g.refuseOwn()
	g.dropPatterned()
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
	for _, pattern := range g.expandAll(texts, r) {
		if !paths.IsGlob(pattern) || g.isNameInRoot(r, pattern) {
			g.add(r, paths.Unescape(pattern), rk)
			continue
		}
		one := rk
		one.exact, one.pattern = false, true
		matches := g.resolverOf(r).Glob(pattern)
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
	at, found := g.locate(r, lexical)
	kind := [...]GrantKind{
		policy.Read: GrantRead, policy.Write: GrantWrite, policy.Hide: GrantHide,
		policy.Tmpfs: GrantTmpfs, policy.Overlay: GrantOverlay,
	}[r.Access]
	gr := &Grant{Kind: kind, Real: at.Real, File: found.Kind, Rule: r, Written: r.Path, rank: rk, links: found.Links, At: &r.At}
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
	if r.FromHost && g.leadsToDevices(r, found.Real) {
		return
	}
	if found.Kind == host.KindMissing && !g.whenMissing(gr, lexical, found.Real) {
		return
	}
	if gr.Kind == GrantOverlay && gr.File != host.KindDir {
		g.problem(r, "not-a-directory", fmt.Sprintf("%s is not a directory, so it can't have an overlay", diag.Quote(gr.Written)), "")
		return
	}
	if !g.settle(gr, found.Real) {
		return
	}
	if found.Kind == host.KindMissing && gr.Kind != GrantTmpfs {
		made := *gr
		made.Real = found.Real
		g.creates = append(g.creates, &made)
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

// whenMissing decides about a path that does not exist; false drops the
// grant. onHost is where it would be.
func (g *granter) whenMissing(gr *Grant, lexical, onHost string) bool {
	r := gr.Rule
	switch {
	case r.Access == policy.Tmpfs:
		gr.File = host.KindDir
		return true
	case r.Access == policy.Hide && gr.rank.exact:
		g.hides = append(g.hides, gr)
		fallthrough
	case r.Access == policy.Hide:
		gr.Real = lexical
		return false
	case r.Create == policy.CreateDirectory:
		gr.File = host.KindDir
	case r.Create == policy.CreateFile:
		gr.File = host.KindFile
	case r.Required:
		g.missing(r, lexical)
		return false
	default:
		if r.Access == policy.Write && gr.rank.exact {
			g.named[gr.Real], g.namedOnHost[onHost] = true, true
		}
		if gr.rank.exact {
			g.warnOfHosts(r, lexical)
		}
		return false
	}
	return true
}

// refuseAmbiguous refuses the ambiguous aliases that the resolver found since the last
// call: the file could stay visible under an alias that no rule names.
func (g *granter) refuseAmbiguous(at diag.Range) {
	found := g.ambiguous
	for _, r := range []*host.Resolver{g.resolver, g.onHost, g.inRoot} {
		if r != nil {
			found, r.Ambiguous = append(found, r.Ambiguous...), nil
		}
	}
	for _, p := range found {
		g.problems = append(g.problems, diag.Diagnostic{
			Code: "spelling", Summary: fmt.Sprintf("nothing tells under which other names %s can be reached", diag.Quote(p)), Subject: at,
			Remedy: "write every name in it as its directory lists it, and each file under one name only",
		})
	}
	g.ambiguous = nil
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
