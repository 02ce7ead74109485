package security

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jail-project/jail/internal/testenv"
)

// anySocket switches the guard of Unix sockets off.
const anySocket = "sockets: [\"*\"]\n"

// allCalls switches the filter off by the language of profiles.
const allCalls = "syscalls: {default: allow, restrict-suid-sgid: false}\n"

// allABIs does so for 32-bit calls too.
const allABIs = "syscalls: {default: allow, restrict-suid-sgid: false, architectures: [native, x86]}\n"

func terminalRows() []row {
	const filter = "the session of its own and the syscall filter"
	return []row{
		{
			id: "T1", what: "typing commands into the caller's terminal (TIOCSTI)", tty: true, probe: []string{"tty"},
			off: filter, wide: allCalls, edits: "setsid", twice: []string{"a terminal of /dev/pts", "/dev/tty"},
		},
		{
			id: "T2", what: "the same with bits set that the kernel ignores", tty: true, probe: []string{"tty-wide"},
			off: filter, wide: allCalls, edits: "setsid", twice: []string{"a terminal of /dev/pts", "/dev/tty"},
		},
		{
			id: "T3", what: "pasting into the console (TIOCLINUX)", tty: true, probe: []string{"tty-console"},
			off: "the syscall filter", wide: allCalls,
		},
		{
			id: "T4", what: "both through the calls of 32-bit programs", tty: true, probe: []string{"tty-80"},
			off: filter + ", for 32-bit calls too", wide: allABIs, edits: "setsid", twice: []string{"a terminal of /dev/pts", "/dev/tty"},
		},
		{id: "T5", what: "signals to the caller's process group and terminal", elsewhere: "TestT5"},
		{id: "T6", what: "a terminal left in another state", elsewhere: "TestT6"},
		{id: "T8", what: "other terminals of the user", elsewhere: "TestT8"},
		{
			id: "T7", what: "escape sequences in messages about names", try: messages,
			noNegative: "messages have no other form", noWarm: notKept,
		},
	}
}

// hostile are names that would drive a terminal.
var hostile = [...]string{"\x1b]52;c;cHduZWQ=\a", "\x9b2J", "a\rjail: ok", "\u202egnp.exe", "\u009b31m", "\x7f\x08"}

// messages has each launcher complain about hostile names; the control prints
// them as they are.
func messages(s *scene, a variant) *outcome {
	o := &outcome{parts: map[string]string{}, started: true}
	var id string
	if a == entered {
		id = s.running(s.start(&row{}, jailed, testenv.ProbeBin, "sleep")...)
	}
	for _, name := range hostile {
		lines := map[string][]string{}
		switch a {
		case control:
			lines["a message"] = []string{"/bin/echo", name}
		case jailed:
			lines["a program"] = []string{testenv.JailBin, "run", "--profile", "default", name}
			lines["a profile"] = []string{testenv.JailBin, "run", "--profile", name, "true"}
			lines["a path"] = []string{testenv.JailBin, "run", "--read", "/no/such/" + name, "true"}
			lines["a variable"] = []string{testenv.JailBin, "run", "--set", name, "true"}
			lines["a file"] = []string{testenv.JailBin, "check", s.Project + "/" + name + ".yaml"}
			lines["an explanation"] = []string{testenv.JailBin, "explain", "default", "/" + name}
			lines["a plan"] = []string{testenv.JailBin, "plan", "--profile", "default", "--read", s.Project, "/bin/echo", name}
			lines["data"] = []string{testenv.JailBin, "show", "--json", "--set", "description=" + name, "default"}
			s.Write(s.Project+"/"+name+".yaml", "description: \""+strings.ReplaceAll(strings.ToValidUTF8(name, "?"), "\x1b", "\\e")+"\"\nbad: 1\n")
		case entered:
			file := filepath.Join(s.Project, "p"+name)
			if err := os.Link(testenv.ProbeBin, file); err != nil {
				s.T.Fatal(err)
			}
			named := s.running(s.start(&row{}, jailed, file, "sleep")...)
			lines["a program to run inside"] = []string{testenv.JailBin, "enter", id, name}
			lines["a jail to enter"] = []string{testenv.JailBin, "enter", name, "true"}
			lines["a jail to stop"] = []string{testenv.JailBin, "stop", name}
			lines["a list of jails"] = []string{testenv.JailBin, "ps"}
			lines["a list of jails, as data"] = []string{testenv.JailBin, "ps", "--json"}
			lines["a jail looked into"] = []string{testenv.JailBin, "inspect", named}
		case bwrap:
			lines["a program"] = []string{"bwrap", "--ro-bind", "/", "/", name}
			lines["a path"] = []string{"bwrap", "--ro-bind", "/no/such/" + name, "/", "true"}
		case firejail:
			lines["a program"] = []string{"firejail", "--quiet", name}
			lines["a profile"] = []string{"firejail", "--profile=" + name, "true"}
		default:
			return o
		}
		for what, line := range lines {
			if got := s.run(line...); raw(got.output()) {
				o.parts[what] = "open"
			} else if o.parts[what] == "" {
				o.parts[what] = "closed"
			}
		}
	}
	return o
}

// raw tells whether a text could drive a terminal.
func raw(text string) bool {
	drives := func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
	}
	return slices.ContainsFunc([]rune(text), drives) || strings.Contains(text, "\x9b")
}
