// Package flags gives the flags of jail that are about a profile their meaning: as the
// last layer of the policy, in which every value has its place on the command line.
package flags

import (
	"strings"

	"github.com/jail-project/jail/diag"
)

// Line is a command line: all its arguments, and which place in messages an
// argument has from one of its bytes on.
type Line struct {
	Args []string
	At   func(arg, skip int) diag.Range
}

// Policy are the flags that choose a profile and add to it. Kong checks
// them and makes the help of them; the last layer of the policy is made from
// the arguments themselves, which still have places. See Settings.
type Policy struct {
	Profile string   `group:"Profile" placeholder:"NAME|FILE" help:"The profile: a name, or a file when it has a / or ends in .yaml. Without it, the profile named like the program, or listing it."`
	Set     []string `group:"Profile" sep:"none" placeholder:"KEY=VALUE" help:"Set any key of the profile language (--set limits.cpu=150%); a value for a list is added to it."`
	Replace []string `group:"Profile" sep:"none" placeholder:"KEY" help:"Forget what the profile lists under a key, such as filesystem.write."`

	Read    []string `group:"Files" sep:"none" placeholder:"PATH" help:"Make a path visible, read-only."`
	Write   []string `group:"Files" sep:"none" placeholder:"PATH" help:"Make a path visible and writable. PATH,create=directory makes it when it is missing."`
	Hide    []string `group:"Files" sep:"none" placeholder:"PATH" help:"Hide a path."`
	Tmpfs   []string `group:"Files" sep:"none" placeholder:"PATH" help:"Put an empty directory in memory at a path. PATH,size=512M,mode=1777 says how."`
	Overlay []string `group:"Files" sep:"none" placeholder:"PATH" help:"Let changes below a path vanish with the jail, or be kept: PATH,keep=DIR."`
	Home    string   `group:"Files" placeholder:"KIND" help:"The home directory: host, private (kept for the profile) or empty."`
	Root    string   `group:"Files" placeholder:"DIR" help:"A directory that holds the root file system."`

	Env          []string `group:"Program" sep:"none" placeholder:"NAME[=VALUE]" help:"Pass an environment variable on, or set it."`
	User         string   `group:"Program" placeholder:"WHO" help:"The user inside: keep, root, nobody or a uid."`
	Groups       string   `group:"Program" placeholder:"USE" help:"Your supplementary groups: masked, keep or dropped."`
	KeepCap      []string `group:"Program" sep:"none" placeholder:"CAP" help:"Keep a capability."`
	DropCap      []string `group:"Program" sep:"none" placeholder:"CAP" help:"Drop a capability that the profile keeps."`
	AllowSyscall []string `group:"Program" sep:"none" placeholder:"NAME" help:"Allow a syscall or a @group."`
	DenySyscall  []string `group:"Program" sep:"none" placeholder:"NAME" help:"Deny a syscall or a @group."`

	Network      string   `group:"Surroundings" placeholder:"MODE" help:"The network: none, host, filtered, nat, or namespace:NAME for one that others made; NAME can be a path."`
	Allow        []string `group:"Surroundings" sep:"none" placeholder:"HOST[:PORT]" help:"Let the network reach a host, and filter it: none but hosts that are allowed. HOST is a name, *.DOMAIN, *, an address, a network, @local or @host."`
	Deny         []string `group:"Surroundings" sep:"none" placeholder:"HOST[:PORT]" help:"Keep a host out of reach of a filtered network."`
	Publish      []string `group:"Surroundings" sep:"none" placeholder:"[ADDRESS:]PORT:PORT" help:"Lead a port of the host, at 127.0.0.1 unless an address is given, to a port of the jail."`
	Join         string   `group:"Surroundings" placeholder:"GROUP" help:"Have the network in common with other jails of that group."`
	X11          string   `group:"Surroundings" name:"x11" placeholder:"MODE" help:"The X server: none, auto, filtered (the host's, by a filter that shows the program its own windows only), xephyr, xwayland or xvfb (one of its own), untrusted or host."`
	Wayland      string   `group:"Surroundings" name:"wayland" placeholder:"MODE" help:"The Wayland compositor: none, auto, strict (it is told of the sandbox) or host."`
	Hostname     string   `group:"Surroundings" placeholder:"NAME" help:"The host name inside."`
	Share        []string `group:"Surroundings" sep:"none" placeholder:"NAMESPACE" help:"Share a namespace with the host: pid, ipc, uts or cgroup."`
	Landlock     string   `group:"Surroundings" placeholder:"USE" help:"Landlock, the second guard on files: required, optional or off."`
	NestedUserns bool     `group:"Surroundings" help:"Let the program make user namespaces of its own."`

	Memory    string `group:"Limits" placeholder:"SIZE" help:"The most memory of the whole jail, such as 2G."`
	CPU       string `group:"Limits" name:"cpu" placeholder:"PERCENT" help:"The most processor time of the whole jail: 150% is one and a half processors."`
	Time      string `group:"Limits" placeholder:"DURATION" help:"End the jail after a time, such as 90s or 1h30m."`
	Processes string `group:"Limits" placeholder:"N" help:"The most processes and threads."`
	OpenFiles string `group:"Limits" placeholder:"N" help:"The most open files of a process."`
	FileSize  string `group:"Limits" placeholder:"SIZE" help:"The largest file that can be written, such as 2G."`
}

// flagKind says how the value of a flag becomes a value of the profile.
type flagKind int

const (
	flagText      flagKind = iota // as it is
	flagPath                      // a path with further keys behind commas
	flagDirectory                 // a path alone
	flagVariable                  // NAME or NAME=VALUE
	flagBool                      // true when there is no value
	flagShare                     // the name of a namespace that is not to be made
	flagNetwork                   // a mode, or namespace:NAME
	flagSet                       // KEY=VALUE
	flagReplace                   // KEY
	flagOther                     // says nothing about the policy; has a value
	flagSwitch                    // likewise, without one
)

// meaning tells what a flag does to the policy. The second result is the key
// it is for, with dots.
func meaning(flag string) (flagKind, string) {
	switch flag {
	case "read", "write", "hide", "tmpfs", "overlay":
		return flagPath, "filesystem." + flag
	case "home":
		return flagText, "filesystem.home"
	case "root":
		return flagDirectory, "filesystem.root"
	case "env":
		return flagVariable, "environment"
	case "user", "groups", "hostname":
		return flagText, "identity." + flag
	case "keep-cap":
		return flagText, "capabilities.keep"
	case "drop-cap":
		return flagText, "capabilities.drop"
	case "allow-syscall":
		return flagText, "syscalls.allow"
	case "deny-syscall":
		return flagText, "syscalls.deny"
	case "network":
		return flagNetwork, "network"
	case "allow", "deny", "publish", "join":
		return flagText, "network." + flag
	case "x11", "wayland":
		return flagText, "display." + flag
	case "landlock":
		return flagText, "landlock.use"
	case "share":
		return flagShare, "namespaces"
	case "nested-userns":
		return flagBool, "namespaces.user"
	case "memory", "cpu", "time", "processes", "open-files", "file-size":
		return flagText, "limits." + flag
	case "set":
		return flagSet, ""
	case "replace":
		return flagReplace, ""
	case "profile":
		return flagOther, ""
	}
	return flagSwitch, ""
}

// Use is one flag of the command line, with the place of its value: byte
// skip of argument arg. A flag without a value has its own place.
type Use struct {
	Name      string
	value     string
	arg, skip int
	given     bool // there is a value
}

// span is the place of the bytes [from, to) of the value.
func (u *Use) span(c *Line, from, to int) diag.Range {
	at := c.At(u.arg, u.skip+from)
	if u.given && to < len(u.value) {
		at.End.Column = at.Start.Column + to - from
	}
	return at
}

// At is the place of the value.
func (u *Use) At(c *Line) diag.Range { return u.span(c, 0, len(u.value)) }

// Walk takes the arguments of a verb apart, which kong has found to be good:
// the flags, and the indices in the command line of what is not one. With
// leading set the flags end at the first argument that is not one.
func Walk(c *Line, args []string, leading bool) (uses []Use, others []int) {
	first := len(c.Args) - len(args)
	for i := 0; i < len(args); i++ {
		text, isFlag := strings.CutPrefix(args[i], "--")
		switch {
		case isFlag && text == "":
			for i++; i < len(args); i++ {
				others = append(others, first+i)
			}
		case !isFlag:
			others = append(others, first+i)
			if leading {
				return uses, others
			}
		default:
			u := Use{arg: first + i}
			u.Name, u.value, u.given = strings.Cut(text, "=")
			kind, _ := meaning(u.Name)
			switch {
			case u.given:
				u.skip = len("--") + len(u.Name) + len("=")
			case kind != flagBool && kind != flagSwitch && i+1 < len(args):
				i++
				u.value, u.given, u.arg = args[i], true, first+i
			}
			uses = append(uses, u)
		}
	}
	return uses, others
}

// Plainly reads the flags of run without kong, whose model of them takes a
// good part of the time of a launch. It returns false for everything out of
// the ordinary, which is kong's to explain: help, an unknown flag, a flag without its value,
// no program.
func Plainly(line *Line, args []string) (profile string, program []string, ok bool) {
	uses, others := Walk(line, args, true)
	for i := range uses {
		u := &uses[i]
		switch kind, _ := meaning(u.Name); {
		case kind == flagSwitch, kind == flagBool && u.given && u.value != "true" && u.value != "false":
			return "", nil, false
		case kind != flagBool && (!u.given || u.skip == 0 && strings.HasPrefix(u.value, "-")):
			return "", nil, false
		case u.Name == "profile":
			profile = u.value
		}
	}
	if len(others) == 0 {
		return "", nil, false
	}
	first := others[0]
	if strings.HasPrefix(line.Args[first], "-") && line.Args[first-1] != "--" {
		return "", nil, false
	}
	return profile, line.Args[first:], true
}
