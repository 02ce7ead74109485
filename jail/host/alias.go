package host

import (
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Two spellings can lead to one file: a directory folds names (ext4 with casefold,
// vfat), or its file system normalizes them (ZFS, HFS+). One spelling stands for
// all of them, or what is hidden in one would be shown in the other. A directory
// is read only when there may be a second one.

// plain tells whether only another case can lead to the same file as a name. Not
// plain is what is normalized or folded to other letters, a short name of vfat,
// and what vfat takes dots off.
func plain(name string) bool {
	for i := range len(name) {
		if name[i] >= utf8.RuneSelf || name[i] == '~' {
			return false
		}
	}
	return !strings.HasSuffix(name, ".")
}

// name is the spelling that stands for an entry that exists: the first one that was
// asked for. Where a directory does not seem to fold names, listed ones are not
// noted, and stand for themselves.
//
// listing.names leads to it: before the directory is read, from the name in lower
// case; then from the listed spelling and from those that were asked for. Where a
// directory can't be read, it has what was asked for.
func (r *Resolver) name(l *listing, base string) string {
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

// read reads a directory that does not seem to hold more than most, and finds
// what was asked for before in it.
func (r *Resolver) read(l *listing, most int) {
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

// listed is the spelling in which a directory lists an entry that exists. What it
// does not list at all has been made meanwhile, or is made by being asked for, as
// by an automounter.
func (r *Resolver) listed(l *listing, base string) string {
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

// same lists the entries that are the same file as base, of those that may be.
func (r *Resolver) same(l *listing, base string, may func(a, b string) bool) []string {
	var names []string
	for name := range l.kinds {
		if may(name, base) && r.files.Same(Join(l.dir, name), Join(l.dir, base)) {
			names = append(names, name)
		}
	}
	return names
}

// compare looks for another spelling among what was asked for in a directory that
// can't be read. It could as well be a hard link.
func (r *Resolver) compare(l *listing, base string) {
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

// folds tells whether a directory has its entries under other spellings, too: ext4
// with casefold, vfat. What its listing does not show may be there all the same.
// One entry is asked for in another case. Only plain names are good for that: what
// is not valid UTF-8 is never folded, and a program in a jail can have made it.
func (r *Resolver) folds(l *listing) bool {
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
			return false // and not gone, or a placeholder, which seems to be missing
		}
	}
	return unsure
}

// otherCase changes the case of a name's first letter. Not plain are names with
// anything but ASCII.
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
