package security

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jail-project/jail/internal/testenv"
)

func environmentRows() []row {
	return []row{
		{
			id: "E1", what: "variables with tokens", probe: []string{"variables"}, prepare: tokens, oracle: onlyTokens,
			off: "the list of variables that are kept", wide: "environment: {keep: [\"*\"]}\n",
		},
		{
			id: "E2", what: "variables that make loaders and interpreters run something", try: steered,
			noNegative: "nothing is loaded in the programs that are installed; the system's loader starts plain go build's before jail can do anything",
		},
		{
			id: "E4", what: "arguments that look like options or shell code", try: arguments,
			noControl: "it is about the launcher", noNegative: "arguments are never read by a shell", noPeers: "it is about the launcher",
		},
		{
			id: "E7", what: "a home directory that is not the caller's", try: homes,
			noControl: "it is about the launcher", noNegative: "the check is part of reading a profile", noPeers: "it is about the launcher",
		},
		{
			id: "E8", what: "arguments and variables of any size and content", try: sizes,
			noControl: "it is about the launcher", noNegative: "nothing guards them", noPeers: "it is about the launcher",
		},
		{id: "E9", what: "signals, umask and limits that are inherited", elsewhere: "TestE9"},
		{id: "E5", what: "programs started from desktop files", absent: "jail writes no desktop files yet"},
		{id: "E6", what: "file addresses among the arguments", absent: "`filesystem.arguments` is not there yet"},
	}
}

// tokens sets 300 variables.
func tokens(s *scene) {
	for _, name := range []string{
		"AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "LANGCHAIN_API_KEY", "OPENAI_API_KEY", "SECRET_TOKEN", "SSH_AUTH_SOCK", "BASH_ENV",
		"PYTHONPATH", "DBUS_SESSION_BUS_ADDRESS", "LANGX", "LCX_ALL", "HOMER", "PATHS", "PGPASSWORD", "VAULT_TOKEN", "KUBECONFIG",
	} {
		s.Env = append(s.Env, name+"="+s.Canary)
	}
	count := 284
	if s.variant == firejail {
		count = 200 // it refuses more than 256 altogether
	}
	for n := range count {
		s.Env = append(s.Env, fmt.Sprintf("SERVICE_%d_TOKEN=%s", n, s.Canary))
	}
}

// onlyTokens leaves the parts that hold the canary, under short names.
func onlyTokens(s *scene, o *outcome) {
	all := o.parts
	o.parts = map[string]string{}
	for name := range all {
		if variable, value, _ := strings.Cut(name, "="); value == s.Canary {
			o.parts[variable] = "open"
		}
	}
}

// steered points every variable that makes a program run or load something at
// files that leave a trace on the host. The launcher must not be led by them;
// what the program does with those that it gets is row E1.
func steered(s *scene, a variant) *outcome {
	trace := filepath.Join(s.Project, "trace")
	script := filepath.Join(s.Project, "bin", "script")
	s.Write(script, "#!/bin/sh\necho script >>'"+trace+"'\n")
	for _, name := range []string{"sh", "bwrap", "newuidmap", "newgidmap", "true", "getent", "ip"} {
		s.Write(filepath.Join(s.Project, "bin", name), "#!/bin/sh\necho "+name+" >>'"+trace+"'\nexec /bin/true\n")
	}
	_ = filepath.WalkDir(filepath.Join(s.Project, "bin"), func(path string, _ os.DirEntry, _ error) error { return os.Chmod(path, 0o755) })
	library := filepath.Join(s.Project, "trace.so")
	s.Write(s.Project+"/trace.c", `#include <stdio.h>
#include <unistd.h>
__attribute__((constructor)) static void f(void) {
	char program[4096] = "";
	FILE *trace = fopen("`+trace+`", "a");
	readlink("/proc/self/exe", program, sizeof program - 1);
	fprintf(trace, "%s\n", program);
	fclose(trace);
}
`)
	if o := s.run("gcc", "-shared", "-fPIC", "-o", library, s.Project+"/trace.c"); o.status != 0 {
		s.T.Fatal(o.output())
	}
	environment := s.Env
	s.Env = append(s.Env, "PATH="+filepath.Join(s.Project, "bin")+":/usr/bin:/bin")
	for _, name := range []string{"LD_PRELOAD", "LD_AUDIT"} {
		s.Env = append(s.Env, name+"="+library)
	}
	for _, name := range []string{"LD_LIBRARY_PATH", "GCONV_PATH", "LOCPATH", "PYTHONPATH", "NODE_PATH", "PERL5LIB", "TMPDIR", "XDG_DATA_DIRS"} {
		s.Env = append(s.Env, name+"="+filepath.Join(s.Project, "bin"))
	}
	for _, name := range []string{"BASH_ENV", "ENV", "PYTHONSTARTUP", "SHELL", "PAGER", "EDITOR"} {
		s.Env = append(s.Env, name+"="+script)
	}
	s.Env = append(s.Env, "IFS=/", "PS4=$("+script+")", "PERL5OPT=-Mtrace", "NODE_OPTIONS=--require "+script, "TZ="+script,
		"JAVA_TOOL_OPTIONS=-javaagent:"+library, "GODEBUG=gctrace=1,http2debug=2", "GOTRACEBACK=crash", "GOCOVERDIR="+s.Project)
	// The probe is static: what is loaded is loaded into the launcher. In the
	// control and for the peers it is a program like theirs.
	line := s.start(&row{}, a, testenv.ProbeBin, "variables")
	if a == control {
		line = []string{"/bin/bash", "-c", "true"}
	}
	o := s.run(line...)
	s.Env = environment
	o.parts, o.started = map[string]string{}, true
	o.set("something was run or loaded outside", len(loadedInto(s, trace)) > 0)
	made, _ := filepath.Glob(s.Project + "/cov*")
	o.set("a file of the runtime", len(made) > 0)
	return o
}

// loadedInto returns what left a trace. What plain go build makes is linked
// dynamically: there the caller's loader does what its variables say before jail begins,
// as in every such program, and in no other process.
func loadedInto(s *scene, trace string) []string {
	text, err := os.ReadFile(trace)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		s.T.Fatal(err)
	}
	return slices.DeleteFunc(strings.Split(strings.TrimSpace(string(text)), "\n"), func(program string) bool {
		return program == testenv.JailBin && !testenv.Static(s.T, program)
	})
}

// literal are arguments that a shell or a parser of options would take for
// something else.
var literal = []string{
	"--help", "-c", "--", "@@", "@@u", "-", "", " ", "a b", `"`, "'", "`id`", "$(id)", "$HOME", "a\nb", "a\tb", "\\", "%f", "%U", "*", "~", "\xff\xfe", "--read=/", "=",
}

func arguments(s *scene, a variant) *outcome {
	o := &outcome{parts: map[string]string{}, started: true}
	if !a.inside() {
		return o
	}
	launch := s.start(&row{}, a, testenv.ProbeBin, "arguments")
	program := len(launch) - 2
	lines := map[string][]string{"an argument": launch}
	if a != warm {
		lines["an argument after --"] = slices.Insert(slices.Clone(launch), program, "--")
	}
	if a == jailed { // a cache entry is of one line up to the program
		lines["an argument without a verb"] = slices.Delete(slices.Clone(launch), 1, 2)
	}
	for what, line := range lines {
		got := s.run(append(line, literal...)...)
		var seen []string
		for _, f := range got.fields("argument") {
			seen = append(seen, f[0])
		}
		var want []string
		for _, l := range literal {
			want = append(want, fmt.Sprintf("%x", l))
		}
		o.set(what, strings.Join(seen, ",") != strings.Join(want, ","))
		if o.parts[what] == "open" {
			s.T.Logf("%q: %s", line, got.output())
		}
	}
	// The program's name: a file called like an option.
	for _, name := range []string{"--help", "-c", "a b", "$(id)", "it's"} {
		data, err := os.ReadFile(testenv.ProbeBin)
		if err != nil {
			s.T.Fatal(err)
		}
		file := filepath.Join(s.Project, name)
		if err := os.WriteFile(file, data, 0o755); err != nil {
			s.T.Fatal(err)
		}
		got := s.run(s.start(&row{}, a, "./"+name, "arguments", "x")...)
		o.set("program "+name, got.status != 0 || len(got.fields("argument")) != 1)
	}
	return o
}

// homes: HOME decides what ~ is, so a jail refuses one that can't be, and
// takes one that is not there for nothing.
func homes(s *scene, a variant) *outcome {
	o := &outcome{parts: map[string]string{}, started: true}
	if !a.inside() {
		return o
	}
	s.link(s.outside, s.Root+"/linked")
	without := s.Env[1:]
	r := &row{profile: "filesystem: {read: [~/outside]}\n"}
	if a == entered {
		r.profile = "" // the home directory decides nothing any more
	}
	line := s.start(r, a, testenv.ProbeBin, "read", s.outside+"/secret", "/etc/shadow", "/root/.bashrc")
	for name, home := range map[string]string{
		"relative": "HOME=home", "dots": "HOME=" + s.Project + "/../outside/..", "another user's": "HOME=/root", "the root": "HOME=/", "empty": "HOME=",
		"unset": "",
	} {
		s.Env = append([]string{home}, without...)
		if home == "" {
			s.Env = without
		}
		got := s.run(line...)
		for _, part := range got.open() {
			// dots lead to the home by a longer way
			if name != "dots" {
				o.set(name+": "+part, true)
			}
		}
		o.set(name+": it ran or refused", got.status != 0 && got.status != 125)
	}
	return o
}

// sizes: what is passed on is passed on to the byte, or refused.
func sizes(s *scene, a variant) *outcome {
	o := &outcome{parts: map[string]string{}, started: true}
	if !a.inside() {
		return o
	}
	long := strings.Repeat("x", 120_000)
	s.Env = append(s.Env, "LC_LONG="+long, "LC_BYTES=\xff\xfe=\n", "=odd", "LC_TWICE=1", "LC_TWICE=2")
	got := s.run(append(s.start(&row{}, a, testenv.ProbeBin, "variables"), long)...)
	o.set("a long variable is changed", !strings.Contains(got.stdout, "LC_LONG="+long+"\t"))
	o.set("bytes are changed", !strings.Contains(got.stdout, "LC_BYTES=\xff\xfe=\n"))
	got = s.run(append(s.start(&row{}, a, testenv.ProbeBin, "arguments"), long)...)
	o.set("a long argument is changed", len(got.fields("argument")) != 1 || len(got.fields("argument")[0][0]) != 2*len(long))
	return o
}
