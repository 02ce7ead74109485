package security

import (
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
)

func otherRows() []row {
	const aFile = "it is about a file"
	rows := []row{
		{id: "S6", what: "threads without a filter", try: everyThread, off: "the syscall filter", edits: "filter", noControl: "without jail no thread has one"},
		{id: "S8", what: "files with the policy that the program could change", elsewhere: "TestRows/L4"},
		{id: "S9", what: "arguments that change while a call is judged", elsewhere: "TestS9"},
		{id: "S10", what: "a kernel that lacks a guard", elsewhere: "TestS10"},
		{id: "S11", what: "what Landlock does not stop", elsewhere: "TestS11"},
		{id: "S12", what: "TCP by ways that Landlock does not see", elsewhere: "TestS12"},
		{
			id: "S13", what: "credentials handed to the parent (KEYCTL_SESSION_TO_PARENT)", probe: []string{"credentials", "{outside}/secret"},
			off: "the filter and the rule that grants only the project", wide: "syscalls: {default: allow}\nfilesystem: {read: [\"{outside}\"]}\n",
			twice: []string{"KEYCTL_SESSION_TO_PARENT"},
		},
		{id: "S14", what: "executing in spite of `noexec`", absent: "no profile can say what may be executed: what can be read can be"},
		{
			id: "S15", what: "calls newer than jail: numbers to 600 give ENOSYS", try: unknownCalls, noControl: "this kernel has no such call yet",
			noNegative: "TestNumbersBeyondTheNames compares filters that let them through", noPeers: "they list what they refuse",
		},
		{
			id: "S16", what: "error numbers on which programs fall back", try: errnos,
			noControl: "it is about the filter", noNegative: "nothing is guarded", noPeers: "it is about the filter",
		},
		{
			id: "V3", what: "setuid bits, capabilities and libraries of the launcher", try: privilegedBinary,
			noControl: "it is about the launcher", noNegative: "there is nothing to switch off", noWarm: aFile, noEnter: aFile,
		},
		{
			id: "V8", what: "variables that steer the runtime of the launcher", try: steeredRuntime,
			noControl: "it is about the launcher", noNegative: "the variables are not read", noPeers: "they are not written in Go",
		},
		{id: "V1", what: "a control socket", absent: "there is none: registrations of jails are checked instead, see P4"},
		{id: "V2", what: "a launcher whose memory somebody inside controls", elsewhere: "TestV2"},
		{id: "V4", what: "parsers outside that read what a program inside chose", elsewhere: "TestV4"},
		{id: "V5", what: "profiles made to exhaust the parser", elsewhere: "FuzzLoad"},
		{id: "V6", what: "lengths and offsets that do not fit into 8, 16 or 17 bits", elsewhere: "TestV6"},
		{id: "V7", what: "profiles of the system that others than root could have written", elsewhere: "TestV7"},
		{id: "V9", what: "a log of what was denied", absent: "jail keeps none"},
	}
	return append(append(rows, networkRows()...), displayRows()...)
}

// displayRows are about X servers. What it takes to show them is in package e2e/display: a
// server of the tests' own, and real programs.
func displayRows() []row {
	return []row{
		{id: "X1", what: "the host's X server by its path, its abstract name, or TCP", elsewhere: "TestX1"},
		{id: "X2", what: "keys that are typed into other windows", elsewhere: "TestX2"},
		{id: "X3", what: "pictures of other windows", elsewhere: "TestX3"},
		{id: "X4", what: "the clipboard", elsewhere: "TestX4"},
		{id: "X5", what: "titles and properties of other windows", elsewhere: "TestX5"},
		{id: "X6", what: "grabs of keyboard, pointer and server", elsewhere: "TestAttacks"},
		{id: "X7", what: "input to other windows", elsewhere: "TestX7"},
		{id: "X8", what: "two jails on one X server", elsewhere: "TestX8"},
		{id: "X9", what: "a nested X server that was taken over", absent: "no display is one yet"},
		{id: "X10", what: "cookies of the host, and those that are to be untrusted", elsewhere: "TestX10"},
		{id: "X11", what: "requests and replies made to confuse the filter", elsewhere: "FuzzRequests"},
		{id: "X12", what: "privileged interfaces of Wayland", absent: "`display.wayland` is not there yet"},
	}
}

// everyThread looks at the state of each thread and of the init.
func everyThread(s *scene, a variant) *outcome {
	o := s.run(s.start(&row{edits: "filter"}, a, testenv.ProbeBin, "status")...)
	seen := 0
	for _, f := range o.fields("status") {
		// PID 1 has nothing but a loop around wait4, and no filter.
		if len(f) == 3 && f[1] == "Seccomp" && f[0] == "thread" {
			seen++
			o.set("a thread without a filter", f[2] != "2" || o.parts["a thread without a filter"] == "open")
		}
		if len(f) == 3 && f[1] == "NoNewPrivs" && a.inside() {
			o.set(f[0]+" without no_new_privs", f[2] != "1" || o.parts[f[0]+" without no_new_privs"] == "open")
		}
	}
	if seen < 4 {
		s.T.Errorf("%s: %d threads were seen, want 4\n%s", a, seen, o.output())
	}
	return o
}

// unknownCalls: what is beyond the names that jail knows looks like a kernel
// without it.
func unknownCalls(s *scene, a variant) *outcome {
	o := &outcome{parts: map[string]string{}, started: true}
	if !a.inside() {
		return o
	}
	got := s.run(s.start(&row{}, a, testenv.ProbeBin, "unknown", "480", "600")...)
	for _, f := range got.fields("number") {
		o.set("number "+f[0], f[1] != "ENOSYS")
	}
	if len(got.fields("number")) != 121 {
		s.T.Errorf("%d numbers were tried, want 121", len(got.fields("number")))
	}
	return o
}

// errnos: forbidden is EPERM, unknown is ENOSYS, and a family of sockets that
// is refused is one that the kernel lacks.
func errnos(s *scene, a variant) *outcome {
	o := &outcome{parts: map[string]string{}, started: true}
	if !a.inside() {
		return o
	}
	for _, c := range []struct {
		argv []string
		want map[string]string
	}{
		{[]string{"threads"}, map[string]string{"clone3": "ENOSYS"}},
		{[]string{"calls", "mount", "bpf", "setns"}, map[string]string{"mount": "EPERM", "bpf": "EPERM", "setns": "EPERM"}},
		{[]string{"protocols"}, map[string]string{"MPTCP": "EPROTONOSUPPORT", "netlink, route": "EAFNOSUPPORT"}},
	} {
		got := s.run(s.start(&row{}, a, append([]string{testenv.ProbeBin}, c.argv...)...)...)
		for name, want := range c.want {
			o.set(name, got.parts[name] != want)
		}
	}
	return o
}

// privilegedBinary looks at the program file of a launcher.
func privilegedBinary(s *scene, a variant) *outcome {
	file := map[variant]string{jailed: testenv.JailBin, bwrap: "/usr/bin/bwrap", firejail: "/usr/bin/firejail"}[a]
	o := &outcome{parts: map[string]string{}, started: true}
	if file == "" {
		return o
	}
	info, err := os.Stat(file)
	if err != nil {
		s.T.Fatal(err)
	}
	o.set("setuid", info.Mode()&(os.ModeSetuid|os.ModeSetgid) != 0)
	size, err := unix.Getxattr(file, "security.capability", nil)
	o.set("file capabilities", err == nil && size > 0)
	if a == jailed {
		for _, file := range testenv.JailFiles() {
			o.set("linked dynamically, not by plain go build: "+filepath.Base(file), testenv.WholeJail() != testenv.JailBin && !testenv.Static(s.T, file))
			o.set("libraries: "+filepath.Base(file), len(foreignLibraries(s, file)) > 0)
		}
	}
	return o
}

// foreignLibraries returns what a program loads besides the C library and libseccomp,
// and where it looks for them if the system's loader is told to look elsewhere.
func foreignLibraries(s *scene, file string) []string {
	program, err := elf.Open(file)
	if err != nil {
		s.T.Fatal(err)
	}
	defer program.Close()
	loaded, err := program.ImportedLibraries()
	if err != nil {
		s.T.Fatal(err)
	}
	loaded = slices.DeleteFunc(loaded, func(name string) bool { return name == "libc.so.6" || name == "libseccomp.so.2" })
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		places, err := program.DynString(tag)
		if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
			s.T.Fatal(err)
		}
		loaded = append(loaded, places...)
	}
	return loaded
}

// steeredRuntime: nothing is printed or written for these, and the program
// does not get them.
func steeredRuntime(s *scene, a variant) *outcome {
	o := &outcome{parts: map[string]string{}, started: true}
	if !a.inside() {
		return o
	}
	line := s.start(&row{}, a, testenv.ProbeBin, "variables")
	plain := s.run(line...)
	before, _ := filepath.Glob(s.Project + "/*")
	for _, e := range []string{
		"GOTRACEBACK=crash", "GOCOVERDIR=" + s.Project + "/cover", "PPROF=" + s.Project + "/pprof", "GODEBUG=execerrdot=0,panicnil=1",
		"GOMAXPROCS=1", "GOGC=1", "GOMEMLIMIT=1", "GORACE=log_path=" + s.Project + "/race",
	} {
		environment := s.Env
		s.Env = append(s.Env, e)
		got := s.run(line...)
		s.Env = environment
		name, _, _ := strings.Cut(e, "=")
		o.set(name, got.status != plain.status || got.stdout != plain.stdout || got.stderr != plain.stderr)
	}
	after, err := filepath.Glob(s.Project + "/*")
	o.set("a file", err != nil || !slices.Equal(before, after))
	return o
}
