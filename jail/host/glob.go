package host

import (
	"path"
	"slices"
	"strings"

	"github.com/jail-project/jail/policy/paths"
)

// Glob lists the existing paths that match an absolute pattern, in the
// syntax of path.Match per component. A leading dot is matched only by a
// literal dot, as in a shell. Where names differ by case only in writing, so do
// patterns.
func (r *Resolver) Glob(pattern string) []string {
	dirs := []string{"/"}
	for part := range strings.SplitSeq(strings.TrimPrefix(pattern, "/"), "/") {
		var next []string
		for _, dir := range dirs {
			next = r.appendMatches(next, dir, part)
		}
		dirs = next
	}
	return dirs
}

func (r *Resolver) appendMatches(out []string, dir, part string) []string {
	if !paths.IsGlob(part) {
		if p := Join(dir, paths.Unescape(part)); r.Resolve(p).Kind != KindMissing {
			out = append(out, p)
		}
		return out
	}
	at := r.Resolve(dir)
	if at.Kind != KindDir {
		return out
	}
	first := len(out)
	entries := r.Names(at.Real)
	for name := range entries.kinds {
		if name[0] == '.' && part[0] != '.' {
			continue
		}
		if matches(part, name) || entries.Folds && matches(strings.ToLower(part), strings.ToLower(name)) {
			out = append(out, Join(dir, name))
		}
	}
	slices.Sort(out[first:])
	return out
}

func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}
