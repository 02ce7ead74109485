package output

import (
	"fmt"
	"strconv"
	"strings"
)

// Count is a number of things: "no errors", "1 error", "2 errors".
func Count(n int, noun string) string {
	switch n {
	case 0:
		return "no " + noun + "s"
	case 1:
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Numbers are the numbers of a list with spaces between them.
func Numbers(list []int) string {
	shown := make([]string, len(list))
	for i, n := range list {
		shown[i] = strconv.Itoa(n)
	}
	return strings.Join(shown, " ")
}
