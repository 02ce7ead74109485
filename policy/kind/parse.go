package kind

import (
	"slices"
	"strconv"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/paths"
	"github.com/jail-project/jail/seccomp"
)

// Value is what a text means as a value of a kind.
type Value struct {
	Text string // as written, or canonical where a kind says so
	Key  string // paths, hosts and sockets, which have several spellings: what they are compared by
	Num  int64  // Bool, Int, Size, Percent, Duration (nanoseconds), Mode; of an Enum, which word
}

// Parse judges a text and gives its meaning. Words are the values of an Enum, or
// those that a kind takes beside its own.
func (k Kind) Parse(text string, words []string) (v Value, p *diag.Problem) {
	v.Text = text
	switch k {
	case Enum:
		v.Num, p = parseEnum(text, words)
	case Bool:
		if v.Text == "true" {
			v.Num = 1
		} else if v.Text != "false" {
			p = diag.Invalid("true or false", v.Text, "")
		}
	case Int:
		v.Num, p = parseCount(v.Text)
	case Size:
		v.Num, p = parseSize(v.Text)
	case Percent:
		v.Num, p = parsePercent(v.Text)
	case Duration:
		v.Num, p = parseDuration(v.Text)
	case Mode:
		v.Num, p = parseMode(v.Text)
	case UserName:
		p = parseUser(v.Text, words)
	case MachineID:
		p = checkMachineID(v.Text, words)
	case Capability:
		v.Text, p = checkCapability(v.Text)
	case ErrnoName:
		v.Num, p = parseErrno(v.Text)
	case RootDir:
		if v.Text != "host" {
			_, p = paths.Check(v.Text)
		}
	case HostPattern:
		v.Key, p = checkHostPattern(v.Text)
	case PathRef:
		v.Key, p = paths.Check(v.Text)
	case PathPattern:
		v.Key, p = paths.CheckPattern(v.Text)
	case SocketRef:
		v.Key, p = paths.CheckSocket(v.Text)
	case Port:
		if _, ok := parsePort(v.Text); !ok {
			p = diag.Invalid("a port", v.Text, "ports are numbers from 1 to 65535")
		}
	case GroupName:
		p = checkName("name of a group", v.Text)
	case PublishSpec:
		var spec Publish
		spec, p = ParsePublish(v.Text)
		v.Key = spec.Text // a later entry about a port of the host takes the place of this one
	default:
		p = k.checkName(v.Text, words)
	}
	return v, p
}

// checkName judges the kinds that are names of some sort.
func (k Kind) checkName(text string, words []string) (p *diag.Problem) {
	switch k {
	case ProfileName:
		p = checkName("profile name", text)
	case ProfileRef:
		p = checkProfileRef(text)
	case ProgramName:
		p = checkName("program name", text)
	case EnvPattern:
		p = CheckEnvName(text, true)
	case SyscallName:
		p = checkSyscall(text)
	case Arch:
		p = checkArch(text)
	case HostFile:
		p = checkHostFile(text)
	case NetNamespace:
		p = checkNetNamespace(text)
	case ConnectSpec:
		p = checkConnect(text)
	case BusName:
		p = checkBusName(text)
	case DeviceName:
		p = checkDevice(text, words)
	case HostName:
		p = checkHostName(text)
	case ScreenSize:
		p = checkScreenSize(text)
	}
	return p
}

func parseEnum(text string, words []string) (int64, *diag.Problem) {
	if i := slices.Index(words, text); i >= 0 {
		return int64(i), nil
	}
	p := diag.Unknown("value", text, words)
	p.Remedy = "it takes " + diag.OrList(words)
	return 0, p
}

func parseErrno(text string) (int64, *diag.Problem) {
	if number, ok := seccomp.ErrnoNumber(text); ok {
		return int64(number), nil
	}
	number, p := parseCount(text)
	if p != nil || number > 4095 {
		return 0, &diag.Problem{
			Code: "unknown-errno", Summary: "unknown error " + diag.Quote(text),
			Remedy: "write a name as in errno(3), such as EPERM, or a number from 1 to 4095",
		}
	}
	return number, nil
}

// ParseNumber reads a decimal or hexadecimal number or a constant of the
// kernel's headers.
func ParseNumber(text string) (uint64, *diag.Problem) {
	if text != "" && !isDigit(text[0]) {
		n, ok := seccomp.Constant(text)
		if !ok {
			p := diag.Unknown("constant", text, seccomp.ConstantNames())
			p.Remedy = "write a number, or a name of the kernel's headers such as AF_UNIX"
			return 0, p
		}
		return n, nil
	}
	n, err := strconv.ParseUint(text, 0, 64)
	if err != nil || strings.Contains(text, "_") || len(text) > 1 && text[0] == '0' && isDigit(text[1]) {
		return 0, diag.Invalid("a number", text, "write "+diag.Escape("42, 0x2a, or a name of the kernel's headers such as AF_UNIX"))
	}
	return n, nil
}
