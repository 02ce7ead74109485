package kind

import (
	"strconv"
	"strings"

	"github.com/jail-project/jail/diag"
)

// mostPixels is the width or height that an X server takes at most: coordinates are signed
// and have 16 bits (X11 protocol, section 1).
const mostPixels = 1<<15 - 1

// checkScreenSize judges the size of a screen: the width in pixels, x, the height.
func checkScreenSize(text string) *diag.Problem {
	width, height, found := strings.Cut(text, "x")
	if !found || !isPixels(width) || !isPixels(height) {
		p := diag.Invalid("a size in pixels such as 1280x800", text, "")
		return p
	}
	return nil
}

func isPixels(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0 && n <= mostPixels && text[0] != '0' && text[0] != '+'
}
