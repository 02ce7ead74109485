package diag

import "strings"

// Suggest returns the element of known that name most likely stands for, or
// "". Two names are near when fewer than three insertions, deletions,
// replacements or swaps of neighbours lead from one to the other, and fewer
// than half of the letters change; case does not count. Of equally near names
// the first wins.
func Suggest(name string, known []string) string {
	const tooFar = 3
	best, bestDistance := "", tooFar
	lower := strings.ToLower(name)
	for _, k := range known {
		if k == name || len(k) > len(name)+tooFar || len(name) > len(k)+tooFar {
			continue
		}
		d := distance(lower, strings.ToLower(k))
		if d < bestDistance && 2*d <= min(len(name), len(k)) {
			best, bestDistance = k, d
		}
	}
	return best
}

// distance is the Damerau-Levenshtein distance of a and b in bytes, in the
// variant that edits no part of the text twice.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return len(a) + len(b) // no name of ours is that long
	}
	var rows [3][65]int
	prev2, prev, cur := &rows[0], &rows[1], &rows[2]
	for j := 0; j <= len(b); j++ {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, prev2[j-2]+1)
			}
			cur[j] = d
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
