package jail

import (
	"path"
	"strings"

	"github.com/jail-project/jail/policy"
)

// globPaths lists the existing paths that match an absolute pattern, in the
// syntax of path.Match per component. A leading dot is matched only by a
// literal dot, as in a shell.
func globPaths(files Files, pattern string) []string {
	dirs := []string{"/"}
	for part := range strings.SplitSeq(strings.TrimPrefix(pattern, "/"), "/") {
		var next []string
		for _, dir := range dirs {
			next = appendMatches(next, files, dir, part)
		}
		dirs = next
	}
	return dirs
}

func appendMatches(out []string, files Files, dir, part string) []string {
	if !policy.IsGlob(part) {
		if p := join(dir, policy.Unescape(part)); files.Kind(p) != KindMissing {
			out = append(out, p)
		}
		return out
	}
	for _, name := range files.Names(dir) {
		if name[0] == '.' && part[0] != '.' {
			continue
		}
		if ok, err := path.Match(part, name); err == nil && ok {
			out = append(out, join(dir, name))
		}
	}
	return out
}

func globOrLiteral(files Files, pattern string) []string {
	if policy.IsGlob(pattern) {
		return globPaths(files, pattern)
	}
	return []string{policy.Unescape(pattern)}
}
