package kind

import (
	"slices"
	"strconv"
	"strings"

	"github.com/jail-project/jail/caps"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/seccomp"
)

const maxName = 128 // bytes of a profile or program name

// checkName judges the name of a profile or a program. It becomes part of
// file names, so it must not lead anywhere else, and part of command lines,
// so it must not look like a flag.
func checkName(what, text string) *diag.Problem {
	const remedy = "names are made of letters, digits and . _ + - @"
	switch {
	case text == "":
		return invalidName("an empty "+what, "")
	case len(text) > maxName:
		return invalidName("a "+what+" longer than "+strconv.Itoa(maxName)+" bytes", "")
	case text[0] == '-' || text[0] == '.':
		return invalidName("a "+what+" cannot begin with "+diag.Quote(text[:1]), remedy)
	}
	if i := indexOther(text, ".+-@"); i >= 0 {
		p := invalidName(diag.Quote(text)+" is not a "+what, remedy)
		p.From, p.To = i, i+1
		return p
	}
	return nil
}

func invalidName(summary, remedy string) *diag.Problem {
	return &diag.Problem{Code: "invalid-name", Summary: summary, Remedy: remedy}
}

// IsName tells whether a text can name a profile.
func IsName(text string) bool { return checkName("", text) == nil }

// checkProfileRef judges an entry of extends.
func checkProfileRef(text string) *diag.Problem {
	name, isFile := strings.CutSuffix(text, ".yaml")
	switch {
	case IsRelative(text) && isFile:
		return nil
	case IsRelative(text):
		return invalidName(diag.Quote(text)+" is not a profile file", "the names of profile files end in .yaml")
	case strings.HasPrefix(text, "/") || strings.HasPrefix(text, "~"):
		return invalidName("a profile is extended by name, or by a path from this file on",
			"write its name when it is in the search path, or ./file.yaml")
	case isFile:
		return invalidName(diag.Quote(text)+" is neither a name nor a relative path",
			"write "+diag.Escape(name)+" to search for it, ./"+diag.Escape(text)+" for the file beside this one")
	}
	return checkName("profile name", text)
}

// IsRelative tells whether an entry of extends is a path, not a name.
func IsRelative(ref string) bool {
	return strings.HasPrefix(ref, "./") || strings.HasPrefix(ref, "../")
}

// CheckEnvName judges the name of an environment variable; pattern allows
// one * at the end.
func CheckEnvName(text string, pattern bool) *diag.Problem {
	name := text
	if pattern {
		name = strings.TrimSuffix(text, "*")
	}
	for i := 0; i < len(name); i++ {
		if !isLetter(name[i]) && (i == 0 || !isDigit(name[i])) {
			p := diag.Invalid("a variable name", text, "names are made of letters, digits and _")
			if pattern {
				p.Remedy += ", with a * at the end for any rest"
			}
			p.From, p.To = i, i+1
			return p
		}
	}
	if text == "" {
		return diag.Invalid("a variable name", text, "")
	}
	return nil
}

// checkCapability returns the canonical name: lower case, no prefix.
func checkCapability(text string) (string, *diag.Problem) {
	if strings.EqualFold(text, "all") {
		return "all", nil
	}
	number, ok := caps.Number(text)
	if !ok {
		return "", diag.Unknown("capability", text, append(caps.Names(), "all"))
	}
	return caps.Name(number), nil
}

func checkSyscall(text string) *diag.Problem {
	if strings.HasPrefix(text, "@") {
		if seccomp.IsGroup(text) {
			return nil
		}
		return diag.Unknown("syscall group", text, seccomp.GroupNames())
	}
	if seccomp.IsSyscall(text) {
		return nil
	}
	p := diag.Unknown("syscall", text, seccomp.SyscallNames())
	if seccomp.IsGroup("@" + text) {
		p.Label = "did you mean " + diag.Quote("@"+text) + "?"
	}
	return p
}

func checkArch(text string) *diag.Problem {
	if slices.Contains(seccomp.ArchNames(), text) {
		return nil
	}
	p := diag.Unknown("architecture", text, seccomp.ArchNames())
	p.Remedy = "known are " + strings.Join(seccomp.ArchNames(), ", ")
	return p
}

// checkHostName judges a name for the jail itself (hostname(7)).
func checkHostName(text string) *diag.Problem {
	if len(text) > 64 || !IsDomain(text) || strings.Contains(text, "_") {
		return diag.Invalid("a host name", text, "labels of letters, digits and - with dots between them, at most 64 bytes")
	}
	return nil
}

// indexOther is the offset of the first character that is neither a letter, a
// digit or _ nor one of more, -1 when there is none.
func indexOther(text, more string) int {
	for i := 0; i < len(text); i++ {
		if c := text[i]; !isLetter(c) && !isDigit(c) && strings.IndexByte(more, c) < 0 {
			return i
		}
	}
	return -1
}

func isLetter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

const digits = "0123456789"
