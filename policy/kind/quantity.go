package kind

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jail-project/jail/diag"
)

// parseCount reads a positive whole number.
func parseCount(text string) (int64, *diag.Problem) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 || !isPlainDecimal(text) {
		return 0, diag.Invalid("a whole number above zero", text, "write it in decimal, without separators")
	}
	return n, nil
}

// parseSize reads a number of bytes, with K, M, G or T for powers of 1024.
func parseSize(text string) (int64, *diag.Problem) {
	const remedy = "write a number of bytes, or a number with K, M, G or T, as 512M"
	digits := text
	shift := 0
	if text != "" {
		if i := strings.IndexByte("KMGT", text[len(text)-1]); i >= 0 {
			shift = 10 * (i + 1)
			digits = text[:len(text)-1]
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 || !isPlainDecimal(digits) {
		p := diag.Invalid("a size", text, remedy)
		if near := strings.TrimRight(strings.ToUpper(text), "IB"); near != text {
			if _, bad := parseSize(near); bad == nil {
				p.Label = "did you mean " + near + "?"
			}
		}
		return 0, p
	}
	if n > math.MaxInt64>>shift {
		return 0, diag.Invalid("a size that fits 64 bits", text, "")
	}
	return n << shift, nil
}

// Format is a text that parse reads as the number n of a value.
func (k Kind) Format(n int64) string {
	switch k {
	case Size:
		return FormatSize(n)
	case Percent:
		return strconv.FormatInt(n, 10) + "%"
	case Duration:
		return formatDuration(time.Duration(n))
	case Mode:
		return fmt.Sprintf("%04o", n)
	}
	return strconv.FormatInt(n, 10)
}

// FormatSize is the shortest text that parseSize reads as n.
func FormatSize(n int64) string {
	unit := ""
	for _, u := range []string{"K", "M", "G", "T"} {
		if n == 0 || n%1024 != 0 {
			break
		}
		n, unit = n/1024, u
	}
	return strconv.FormatInt(n, 10) + unit
}

func parsePercent(text string) (int64, *diag.Problem) {
	digits, ok := strings.CutSuffix(text, "%")
	n, p := parseCount(digits)
	if !ok || p != nil || n > 1_000_000 {
		return 0, diag.Invalid("a percentage", text, "write it as 150%, which is one and a half processors")
	}
	return n, nil
}

// parseDuration reads numbers with the units d, h, m and s, larger units
// first, and returns nanoseconds.
func parseDuration(text string) (int64, *diag.Problem) {
	bad := diag.Invalid("a time", text, "write it with the units d, h, m and s, as 90s or 1h30m")
	units := "dhms"
	total := time.Duration(0)
	rest := text
	for rest != "" {
		i := 0
		for i < len(rest) && isDigit(rest[i]) {
			i++
		}
		if i == 0 || i > 9 || i == len(rest) {
			return 0, bad
		}
		n, _ := strconv.Atoi(rest[:i])
		unit := strings.IndexByte(units, rest[i])
		if unit < 0 {
			return 0, bad
		}
		d := unitLength(units[unit])
		if time.Duration(n) > (math.MaxInt64-total)/d {
			return 0, bad
		}
		total += time.Duration(n) * d
		units, rest = units[unit+1:], rest[i+1:]
	}
	if total <= 0 {
		return 0, bad
	}
	return int64(total), nil
}

func unitLength(unit byte) time.Duration {
	switch unit {
	case 'd':
		return 24 * time.Hour
	case 'h':
		return time.Hour
	case 'm':
		return time.Minute
	}
	return time.Second
}

// formatDuration is the text that parseDuration reads as d, which is a whole
// number of seconds.
func formatDuration(d time.Duration) string {
	var b strings.Builder
	for _, unit := range []byte("dhms") {
		if n := d / unitLength(unit); n > 0 {
			b.WriteString(strconv.FormatInt(int64(n), 10))
			b.WriteByte(unit)
			d -= n * unitLength(unit)
		}
	}
	return b.String()
}

// parseMode reads permission bits in octal, up to the sticky bit.
func parseMode(text string) (int64, *diag.Problem) {
	n, err := strconv.ParseUint(strings.TrimPrefix(text, "0o"), 8, 32)
	if err != nil || n == 0 || n > 0o1777 {
		return 0, diag.Invalid("a mode", text, `write octal digits up to 1777, in quotes, as "0755"`)
	}
	return int64(n), nil
}

func parseUser(text string, words []string) *diag.Problem {
	if slices.Contains(words, text) {
		return nil
	}
	// The highest number means "no user" to the kernel.
	n, err := strconv.ParseUint(text, 10, 32)
	if err == nil && n < math.MaxUint32 && isPlainDecimal(text) {
		return nil
	}
	p := diag.Invalid("a user for the jail", text, "write "+strings.Join(words, ", ")+", or a uid")
	if near := diag.Suggest(text, words); near != "" {
		p.Label = "did you mean " + near + "?"
	}
	return p
}

func checkMachineID(text string, words []string) *diag.Problem {
	if slices.Contains(words, text) {
		return nil
	}
	if len(text) != 32 || strings.Trim(text, digits+"abcdef") != "" {
		return diag.Invalid("a machine id", text, "write random, host, or 32 hexadecimal digits in lower case")
	}
	return nil
}
