package kind

import (
	"slices"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/paths"
)

// checkConnect judges the target of a connect test.
func checkConnect(text string) *diag.Problem {
	host, port, ok := splitPort(text)
	if _, good := parsePort(port); !ok || !good || strings.ContainsAny(host, "*/@") {
		return diag.Invalid("host:port", text, "write one host and one port, as in example.org:443")
	}
	if host == HostsName {
		return nil
	}
	_, p := checkHostPattern(text)
	return p
}

// checkBusName judges a well-known D-Bus name, with .* at the end for any
// rest (D-Bus specification, "Bus names").
func checkBusName(text string) *diag.Problem {
	name := strings.TrimSuffix(text, ".*")
	bad := diag.Invalid("a D-Bus name", text, "names have two or more parts with dots between them, as org.freedesktop.Notifications; .* at the end stands for any rest")
	if len(name) > 255 || !strings.Contains(name, ".") {
		return bad
	}
	for part := range strings.SplitSeq(name, ".") {
		if part == "" || isDigit(part[0]) || indexOther(part, "-") >= 0 {
			return bad
		}
	}
	return nil
}

// checkDevice judges a kind of device or a path in /dev.
func checkDevice(text string, kinds []string) *diag.Problem {
	if slices.Contains(kinds, text) {
		return nil
	}
	if !strings.HasPrefix(text, "/") {
		p := diag.Unknown("device", text, kinds)
		p.Remedy = "known are " + strings.Join(kinds, ", ") + ", and paths in /dev"
		return p
	}
	key, p := paths.CheckPattern(text)
	if p == nil && !strings.HasPrefix(key, "/dev/") {
		p = &diag.Problem{Code: "invalid-value", Summary: diag.Quote(text) + " is not a path in /dev"}
	}
	return p
}
