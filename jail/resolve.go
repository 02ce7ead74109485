package jail

import (
	"math"
	"slices"
	"strings"

	"github.com/jail-project/jail/standin"
)

// link is a symbolic link that was crossed while a path was resolved.
type link struct {
	path   string // real path of the link itself
	target string // its text
}

// place is where a path leads on the host.
type place struct {
	real  string // without symbolic links; for KindMissing the path as far as it could be resolved
	kind  FileKind
	links []link // crossed on the way, in order
}

// resolver follows symbolic links through Files and remembers directories,
// so that a thousand paths in one directory cost a thousand lookups.
type resolver struct {
	files Files
	dirs  map[string]place

	listings map[string]*listing
	last     *listing // the one that was used before
	doubts   []string // spellings of which nothing tells what else leads to the same file
}

// listing is what is known about the entries of one real directory.
type listing struct {
	dir   string
	asked int                 // how many entries were asked for
	next  int                 // reading the directory is considered at so many
	kinds map[string]FileKind // all entries; nil before the directory was read, or when it can't be
	folds bool                // other spellings lead to the same entries
	names map[string]string   // spellings that stand for others; see name
	// closed: the directory can't be read, however much it holds.
	closed bool
}

func newResolver(files Files) *resolver {
	return &resolver{files: files, dirs: map[string]place{}, listings: map[string]*listing{}}
}

// maxLinks is the kernel's own bound on links in one lookup
// (path_resolution(7)).
const maxLinks = 40

// resolve follows every symbolic link of an absolute, clean path.
func (r *resolver) resolve(path string) place { return r.follow(path, 0) }

func (r *resolver) follow(path string, depth int) place {
	if path == "/" {
		return place{real: "/", kind: KindDir}
	}
	if p, ok := r.dirs[path]; ok {
		return p
	}
	cut := strings.LastIndexByte(path, '/')
	dir, base := path[:cut], path[cut+1:]
	if dir == "" {
		dir = "/"
	}
	parent := r.follow(dir, depth)
	if parent.kind != KindDir {
		r.dirs[dir] = parent
		return place{real: join(parent.real, base), kind: KindMissing, links: parent.links}
	}
	full := path
	if parent.real != dir {
		full = join(parent.real, base)
	}
	real, kind := r.entry(parent.real, base, full)
	p := place{real: real, kind: kind, links: parent.links}
	if p.kind == KindLink {
		p = r.followLink(p, parent.real, depth)
	}
	if p.kind == KindDir || len(p.links) > 0 {
		r.dirs[path] = p
	}
	return p
}

// Entries are looked up one by one until their directory could as well be
// read as a whole: to read an entry costs a third of looking one up.
const (
	firstAsked = 6
	readRatio  = 3
)

// entry looks up one entry of a real directory, which full is the path of. It
// returns the path in the spelling that stands for all of them; see name.
func (r *resolver) entry(dir, base, full string) (string, FileKind) {
	l := r.listing(dir)
	if l.asked++; l.kinds == nil && !l.closed && l.asked >= l.next {
		r.read(l, readRatio*l.asked)
		l.next *= 2
	}
	kind, listed := l.kinds[base]
	switch {
	case listed && !l.folds, !listed && l.kinds != nil && !l.folds && plain(base):
		return full, kind
	case !listed:
		kind = r.files.Kind(full)
	}
	if kind == KindMissing {
		return full, kind
	}
	if name := r.name(l, base); name != base {
		return join(dir, name), kind
	}
	return full, kind
}

// names lists the entries of a real directory, in no order.
func (r *resolver) names(dir string) *listing {
	l := r.listing(dir)
	if l.kinds == nil && !l.closed {
		r.read(l, math.MaxInt)
	}
	return l
}

func (r *resolver) listing(dir string) *listing {
	if r.last != nil && r.last.dir == dir {
		return r.last
	}
	l := r.listings[dir]
	if l == nil {
		l = &listing{dir: dir, next: firstAsked, names: map[string]string{}}
		r.listings[dir] = l
	}
	r.last = l
	return l
}

// followLink continues at the target of the link at, which lies in dir. A
// ".." in the target means the parent of the real directory, as in the kernel.
func (r *resolver) followLink(at place, dir string, depth int) place {
	target, err := r.files.Readlink(at.real)
	if target == standin.Target {
		return place{real: at.real, kind: KindMissing, links: at.links}
	}
	if err != nil || target == "" || depth >= maxLinks {
		return place{real: at.real, kind: KindMissing, links: at.links}
	}
	links := slices.Concat(at.links, []link{{at.real, target}})
	cur := place{real: dir, kind: KindDir}
	if target[0] == '/' {
		cur.real = "/"
	}
	for part := range strings.SplitSeq(target, "/") {
		switch {
		case cur.kind != KindDir: // even for an empty part: "file/" is no file
			return place{real: join(cur.real, part), kind: KindMissing, links: links}
		case part == "" || part == ".":
		case part == "..":
			cur.real = parentOf(cur.real)
		default:
			cur = r.follow(join(cur.real, part), depth+1)
			links = append(links, cur.links...)
		}
	}
	return place{real: cur.real, kind: cur.kind, links: links}
}

func join(dir, name string) string {
	if dir == "/" {
		return "/" + name
	}
	return dir + "/" + name
}

func parentOf(path string) string {
	cut := strings.LastIndexByte(path, '/')
	if cut <= 0 {
		return "/"
	}
	return path[:cut]
}

// within tells whether path is dir or lies below it.
func within(path, dir string) bool {
	if dir == "/" {
		return true
	}
	return len(path) >= len(dir) && path[:len(dir)] == dir && (len(path) == len(dir) || path[len(dir)] == '/')
}
