package policy

import (
	"slices"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/node"
	"github.com/jail-project/jail/seccomp"
)

// scalar checks a single value against the kind of its key.
func (c *checker) scalar(n *node.Node, key *Key) (value, bool) {
	if !c.shaped(n, node.Scalar, key) || !c.untagged(n) {
		return value{}, false
	}
	v := value{node: n, text: n.Text}
	p := checkStyle(n, key)
	if p == nil {
		p = parseScalar(&v, key)
	}
	if p == nil && key.Kind != Text {
		p = c.checkProfileDir(n.Text)
	}
	if p != nil {
		c.fault(n, p)
		return value{}, false
	}
	return v, true
}

// checkProfileDir refuses the directory of a profile that has none.
func (c *checker) checkProfileDir(text string) *problem {
	const name = "${PROFILE_DIR}"
	from := strings.Index(text, name)
	if !c.noDir || from < 0 || from > 0 && text[from-1] == '$' {
		return nil
	}
	return &problem{
		code: "bad-variable", summary: "this profile has no directory, so " + name + " has no value",
		from: from, to: from + len(name),
	}
}

// parseScalar judges the text of v and fills in its number or its canonical
// spelling.
func parseScalar(v *value, key *Key) (p *problem) {
	switch key.Kind {
	case Enum:
		p = parseEnum(v, key)
	case Bool:
		if v.text == "true" {
			v.num = 1
		} else if v.text != "false" {
			p = invalid("true or false", v.text, "")
		}
	case Int:
		v.num, p = parseCount(v.text)
	case Size:
		v.num, p = parseSize(v.text)
	case Percent:
		v.num, p = parsePercent(v.text)
	case Duration:
		v.num, p = parseDuration(v.text)
	case Mode:
		v.num, p = parseMode(v.text)
	case UserName:
		p = parseUser(v.text, key.Enum)
	case MachineID:
		p = checkMachineID(v.text, key.Enum)
	case Capability:
		v.text, p = checkCapability(v.text)
	case ErrnoName:
		v.num, p = parseErrno(v.text)
	case RootDir:
		if v.text != "host" {
			_, p = checkPath(v.text, PathRef)
		}
	case HostPattern:
		v.key, p = checkHostPattern(v.text)
	case PathRef, PathPattern:
		v.key, p = checkPath(v.text, key.Kind)
	case SocketRef:
		v.key, p = checkSocket(v.text)
	default:
		p = checkNameKind(v.text, key)
	}
	return p
}

// checkNameKind judges the kinds that are names of some sort.
func checkNameKind(text string, key *Key) (p *problem) {
	switch key.Kind {
	case ProfileName:
		p = checkName("profile name", text)
	case ProfileRef:
		p = checkProfileRef(text)
	case ProgramName:
		p = checkName("program name", text)
	case EnvPattern:
		p = checkEnvName(text, true)
	case SyscallName:
		p = checkSyscall(text)
	case Arch:
		p = checkArch(text)
	case PublishSpec:
		p = checkPublish(text)
	case ConnectSpec:
		p = checkConnect(text)
	case BusName:
		p = checkBusName(text)
	case DeviceName:
		p = checkDevice(text, key.Enum)
	case HostName:
		p = checkHostName(text)
	}
	return p
}

func parseEnum(v *value, key *Key) *problem {
	for i, known := range key.Enum {
		if v.text == known {
			v.num = int64(i)
			return nil
		}
	}
	p := unknown("value", v.text, key.Enum)
	p.summary += " for " + key.path
	p.remedy = "it takes " + orList(key.Enum)
	return p
}

// orList writes "a, b or c".
func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

func parseErrno(text string) (int64, *problem) {
	if number, ok := seccomp.ErrnoNumber(text); ok {
		return int64(number), nil
	}
	number, p := parseCount(text)
	if p != nil || number > 4095 {
		return 0, &problem{
			code: "unknown-errno", summary: "unknown error " + diag.Quote(text),
			remedy: "write a name as in errno(3), such as EPERM, or a number from 1 to 4095",
		}
	}
	return number, nil
}

// checkStyle refuses plain scalars that mean one thing to jail and another
// to other readers of YAML: yes and no, 0755, 22:22, dates.
func checkStyle(n *node.Node, key *Key) *problem {
	if n.Style == node.Given || key.Kind == Enum && slices.Contains(key.Enum, n.Text) {
		return nil
	}
	numeric := key.Kind == Int || key.Kind == Size || key.Kind == Percent || key.Kind == Bool
	if n.Style == node.Quoted {
		if numeric && key.Kind != Size && key.Kind != Percent {
			return &problem{code: "wrong-type", summary: key.path + " must be " + key.expects() + ", and this is a text", remedy: "remove the quotes"}
		}
		return nil
	}
	quote := func(what string) *problem {
		return &problem{
			code: "ambiguous", summary: "plain " + diag.Escape(n.Text) + " is " + what + " to many readers of YAML",
			remedy: `write "` + diag.Escape(n.Text) + `" in quotes`,
		}
	}
	switch {
	case key.Kind == Mode:
		if strings.HasPrefix(n.Text, "0o") {
			return nil
		}
		p := quote("a decimal number or an octal one, depending on the reader")
		p.summary = "a plain " + diag.Escape(n.Text) + " is a decimal number to some readers of YAML and an octal one to others"
		return p
	case isPlainBool(n.Text) && key.Kind == Bool:
		p := invalid("true or false", n.Text, "")
		p.label = "write " + boolMeaning(n.Text)
		if n.Text == "true" || n.Text == "false" {
			return nil
		}
		return p
	case isPlainBool(n.Text):
		return quote("true or false")
	case numeric || key.Kind == Number || key.Kind == ErrnoName || key.Kind == UserName:
		return nil // their parsers take plain decimal numbers only
	case isPlainDecimal(n.Text) && (key.Kind == Text || key.Kind == ProgramName):
		return nil // read as a number it is still the same text
	case looksNumeric(n.Text):
		return quote("a number")
	}
	return nil
}

// isPlainBool reports whether YAML 1.1 or 1.2 reads the text as a truth.
func isPlainBool(text string) bool {
	switch strings.ToLower(text) {
	case "true", "false", "yes", "no", "on", "off", "y", "n":
		return true
	}
	return false
}

func boolMeaning(text string) string {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "y":
		return "true"
	}
	return "false"
}

func isPlainDecimal(text string) bool {
	if text == "" || text[0] == '0' && len(text) > 1 {
		return false
	}
	for i := 0; i < len(text); i++ {
		if !isDigit(text[i]) {
			return false
		}
	}
	return true
}

// looksNumeric reports whether some reader of YAML takes the text for a
// number, a time or a date: it is made of what numbers are made of.
func looksNumeric(text string) bool {
	rest := strings.TrimLeft(text, "+-")
	switch strings.ToLower(rest) {
	case ".inf", ".nan":
		return true
	}
	if rest == "" || !isDigit(rest[0]) && !(rest[0] == '.' && len(rest) > 1 && isDigit(rest[1])) {
		return false
	}
	if len(rest) > 1 && rest[0] == '0' && strings.IndexByte("xXoObB", rest[1]) >= 0 {
		return true
	}
	dots := 0
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '.':
			dots++
		case !isDigit(c) && strings.IndexByte("_:eE+-", c) < 0:
			return false
		}
	}
	return dots < 2 // an address has three
}
