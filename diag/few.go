package diag

import (
	"slices"
	"strconv"
	"strings"
)

// Few lists names for a summary: the first of them in their order, and how many more there
// are.
func Few(names []string) string {
	const few = 3
	names = slices.Sorted(slices.Values(names))
	if more := len(names) - few; more > 0 {
		return strings.Join(names[:few], ", ") + " and " + strconv.Itoa(more) + " more"
	}
	return strings.Join(names, ", ")
}
