package security

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jail-project/jail/internal/testenv"
)

// The rows about profiles have no control: what is wrong with a profile can be
// wrong only where there is one. They count as open when the program ran.
const (
	aboutProfiles = "it is about profiles"
	goodRuns      = "the same profile without the mistake runs, in the same test"
	notKept       = "a launch that is refused leaves none"
	hasProfile    = "who enters reads no profile"
)

func policyRows() []row {
	about := func(id, what string, cases func(*scene) []policyCase) row {
		return row{
			id: id, what: what, noControl: aboutProfiles, noNegative: goodRuns, noPeers: aboutProfiles, noWarm: notKept, noEnter: hasProfile,
			try: func(s *scene, a variant) *outcome { return s.policies(a, cases(s)) },
		}
	}
	rows := []row{
		{id: "Y1", what: "protected paths that do not exist yet", elsewhere: "TestY1"},
		{
			id: "Y2", what: "what a rule hides below what others grant", probe: []string{"read", "{outside}/secret", "{outside}/deep/er/secret"},
			prepare: func(s *scene) { s.Write(s.outside+"/deep/er/secret", s.Canary) },
			profile: "filesystem: {hide: [\"{outside}/secret\", \"{outside}/deep/er\"], read: [\"{outside}\"], write: [\"{outside}/deep\"]}\n",
			off:     "the rules that hide", wide: "filesystem: {read: [\"{outside}\"], write: [\"{outside}/deep\"]}\n",
		},
		{id: "Y3", what: "protected paths by another name", elsewhere: "TestY3"},
		{id: "Y4", what: "protected paths whose parent is renamed", elsewhere: "TestY4"},
		about("Y6", "a profile that somebody else could have written, or that lies in the current directory", shadowing),
		about("Y7", "a profile with a mistake", mistakes),
		about("Y8", "an empty list, a null, and no list at all", emptiness),
		{
			id: "Y9", what: "profiles that include each other, deeply or in circles", elsewhere: "TestY9",
		},
		about("Y10", "names that begin like a granted one", prefixes),
		{id: "Y11", what: "a plan that is shown and another that is carried out", elsewhere: "TestY11"},
		about("Y12", "a work tree that tries to widen or replace the profile", workTree),
		{
			id: "Y13", what: "switches that turn protection off, in reach from inside", try: switches,
			noControl: aboutProfiles, noNegative: "there is no such switch", noPeers: aboutProfiles,
		},
		{id: "C1", what: "jail's own files, where they do not exist yet", elsewhere: "TestC1"},
		{
			id: "C2", what: "a cache that was changed", try: poisoned, noControl: "it is about the caches", noPeers: "it is about the caches",
			noNegative: "TestDamage and its kin change every byte of a cache entry",
			noWarm:     "the row itself begins with one", noEnter: "who enters reads no cache",
		},
		{id: "C3", what: "files that others run later", elsewhere: "TestC3"},
		{id: "C4", what: "hooks and settings of projects", elsewhere: "TestC4"},
		{id: "Y5", what: "`.git` as a file or a link", elsewhere: "TestY5"},
		sinkRow("C5", "services of the user's session, and what its menus start", sessionSinks),
		sinkRow("C6", "hooks and settings of coding agents", agentSinks),
		{id: "C7", what: "changed desktop files", absent: "jail writes none yet"},
		{id: "C8", what: "caches from which others execute", elsewhere: "TestC8"},
		{id: "C9", what: "an older and wider policy that comes to force again", elsewhere: "TestC9"},
		{id: "C10", what: "lists of what was used last", elsewhere: "TestHomes"},
	}
	return rows
}

// policyCase is a launch that must be refused, or must not give more than
// reading what the profile grants.
type policyCase struct {
	name    string
	profile string   // a whole profile
	args    []string // in place of it
	runs    bool     // it has to run; what it then reads of the canary is open
}

// policies launches each case. A case that is refused must not have run; one
// that runs must not read the secret.
func (s *scene) policies(a variant, cases []policyCase) *outcome {
	o := &outcome{parts: map[string]string{}, started: true}
	if !a.inside() {
		return o
	}
	for _, c := range cases {
		canary := filepath.Join(s.Project, "ran")
		_ = os.Remove(canary)
		args := c.args
		if c.profile != "" {
			name := filepath.Join(s.Root, "profiles", "case.yaml")
			s.Write(name, s.expand(c.profile))
			args = []string{"--profile", name}
		}
		line := append([]string{testenv.JailBin, "run"}, args...)
		got := s.run(append(line, "--read", testenv.BinDir, "--write", s.Project, "/bin/sh", "-c", ": >ran; cat "+s.outside+"/secret")...)
		_, err := os.Lstat(canary)
		ran := err == nil
		switch {
		case c.runs && !ran:
			s.T.Errorf("%s: did not run\n%s", c.name, got.output())
		case !c.runs && got.status != 125 && got.status != 126:
			s.T.Errorf("%s: exit status %d, want 125 or 126\n%s", c.name, got.status, got.output())
		}
		o.set(c.name, ran && !c.runs || strings.Contains(got.stdout, s.Canary))
	}
	return o
}

func shadowing(s *scene) []policyCase {
	wide := "extends: [default]\nfilesystem: {read: [\"{outside}\"]}\n"
	for _, name := range []string{"default.yaml", "sh.yaml", "profiles/default.yaml", ".jail.yaml", ".config/jail/profiles/default.yaml"} {
		s.Write(filepath.Join(s.Project, name), s.expand(wide))
	}
	open := filepath.Join(s.Root, "open")
	s.Write(open+"/wide.yaml", s.expand(wide))
	s.Write(s.Root+"/file.yaml", s.expand(wide))
	for name, mode := range map[string]os.FileMode{open: 0o777, s.Root + "/file.yaml": 0o666} {
		if err := os.Chmod(name, mode); err != nil {
			s.T.Fatal(err)
		}
	}
	return []policyCase{
		{name: "in the current directory", args: []string{"--profile", "default"}, runs: true},
		{name: "in a directory that others may write", args: []string{"--profile", open + "/wide.yaml"}},
		{name: "a file that others may write", args: []string{"--profile", s.Root + "/file.yaml"}},
		{name: "extends from there", profile: "extends: [\"" + open + "/wide.yaml\"]\n"},
	}
}

func mistakes(*scene) []policyCase {
	cases := []policyCase{{name: "no mistake", profile: "extends: [default]\n", runs: true}}
	for name, text := range map[string]string{
		"an unknown key": "filesystem: {raed: [/usr]}", "a key twice": "network: none\nnetwork: none", "a wrong type": "filesystem: /usr",
		"an unknown syscall": "syscalls: {deny: [ptrase]}", "an unknown capability": "capabilities: {drop: [net_rwa]}",
		"an unknown constant": "syscalls: {deny: [{name: socket, when: [{arg: 0, op: \"==\", value: AF_PAKCET}]}]}",
		"a bad unit":          "limits: {file-size: 5X}", "an unknown group": "filesystem: {hide: [\"@secrts\"]}", "an unknown variable": "filesystem: {read: [\"${HOEM}\"]}",
		"two documents": "network: none\n---\nnetwork: host", "an unknown mode": "network: filterd", "a tag": "network: !!python/none x", "a boolean of YAML 1.1": "namespaces: {pid: no}",
		"an unknown profile": "filesystem: {home: host}\nname: x\nextend: [default]", "a tab": "filesystem:\n\tread: [/usr]", "a bad operator": "syscalls: {deny: [{name: socket, when: [{arg: 0, op: \"=\", value: 1}]}]}",
	} {
		cases = append(cases, policyCase{name: name, profile: "extends: [default]\n" + text + "\n"})
	}
	return cases
}

func emptiness(*scene) []policyCase {
	return []policyCase{
		{name: "an empty list of files", profile: "extends: [default]\nfilesystem: {read: []}\n", runs: true},
		{name: "null", profile: "extends: [default]\nfilesystem: {read: null}\n"},
		{name: "nothing after the key", profile: "extends: [default]\nfilesystem:\n  read:\n"},
		{name: "an empty section", profile: "extends: [default]\nfilesystem: {}\n", runs: true},
		{name: "an empty network", profile: "extends: [default]\nnetwork: {}\n", runs: true},
		{name: "no calls", profile: "extends: [default]\nsyscalls: {allow: !replace []}\n"},
		{name: "no files", profile: "extends: [default]\nfilesystem: {read: !replace []}\n"},
		{name: "an empty file", profile: "\n"},
	}
}

func prefixes(s *scene) []policyCase {
	s.Write(s.Home+"/outside2/secret", "x")
	s.Env = append(s.Env, "LANGCHAIN_API_KEY="+s.Canary, "LANGX="+s.Canary)
	return []policyCase{
		{name: "a directory", profile: "extends: [default]\nfilesystem: {read: [\"{home}/outside2\", \"{home}/outs\"]}\n", runs: true},
		{name: "a pattern", profile: "extends: [default]\nfilesystem: {read: [\"{home}/outside?\"]}\n", runs: true},
		{name: "a longer path", profile: "extends: [default]\nfilesystem: {read: [\"{home}/outside/sec\"]}\n", runs: true},
	}
}

func workTree(s *scene) []policyCase {
	for _, name := range []string{".jail", ".jail.yaml", "jail.yaml", ".config/jail/profiles/default.yaml", "default.d/wide.yaml"} {
		s.Write(filepath.Join(s.Project, name), s.expand("filesystem: {read: [\"{outside}\"]}\n"))
	}
	s.Env = append(s.Env, "JAIL_PROFILE="+s.Project+"/jail.yaml", "JAIL_CONFIG="+s.Project)
	return []policyCase{
		{name: "files of the work tree", profile: "extends: [default]\n", runs: true},
		{name: "a broken profile", profile: "extends: [default]\nfilesystem: {read: [\n"},
	}
}

// switches sets what other tools take for "off", outside and inside.
func switches(s *scene, a variant) *outcome {
	o := &outcome{parts: map[string]string{}, started: true}
	if !a.inside() {
		return o
	}
	line := s.start(&row{}, a, testenv.ProbeBin, "read", s.outside+"/secret")
	for _, name := range []string{
		"JAIL", "JAIL_DISABLE", "JAIL_OFF", "NO_JAIL", "JAIL_DEBUG", "JAIL_UNSAFE", "NO_SANDBOX", "SANDBOX", "container", "JAIL_TEST_AS_ROOT", "FIREJAIL_TEST_ARGUMENTS",
		"JAIL_TEST_REQUIRE",
	} {
		environment := s.Env
		s.Env = append(s.Env, name+"=1")
		got := s.run(line...)
		s.Env = environment
		o.set(name, len(got.open()) > 0 || !got.started)
	}
	for _, flag := range []string{"--no-sandbox", "--unsafe", "--dangerously-skip", "--disable", "--off", "--best-effort"} {
		got := s.run(slices.Insert(slices.Clone(line), 2, flag)...)
		o.set(flag, got.started)
	}
	return o
}

// poisoned changes what launches left in the caches, in several ways, and
// launches again: always the jail of the profile must come of it.
func poisoned(s *scene, a variant) *outcome {
	o := &outcome{parts: map[string]string{}, started: true}
	if a != jailed {
		return o
	}
	// A filter of its own, so that one is compiled and kept.
	narrow := s.start(&row{profile: "syscalls: {deny: [mkdir]}\n"}, jailed, testenv.ProbeBin, "read", s.outside+"/secret", s.Project+"/../outside/secret")
	cache := filepath.Join(s.Home, ".cache", "jail")
	entries := func() (files []string) {
		_ = filepath.WalkDir(cache, func(path string, d os.DirEntry, _ error) error {
			if d != nil && d.Type().IsRegular() {
				files = append(files, path)
			}
			return nil
		})
		return files
	}
	launch := func(how string) {
		got := s.run(narrow...)
		o.set(how, len(got.open()) > 0 || !got.started)
	}
	launch("new")
	if len(entries()) == 0 {
		s.T.Error("nothing is in the cache, so this proves nothing")
	}
	change := func(how string, edit func(name string, data []byte) []byte) {
		for _, name := range entries() {
			data, err := os.ReadFile(name)
			if err != nil || len(data) == 0 {
				continue
			}
			if data = edit(name, data); data == nil {
				continue
			}
			if err := os.WriteFile(name, data, 0o600); err != nil {
				s.T.Fatal(err)
			}
		}
		launch(how)
	}
	change("a bit", func(_ string, data []byte) []byte { data[len(data)/2] ^= 4; return data })
	change("shorter", func(_ string, data []byte) []byte { return data[:len(data)/2] })
	change("empty", func(string, []byte) []byte { return []byte{} })
	change("zeros", func(_ string, data []byte) []byte { return make([]byte, len(data)) })
	change("writable by others", func(name string, data []byte) []byte { _ = os.Chmod(name, 0o666); return data })
	change("a link", func(name string, data []byte) []byte {
		other := filepath.Join(s.Project, "entry-"+filepath.Base(name))
		s.Write(other, string(data))
		_ = os.Remove(name)
		s.link(other, name)
		return nil
	})
	// The cache entry of a wider profile under the name of this one.
	wide := s.start(&row{profile: "filesystem: {read: [\"{outside}\"]}\n"}, jailed, testenv.ProbeBin, "read", s.outside+"/secret")
	before := map[string]bool{}
	_ = os.RemoveAll(cache)
	s.run(narrow...)
	for _, name := range entries() {
		before[name] = true
	}
	s.run(wide...)
	for _, name := range entries() {
		if before[name] {
			continue
		}
		data, _ := os.ReadFile(name)
		for old := range before {
			if filepath.Dir(old) == filepath.Dir(name) {
				_ = os.WriteFile(old, data, 0o600)
			}
		}
	}
	launch("another profile's cache entry")
	return o
}
