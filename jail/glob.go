package jail

import (
	"path"
	"slices"
	"strings"

	"github.com/jail-project/jail/policy"
)

// glob lists the existing paths that match an absolute pattern, in the
// syntax of path.Match per component. A leading dot is matched only by a
// literal dot, as in a shell.
func (r *resolver) glob(pattern string) []string {
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

func (r *resolver) appendMatches(out []string, dir, part string) []string {
	if !policy.IsGlob(part) {
		if p := join(dir, policy.Unescape(part)); r.resolve(p).kind != KindMissing {
			out = append(out, p)
		}
		return out
	}
	at := r.resolve(dir)
	if at.kind != KindDir {
		return out
	}
	first := len(out)
	for name := range r.names(at.real) {
		if name[0] == '.' && part[0] != '.' {
			continue
		}
		if ok, err := path.Match(part, name); err == nil && ok {
			out = append(out, join(dir, name))
		}
	}
	slices.Sort(out[first:])
	return out
}

// globOrLiteral lists what a pattern finds, or the one path it is, there or
// not.
func (r *resolver) globOrLiteral(pattern string) []string {
	if policy.IsGlob(pattern) {
		return r.glob(pattern)
	}
	return []string{policy.Unescape(pattern)}
}
