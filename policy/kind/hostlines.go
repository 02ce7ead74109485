package kind

import (
	"iter"
	"strings"

	"github.com/jail-project/jail/diag"
)

// HostLines yields the entries of a list of hosts, each with the place where it begins: one
// a line, up to a "#". A line without an entry is passed over. What an entry means is for
// ParseHost to say.
func HostLines(text string) iter.Seq2[diag.Pos, string] {
	return func(yield func(diag.Pos, string) bool) {
		number := 0
		for line := range strings.SplitSeq(strings.TrimPrefix(text, "\ufeff"), "\n") {
			number++
			entry, _, _ := strings.Cut(line, "#")
			column := len(entry) - len(strings.TrimLeft(entry, " \t")) + 1
			entry = strings.Trim(entry, " \t\r")
			if entry != "" && !yield(diag.Pos{Line: number, Column: column}, entry) {
				return
			}
		}
	}
}
