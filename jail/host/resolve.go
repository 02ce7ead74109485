package host

import (
	"math"
	"slices"
	"strings"
)

// Link is a symbolic link that was crossed while a path was resolved; or a directory which
// the text of a link goes into and leaves again by "..", as a and a/b in a/b/../../c. With
// another link in the place of that directory, ".." would lead elsewhere.
type Link struct {
	Path   string // real path of the link or the directory itself
	Target string // text of the link; "" for a directory, since no link is empty (symlink(2))
}

// IsDir tells whether it is a directory, and no link.
func (l Link) IsDir() bool { return l.Target == "" }

// Resolved is where a path leads on the host.
type Resolved struct {
	Real  string // without symbolic links; for KindMissing the path as far as it could be resolved
	Kind  FileKind
	Links []Link // crossed on the way, in order
}

// Resolver follows symbolic links through Files and remembers directories,
// so that a thousand paths in one directory cost a thousand lookups.
type Resolver struct {
	files Files
	dirs  map[string]Resolved

	listings  map[string]*Listing
	last      *Listing // the one that was used before
	Ambiguous []string // ambiguous aliases: paths that may lead to the same file as others
}

// Listing is what is known about the entries of one real directory.
type Listing struct {
	dir   string
	asked int                 // how many entries were asked for
	next  int                 // reading the directory is considered at so many
	kinds map[string]FileKind // all entries; nil before the directory was read, or when it can't be
	found map[string]FileKind // what was asked for one by one
	Folds bool                // the entries have aliases
	names map[string]string   // canonical aliases; see name
	// closed: the directory can't be read, however much it holds.
	closed bool
}

// NewResolver returns a resolver that has looked at nothing yet.
func NewResolver(files Files) *Resolver {
	return &Resolver{files: files, dirs: map[string]Resolved{}, listings: map[string]*Listing{}}
}

// maxLinks is the kernel's own bound on links in one lookup
// (path_resolution(7)).
const maxLinks = 40

// Resolve follows every symbolic link of an absolute, clean path.
func (r *Resolver) Resolve(path string) Resolved { return r.follow(path, 0) }

func (r *Resolver) follow(path string, depth int) Resolved {
	if path == "/" {
		return Resolved{Real: "/", Kind: KindDir}
	}
	if p, ok := r.dirs[path]; ok {
		return p
	}
	dir, base := Parent(path), path[strings.LastIndexByte(path, '/')+1:]
	parent := r.follow(dir, depth)
	if parent.Kind != KindDir {
		r.dirs[dir] = parent
		return Resolved{Real: Join(parent.Real, base), Kind: KindMissing, Links: parent.Links}
	}
	full := path
	if parent.Real != dir {
		full = Join(parent.Real, base)
	}
	real, kind := r.entry(parent.Real, base, full)
	p := Resolved{Real: real, Kind: kind, Links: parent.Links}
	if p.Kind == KindLink {
		p = r.followLink(p, parent.Real, depth)
	}
	if p.Kind == KindDir || len(p.Links) > 0 {
		r.dirs[path] = p
	}
	return p
}

// Entries are looked up one by one until reading their directory as a whole costs no
// more: to read an entry costs a third of looking one up.
const (
	FirstAsked = 6
	readRatio  = 3
)

// entry looks up base in the real directory dir; full is the path of both. It returns
// the canonical alias of the path; see name.
func (r *Resolver) entry(dir, base, full string) (string, FileKind) {
	l := r.listing(dir)
	if _, found := l.found[base]; !found {
		l.asked++
	}
	if l.kinds == nil && !l.closed && l.asked >= l.next {
		r.read(l, readRatio*l.asked)
		l.next *= 2
	}
	kind, listed := l.kinds[base]
	switch {
	case listed && !l.Folds, !listed && l.kinds != nil && !l.Folds && plain(base):
		return full, kind
	case !listed:
		kind = r.one(l, base, full)
	}
	if kind == KindMissing {
		return full, kind
	}
	if name := r.name(l, base); name != base {
		return Join(dir, name), kind
	}
	return full, kind
}

// one looks up an entry that no listing has, once.
func (r *Resolver) one(l *Listing, base, full string) FileKind {
	kind, found := l.found[base]
	if !found {
		kind = r.files.Kind(full)
		l.found[base] = kind
	}
	return kind
}

// Names lists the entries of a real directory, in no order.
func (r *Resolver) Names(dir string) *Listing {
	l := r.listing(dir)
	if l.kinds == nil && !l.closed {
		r.read(l, math.MaxInt)
	}
	return l
}

// All are the entries with the kind of each; none of a directory that can't be read.
func (l *Listing) All() map[string]FileKind { return l.kinds }

func (r *Resolver) listing(dir string) *Listing {
	if r.last != nil && r.last.dir == dir {
		return r.last
	}
	l := r.listings[dir]
	if l == nil {
		l = &Listing{dir: dir, next: FirstAsked, names: map[string]string{}, found: map[string]FileKind{}}
		r.listings[dir] = l
	}
	r.last = l
	return l
}

// followLink continues at the target of the link at, which lies in dir. A
// ".." in the target means the parent of the real directory, as in the kernel.
func (r *Resolver) followLink(at Resolved, dir string, depth int) Resolved {
	target, err := r.files.Readlink(at.Real)
	if err != nil || target == "" || depth >= maxLinks {
		return Resolved{Real: at.Real, Kind: KindMissing, Links: at.Links}
	}
	links := slices.Concat(at.Links, []Link{{at.Real, target}})
	cur := Resolved{Real: dir, Kind: KindDir}
	if target[0] == '/' {
		cur.Real = "/"
	}
	for part := range strings.SplitSeq(target, "/") {
		switch {
		case cur.Kind == KindMissing && part == "..": // what is missing decides where ".." leads
			return Resolved{Real: cur.Real, Kind: KindMissing, Links: links}
		case cur.Kind != KindDir: // even for an empty part: "file/" is no file
			return Resolved{Real: Join(cur.Real, part), Kind: KindMissing, Links: links}
		case part == "" || part == ".":
		case part == "..":
			if !Within(dir, cur.Real) {
				links = append(links, Link{Path: cur.Real})
			}
			cur.Real = Parent(cur.Real)
		default:
			cur = r.follow(Join(cur.Real, part), depth+1)
			links = append(links, cur.Links...)
		}
	}
	return Resolved{Real: cur.Real, Kind: cur.Kind, Links: links}
}

// Join is the path of a name in a directory. Both are clean.
func Join(dir, name string) string {
	if dir == "/" {
		return "/" + name
	}
	return dir + "/" + name
}

// Parent is the directory of a clean path; that of / is / itself.
func Parent(path string) string {
	cut := strings.LastIndexByte(path, '/')
	if cut <= 0 {
		return "/"
	}
	return path[:cut]
}

// Within tells whether path is dir or lies below it.
func Within(path, dir string) bool {
	rest, below := strings.CutPrefix(path, dir)
	return dir == "/" || below && (rest == "" || rest[0] == '/')
}
