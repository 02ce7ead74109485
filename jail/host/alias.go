package host

import (
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// A file can have path aliases: its directory folds names (ext4 with casefold, vfat),
// or its file system normalizes them (ZFS, HFS+). The resolver maps all aliases to one
// of them, the canonical one. Without that, a rule could hide a file under one alias
// and another rule make it visible under a second one. A directory is read only when a
// name may have aliases.

// plain tells whether the aliases of a name differ from it by case alone. Not plain are
// names beyond ASCII, which may be normalized, short names of vfat, and names that end
// in a dot, which vfat removes.
func plain(name string) bool {
	for i := range len(name) {
		if name[i] >= utf8.RuneSelf || name[i] == '~' {
			return false
		}
	}
	return !strings.HasSuffix(name, ".")
}

// name is the canonical alias of an entry that exists: the first one that was asked for.
// Where a directory does not seem to fold names, a listed name is its own canonical
// alias, and is not noted.
//
// listing.names maps to it: before the directory is read, the name in lower case; then
// the listed name and those that were asked for. Of a directory that can't be read, it
// holds the names that were asked for.
func (r *Resolver) name(l *Listing, base string) string {
	if l.kinds == nil && !l.closed {
		lower := strings.ToLower(base)
		if first, asked := l.names[lower]; plain(base) && (!asked || first == base) {
			l.names[lower] = base
			return base
		}
		r.read(l, math.MaxInt)
	}
	if name, known := l.names[base]; known {
		return name
	}
	if l.closed {
		r.compare(l, base)
		l.names[base] = base
		return base
	}
	name := r.listed(l, base)
	if first, asked := l.names[name]; asked {
		name = first
	} else if l.Folds {
		l.names[name], name = base, base
	}
	l.names[base] = name
	return name
}

// read reads a directory that does not seem to have more than most entries, and looks up
// in it the names that were asked for before.
func (r *Resolver) read(l *Listing, most int) {
	l.kinds = r.files.Kinds(l.dir, most)
	l.closed = l.kinds == nil && most == math.MaxInt
	if l.kinds == nil && !l.closed {
		return
	}
	asked := slices.Sorted(maps.Values(l.names))
	clear(l.names)
	if l.closed {
		for _, base := range asked {
			l.names[base] = base
		}
		return
	}
	l.Folds = r.folds(l)
	for _, base := range asked {
		name := r.listed(l, base)
		l.names[name], l.names[base] = base, base
		l.Folds = l.Folds || name != base
	}
}

// listed is the alias under which a directory lists an entry that exists. An entry
// that it does not list has been made meanwhile, or is made by the lookup, as by an
// automounter.
func (r *Resolver) listed(l *Listing, base string) string {
	if _, listed := l.kinds[base]; listed {
		return base
	}
	same := r.same(l, base, strings.EqualFold)
	if len(same) == 0 {
		same = r.same(l, base, func(string, string) bool { return true })
	}
	if len(same) == 1 {
		return same[0]
	}
	if full := Join(l.dir, base); len(same) > 1 || l.Folds && r.files.Kind(full) != KindMissing {
		r.Ambiguous = append(r.Ambiguous, full)
	}
	l.names[base] = base
	return base
}

// same lists the entries that are the same file as base, of those for which may says
// that they can be.
func (r *Resolver) same(l *Listing, base string, may func(a, b string) bool) []string {
	var names []string
	for name := range l.kinds {
		if may(name, base) && r.files.Same(Join(l.dir, name), Join(l.dir, base)) {
			names = append(names, name)
		}
	}
	return names
}

// compare looks for an alias of base among the names that were asked for in a directory
// that can't be read. It can't tell an alias from a hard link.
func (r *Resolver) compare(l *Listing, base string) {
	for other := range l.names {
		if plain(base) && plain(other) && !strings.EqualFold(base, other) {
			continue
		}
		if r.files.Same(Join(l.dir, base), Join(l.dir, other)) {
			r.Ambiguous = append(r.Ambiguous, Join(l.dir, base))
			return
		}
	}
}

// folds tells whether the entries of a directory have aliases that its listing does not
// show: ext4 with casefold, vfat. It looks up one entry in another case. That takes a
// plain name: one that is not valid UTF-8 is never folded, and a program in a jail can
// have made it.
func (r *Resolver) folds(l *Listing) bool {
	unsure := false
	for name := range l.kinds {
		other, plain := otherCase(name)
		switch {
		case !plain:
			unsure = true
			continue
		case other == name:
			continue
		}
		if _, both := l.kinds[other]; both {
			return false
		}
		if r.files.Kind(Join(l.dir, other)) != KindMissing {
			return true
		}
		if r.files.Kind(Join(l.dir, name)) != KindMissing {
			return false // the entry still exists
		}
	}
	return unsure
}

// otherCase changes the case of a name's first letter. Names beyond ASCII are not
// plain.
func otherCase(name string) (other string, plain bool) {
	b := []byte(name)
	letter := -1
	for i, c := range b {
		if c >= utf8.RuneSelf {
			return name, false
		}
		if lower := c | 0x20; letter < 0 && 'a' <= lower && lower <= 'z' {
			letter = i
		}
	}
	if letter >= 0 {
		b[letter] ^= 0x20
	}
	return string(b), true
}
