package kind

import (
	"strings"
	"testing"
	"time"

	"github.com/jail-project/jail/diag"
)

func TestQuantities(t *testing.T) {
	good := []struct {
		parse func(string) (int64, *diag.Problem)
		text  string
		want  int64
		again string // the canonical text, "" when there is none
	}{
		{parseSize, "512M", 512 << 20, "512M"},
		{parseSize, "1024K", 1 << 20, "1M"},
		{parseSize, "4096", 4096, "4K"},
		{parseSize, "1", 1, "1"},
		{parseSize, "7T", 7 << 40, "7T"},
		{parseSize, "8388607T", 8388607 << 40, "8388607T"},
		{parseDuration, "90s", int64(90 * time.Second), "1m30s"},
		{parseDuration, "1h", int64(time.Hour), "1h"},
		{parseDuration, "2d1h", int64(49 * time.Hour), "2d1h"},
		{parsePercent, "150%", 150, ""},
		{parseMode, "1777", 0o1777, ""},
		{parseMode, "0o700", 0o700, ""},
		{parseMode, "0700", 0o700, ""},
		{parseCount, "12", 12, ""},
	}
	for _, tt := range good {
		got, p := tt.parse(tt.text)
		if p != nil || got != tt.want {
			t.Errorf("%q = %d, %v; want %d", tt.text, got, p, tt.want)
		}
		switch again := ""; {
		case tt.again == "":
		default:
			if strings.ContainsAny(tt.text, "dhms") {
				again = formatDuration(time.Duration(got))
			} else {
				again = FormatSize(got)
			}
			if again != tt.again {
				t.Errorf("%q prints as %q, want %q", tt.text, again, tt.again)
			}
		}
	}
	bad := []struct {
		parse func(string) (int64, *diag.Problem)
		texts []string
	}{
		{parseSize, []string{"", "0", "-1", "M", "1m", "1MB", "01M", "1_0", "1.5G", " 1M", "8388608T", "99999999999999999999", "0x10"}},
		{parseDuration, []string{"", "0s", "1", "h", "1h1h", "1m1h", "1ms", "-1s", "1.5h", "9999999999s", "999999999d"}},
		{parsePercent, []string{"", "%", "150", "0%", "-1%", "1000001%", "1.5%"}},
		{parseMode, []string{"", "0", "8", "2000", "4755", "rwx", "0x1ff", "-1", "0o"}},
		{parseCount, []string{"", "0", "-1", "1_0", "0x1", "+1", "1e3", "9223372036854775808"}},
	}
	for _, tt := range bad {
		for _, text := range tt.texts {
			if got, p := tt.parse(text); p == nil {
				t.Errorf("%q = %d, want a fault", text, got)
			}
		}
	}
}
