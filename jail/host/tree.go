package host

import (
	"slices"
)

// Tree is the file tree of a jail that has a root of its own: a directory of the host
// in the place of /, and what comes from elsewhere on the host in places below it. It
// answers for the paths of the jail what Files answers for those of the host.
//
// As the resolver asks, a path has no symbolic link in it but as its last component: the
// kernel would follow another one out of the tree.
type Tree struct {
	files Files
	binds []Bind // the longest places first; the last one is the root
}

// Bind is a file or directory of the host that has a place in the jail.
type Bind struct {
	Place  string // in the jail
	Source string // on the host, without symbolic links
}

// NewTree returns the tree below a directory of the host.
func NewTree(files Files, root string) *Tree {
	return &Tree{files: files, binds: []Bind{{Place: "/", Source: root}}}
}

// Bind puts a file or directory of the host in a place, instead of what was put there
// before.
func (t *Tree) Bind(place, source string) {
	for i := range t.binds {
		if t.binds[i].Place == place {
			t.binds[i].Source = source
			return
		}
	}
	t.binds = append(t.binds, Bind{Place: place, Source: source})
	slices.SortStableFunc(t.binds, func(a, b Bind) int { return len(b.Place) - len(a.Place) })
}

// HostPath is where on the host a path of the jail lies.
func (t *Tree) HostPath(path string) string {
	for _, b := range t.binds {
		if Within(path, b.Place) {
			return below(b.Source, b.Place, path)
		}
	}
	return path
}

// Places are the paths under which the jail would show a path of the host.
func (t *Tree) Places(real string) []string {
	var places []string
	for _, b := range t.binds {
		if !Within(real, b.Source) {
			continue
		}
		// Another bind can cover it there.
		if place := below(b.Place, b.Source, real); t.HostPath(place) == real && !slices.Contains(places, place) {
			places = append(places, place)
		}
	}
	return places
}

// below is the path in dir that path has in old.
func below(dir, old, path string) string {
	rest := path[len(old):]
	if old == "/" {
		rest = path
	}
	switch {
	case rest == "" || rest == "/":
		return dir
	case dir == "/":
		return rest
	}
	return dir + rest
}

// Kind implements Files.
func (t *Tree) Kind(path string) FileKind { return t.files.Kind(t.HostPath(path)) }

// Readlink implements Files.
func (t *Tree) Readlink(path string) (string, error) { return t.files.Readlink(t.HostPath(path)) }

// Kinds implements Files.
func (t *Tree) Kinds(path string, most int) map[string]FileKind {
	return t.files.Kinds(t.HostPath(path), most)
}

// Public implements Files.
func (t *Tree) Public(path string) bool { return t.files.Public(t.HostPath(path)) }

// Same implements Files.
func (t *Tree) Same(a, b string) bool { return t.files.Same(t.HostPath(a), t.HostPath(b)) }

// Owner implements Files.
func (t *Tree) Owner(path string) (Owner, bool) { return t.files.Owner(t.HostPath(path)) }

// ACL implements Files.
func (t *Tree) ACL(path string) []byte { return t.files.ACL(t.HostPath(path)) }

// Writable implements Files.
func (t *Tree) Writable(dir string) bool { return t.files.Writable(t.HostPath(dir)) }

// Text implements Files.
func (t *Tree) Text(path string) string { return t.files.Text(t.HostPath(path)) }

// Executable implements Files.
func (t *Tree) Executable(path string) bool { return t.files.Executable(t.HostPath(path)) }
