package diag

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape makes a name from elsewhere (a file name, a profile key, a host
// name) safe to print: whatever could drive a terminal or reorder the text
// becomes a visible escape, printable text stays as it is. Escape is
// idempotent; the result holds no control character, C0 or C1, no
// bidirectional control, and is valid UTF-8.
func Escape(s string) string {
	if isClean(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i := 0; i < len(s); {
		i += escapeRune(&b, s[i:])
	}
	return b.String()
}

// Quote is Escape between double quotes, with the quotes inside marked.
func Quote(s string) string {
	return `"` + strings.ReplaceAll(Escape(s), `"`, `\"`) + `"`
}

// isClean reports whether Escape has nothing to do. The common case is
// decided without decoding.
func isClean(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return isCleanUnicode(s[i:])
		}
	}
	return true
}

func isCleanUnicode(s string) bool {
	for _, r := range s {
		// An invalid byte decodes as RuneError, which is printable when
		// it is really in the text; the slow path tells them apart.
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// escapeRune writes the first character of s to b, escaped where needed, and
// returns how many bytes of s it took.
func escapeRune(b *strings.Builder, s string) int {
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case r == utf8.RuneError && size <= 1:
		writeHex(b, `\x`, rune(s[0]), 2)
	case unicode.IsPrint(r):
		b.WriteString(s[:size])
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\r':
		b.WriteString(`\r`)
	case r == '\t':
		b.WriteString(`\t`)
	case r < 0x80:
		writeHex(b, `\x`, r, 2)
	case r <= 0xffff:
		writeHex(b, `\u`, r, 4)
	default:
		writeHex(b, `\U`, r, 8)
	}
	return size
}

func writeHex(b *strings.Builder, prefix string, r rune, digits int) {
	b.WriteString(prefix)
	for shift := (digits - 1) * 4; shift >= 0; shift -= 4 {
		b.WriteByte("0123456789abcdef"[r>>shift&15])
	}
}
