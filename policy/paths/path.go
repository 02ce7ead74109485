// Package paths is the language in which a profile names files: variables, patterns,
// the named groups @secrets and @startup, and the entries of sockets, which are
// paths as well or stand for something else.
//
// Check and its kin judge what somebody wrote. What was judged is kept as it was
// written, until a policy is compiled for a host: Expand takes the values of
// variables then, IsGlob and Unescape tell what the outcome stands for.
package paths

import (
	"path"
	"strings"

	"github.com/jail-project/jail/diag"
)

// maxPath is the longest path without its NUL (PATH_MAX, path_resolution(7)).
const maxPath = 4095

// Check judges a path as a profile writes it, and returns the key by
// which paths are compared: ~ and ${HOME} are the same there, and so are
// paths that differ in empty and "." components only.
func Check(text string) (key string, p *diag.Problem) { return check(text, false) }

// CheckPattern does the same where a pattern or a path group may stand as well.
func CheckPattern(text string) (key string, p *diag.Problem) { return check(text, true) }

func check(text string, pattern bool) (key string, p *diag.Problem) {
	if len(text) > maxPath {
		return "", badPath("a path longer than 4095 bytes, which the kernel does not take", "")
	}
	if strings.HasPrefix(text, "@") {
		return checkGroup(text, pattern)
	}
	if isOrdinary(text) {
		if key, p = cleanPath(text); p == nil {
			p = checkMagic(key)
		}
		return key, p
	}
	parts, p := pieces(text)
	if p != nil {
		return "", p
	}
	if p := checkStart(text, parts); p != nil {
		return "", p
	}
	var b strings.Builder
	for _, part := range parts {
		if part.variable {
			b.WriteString("${" + part.text + "}")
		} else {
			b.WriteString(part.text)
		}
	}
	key, p = cleanPath(b.String())
	if p == nil {
		p = checkMagic(key)
	}
	if p == nil && IsGlob(key) {
		if !pattern {
			return "", badPath(diag.Quote(text)+" is a pattern, and this takes a path",
				`write \*, \? or \[ for the character itself`)
		}
		p = checkGlob(text, key)
	}
	return key, p
}

func badPath(summary, remedy string) *diag.Problem {
	return &diag.Problem{Code: "bad-path", Summary: summary, Remedy: remedy}
}

// isOrdinary reports whether a path is absolute and free of everything that
// is not taken as it is, as most are.
func isOrdinary(text string) bool {
	return strings.HasPrefix(text, "/") && !strings.ContainsAny(text, `\$*?[`)
}

func checkGroup(text string, pattern bool) (string, *diag.Problem) {
	if !pattern {
		return "", badPath("the path group "+diag.Quote(text)+" cannot stand here",
			"path groups may stand in read, write and hide")
	}
	if Group(text) == nil {
		p := diag.Unknown("path group", text, GroupNames())
		p.Remedy = "known are " + strings.Join(GroupNames(), " and ")
		return "", p
	}
	return text, nil
}

// checkStart sees to it that a path is absolute before its variables have
// values.
func checkStart(text string, parts []piece) *diag.Problem {
	bad := func(summary, remedy string) *diag.Problem {
		return &diag.Problem{Code: "relative-path", Summary: summary, Remedy: remedy}
	}
	switch {
	case text == "":
		return bad("an empty path", "")
	case strings.HasPrefix(text, "/"):
		return nil
	case strings.HasPrefix(text, "~") && !parts[0].variable:
		return bad("the home of another user cannot be named with ~", "write the path from / on")
	case !parts[0].variable:
		rest := strings.TrimPrefix(text, "./")
		return bad("the path "+diag.Quote(text)+" is relative", "write "+diag.Escape("${PROFILE_DIR}/"+rest+" or ${CWD}/"+rest))
	}
	if name := parts[0].text; !isDirectory(name) {
		return bad("a path cannot begin with ${"+name+"}", "it begins with /, ~, or a variable for a directory such as ${HOME}")
	}
	if len(parts) > 1 && (parts[1].variable || !strings.HasPrefix(parts[1].text, "/")) {
		p := bad("a / is missing behind ${"+parts[0].text+"}", "")
		p.From, p.To = parts[1].from, parts[1].to
		return p
	}
	return nil
}

// cleanPath removes empty and "." components and a slash at the end, and
// refuses ".." ones: what they lead to depends on symbolic links.
func cleanPath(p string) (string, *diag.Problem) {
	if !strings.Contains(p, "/.") && !strings.Contains(p, "//") && (len(p) == 1 || !strings.HasSuffix(p, "/")) {
		return p, nil
	}
	out := make([]string, 0, 8)
	for c := range strings.SplitSeq(p, "/") {
		switch Unescape(c) {
		case "", ".":
		case "..":
			return "", badPath(`a path cannot have a ".." in it`, "write the path that is meant")
		default:
			out = append(out, c)
		}
	}
	if strings.HasPrefix(p, "/") {
		return "/" + strings.Join(out, "/"), nil
	}
	return strings.Join(out, "/"), nil
}

// checkMagic refuses paths whose meaning depends on the process that looks:
// the links of /proc lead anywhere, and those in /dev lead into /proc.
func checkMagic(key string) *diag.Problem {
	key = Unescape(key)
	switch {
	case key == "/proc" || strings.HasPrefix(key, "/proc/"):
		return &diag.Problem{
			Code: "magic-link", Summary: "paths in /proc cannot be granted or changed",
			Remedy: "every jail has a /proc of its own; magic links such as /proc/self/root lead out of it",
		}
	case key == "/dev/fd" || strings.HasPrefix(key, "/dev/fd/"),
		key == "/dev/stdin", key == "/dev/stdout", key == "/dev/stderr":
		return &diag.Problem{
			Code: "magic-link", Summary: diag.Escape(key) + " is a magic link and cannot be granted or changed",
			Remedy: "every jail has a /dev of its own",
		}
	}
	return nil
}

func checkGlob(text, key string) *diag.Problem {
	for c := range strings.SplitSeq(key, "/") {
		if _, err := path.Match(c, ""); err != nil {
			return badPath(diag.Quote(text)+" is not a complete pattern",
				`close the [ with a ], or write \[ for the character itself`)
		}
	}
	return nil
}
