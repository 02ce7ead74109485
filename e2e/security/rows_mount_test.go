package security

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jail-project/jail/internal/testenv"
)

func mountRows() []row {
	const mountsNothing = "who enters mounts nothing"
	return []row{
		{
			id: "M1", what: "links planted on the way to what is mounted", try: planted,
			noNegative: "links are resolved before anything is mounted; row M2 puts one there afterwards", noEnter: mountsNothing,
		},
		{
			id: "M1b", what: "ordinary links keep working", try: benign, noControl: "links work", noNegative: "nothing stops them", noPeers: "it is about links that work",
		},
		{
			id: "M2", what: "a source that is exchanged for a link while the jail starts", try: exchanged,
			off: "the flags that keep links in the way to a source from being followed, and Landlock, with the window held open", edits: "links,window",
			asRoot:  "sources are opened before there is a jail there",
			noEnter: mountsNothing,
			twice:   []string{"write"},
		},
		{
			id: "M3", what: "writing through what hides a path", probe: []string{"read", "{project}/hidden", "{project}/hidden-dir/inner"},
			prepare: hidden, profile: "filesystem: {hide: [\"{project}/hidden\", \"{project}/hidden-dir\"]}\n",
			off: "the rule that hides", wide: "environment: {}\n",
		},
		{id: "M4", what: "a terminal that is exchanged while the jail starts", absent: "no terminal is bound: a jail has its own `/dev/pts`"},
		{
			id: "M5", what: "other files in the place of `/proc`, into which the launcher writes", try: overProc,
			noControl: aboutProfiles, noNegative: goodRuns, noPeers: aboutProfiles, noWarm: notKept, noEnter: hasProfile,
		},
		{
			id: "M6", what: "mounts that come to the host later, or leave the jail", try: propagation,
			off: "private propagation", edits: "propagation",
		},
		{
			id: "M7", what: "file systems mounted below a read-only directory", try: below,
			off: "read-only mounts", edits: "attributes",
		},
		{
			id: "M8", what: "taking a mask off again", try: unmasked,
			noNegative: "the kernel locks mounts that come from another user namespace; the control takes its own mask off",
		},
		{
			id: "M13", what: "a granted path that vanished or was replaced", try: vanished,
			noControl: aboutProfiles, noNegative: goodRuns, noPeers: aboutProfiles, noEnter: mountsNothing,
		},
		{
			id: "M14", what: "names of profiles with `/`, `..`, control characters or a dash", try: names,
			noControl: aboutProfiles, noNegative: goodRuns, noPeers: aboutProfiles, noWarm: notKept, noEnter: hasProfile,
		},
		{
			id: "M15", what: "paths through `/proc/self/root` and its kin", try: magic,
			noControl: aboutProfiles, noNegative: goodRuns, noPeers: aboutProfiles, noWarm: notKept, noEnter: hasProfile,
		},
		{id: "M9", what: "directories that everybody can write, and files that disappear while a jail runs", elsewhere: "TestM9"},
		{id: "M12", what: "options about files that undo each other", elsewhere: "TestM12"},
		{id: "M10", what: "hard links to what is hidden", elsewhere: "TestM10"},
		{id: "M11", what: "a poisoned layer of an overlay", elsewhere: "TestKeepByPlantedLink"},
		{id: "M16", what: "names that differ in case only", elsewhere: "TestM16"},
		{
			id: "M17", what: "paths with commas, colons, backslashes and newlines", try: metacharacters,
			noControl: aboutProfiles, noNegative: goodRuns, noPeers: aboutProfiles, noEnter: mountsNothing,
		},
		{
			id: "M18", what: "setuid programs and devices on mounts", probe: []string{"mount-flags"},
			off: "the attributes of mounts", edits: "attributes", twice: []string{"a mount with devices"},
		},
		{
			id: "M19", what: "opening files by handle", probe: []string{"calls", "name_to_handle_at", "open_by_handle_at"},
			off: "the filter and the limit on user namespaces", wide: "syscalls: {default: allow}\nnamespaces: {user: true}\n",
		},
		{id: "M20", what: "a file system that does not answer", absent: "a granted FUSE mount that hangs makes the launch hang: interrupt it"},
	}
}

// tree describes a directory with all that is in it.
func tree(s *scene, root string) string {
	s.T.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		data := ""
		if d.Type().IsRegular() {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			data = string(text)
		}
		b.WriteString(path + " " + d.Type().String() + " " + data + "\n")
		return nil
	})
	if err != nil {
		s.T.Fatal(err)
	}
	return b.String()
}

// benign: links that lie where a program expects them lead on.
func benign(s *scene, a variant) *outcome {
	o := &outcome{parts: map[string]string{}, started: true}
	if !a.inside() {
		return o
	}
	s.Write(s.Project+"/data/file", s.Canary)
	s.link("data", s.Project+"/short")
	s.link(s.Project+"/data/file", s.Project+"/long")
	got := s.run(s.start(&row{profile: "filesystem: {read: [\"{project}/short\"]}\n"}, a, testenv.ProbeBin, "read",
		"short/file", "long", s.Project+"/short/file", "/bin/../bin/sh")...)
	o.set("a link is broken", len(got.open()) != 4)
	if open := got.open(); len(open) != 4 {
		s.T.Errorf("only %q can be read\n%s", open, got.output())
	}
	return o
}

// hidden makes what row M3 hides.
func hidden(s *scene) {
	s.Write(s.Project+"/hidden", s.Canary)
	s.Write(s.Project+"/hidden-dir/inner", s.Canary)
}

// ownMounts begins a command line that runs as root of a user namespace and in
// mounts of its own, in which it may mount what it likes. firejail, which is
// setuid, can't run there.
var ownMounts = []string{"unshare", "-Urm", "--propagation", "shared", "/bin/sh", "-c"}

// alone runs a script in such mounts, with a command line as its arguments.
func (s *scene) alone(script string, argv ...string) *outcome {
	return s.run(slices.Concat(ownMounts, []string{script, "sh"}, argv)...)
}

// startAlone is start for a line that runs in such mounts, after a script has
// made some. Who enters needs a jail there.
func (s *scene) startAlone(r *row, a variant, before, meanwhile string, argv ...string) (script string, line []string) {
	s.T.Helper()
	if a == entered {
		line = s.start(r, jailed, testenv.ProbeBin, "sleep")
		return before + `"$@" </dev/null >/dev/null & while id=$("$1" ps --names); [ -z "$id" ]; do sleep 0.02; done; ` + meanwhile +
			`"$1" enter "$id" ` + quoted(argv) + `; kill $!; wait $!`, line
	}
	s.through = slices.Concat(ownMounts, []string{`"$@"`, "sh"})
	return before, s.start(r, a, argv...)
}

// quoted writes words for a shell.
func quoted(words []string) string {
	var b strings.Builder
	for _, w := range words {
		b.WriteString(" '" + strings.ReplaceAll(w, "'", `'\''`) + "'")
	}
	return b.String()
}

// propagation mounts something below a granted directory while a jail runs.
func propagation(s *scene, a variant) *outcome {
	if a == firejail {
		return &outcome{parts: map[string]string{}}
	}
	s.Mkdir(s.Project + "/late")
	const before = `mount --bind "$PWD" "$PWD"; `
	late := `mount -t tmpfs none late; echo ` + s.Canary + ` >late/secret; `
	read := []string{testenv.ProbeBin, "read", "late/secret"}
	// The program waits until the mount is there, which waits for the program.
	if a != entered {
		read = []string{"/bin/sh", "-c", `: >up; read x; exec "$0" read late/secret`, testenv.ProbeBin}
	}
	script, line := s.startAlone(&row{edits: "propagation"}, a, before, late, read...)
	if a != entered {
		_ = os.Remove(s.Project + "/up") // of the launch that left the cache entry
		script += `( i=0; while [ ! -e up ] && [ $i -lt 1000 ]; do sleep 0.02; i=$((i+1)); done; ` + late + `echo go ) | "$@"`
	}
	o := s.alone(script, line...)
	texts := o.texts["late/secret"]
	o.parts = map[string]string{}
	o.set("a mount made later", strings.Contains(texts, s.Canary))
	return o
}

// below puts a file system below a directory that is granted for reading.
func below(s *scene, a variant) *outcome {
	if a == firejail {
		return &outcome{parts: map[string]string{}}
	}
	r := &row{profile: "filesystem: {read: [\"{outside}\"]}\n", edits: "attributes"}
	s.Mkdir(s.outside + "/mounted")
	before := `mount -t tmpfs none "` + s.outside + `/mounted"; `
	script, line := s.startAlone(r, a, before, "", testenv.ProbeBin, "write", s.outside+"/mounted/new", s.outside+"/plain")
	if a != entered {
		script += `"$@"`
	}
	o := s.alone(script+`; test -e "`+s.outside+`/mounted/new" && echo "made	yes"; true`, line...)
	plain := o.parts[s.outside+"/plain"]
	o.parts = map[string]string{}
	o.set("in the file system below", len(o.fields("made")) > 0)
	o.set("in the directory itself", plain == "open")
	return o
}

// unmasked: in the control the probe covers a file itself and takes that off.
func unmasked(s *scene, a variant) *outcome {
	hidden(s)
	mask := s.Project + "/hidden"
	r := &row{profile: "filesystem: {hide: [\"{project}/hidden\"]}\n"}
	argv := []string{testenv.ProbeBin, "unmask", mask, s.Project}
	switch a {
	case control:
		return s.alone(`: >../empty; mount --bind ../empty hidden; "$@"`, argv...)
	case bwrap:
		line := s.start(r, a)
		s.Write(s.Root+"/empty", "")
		return s.run(append(append(line, "--ro-bind", s.Root+"/empty", mask), argv...)...)
	case firejail:
		return s.run(append([]string{"firejail", "--quiet", "--blacklist=" + mask}, argv...)...)
	}
	return s.run(s.start(r, a, argv...)...)
}

// vanished: a path of the profile that goes away, or becomes a link, between
// two launches of one command line. A cache entry of the first must not serve.
func vanished(s *scene, a variant) *outcome {
	o := &outcome{parts: map[string]string{}, started: true}
	if !a.inside() {
		return o
	}
	granted := s.Home + "/granted"
	s.Write(granted+"/file", "fine\n")
	line := s.start(&row{profile: "filesystem: {read: [{path: \"" + granted + "\", required: true}]}\n"}, a, testenv.ProbeBin, "read", granted+"/file", granted+"/secret")
	first := s.run(line...)
	if first.parts[granted+"/file"] != "open" {
		s.T.Errorf("the good profile does not run\n%s", first.output())
	}
	s.run(line...)
	if err := os.Rename(granted, s.Home+"/away"); err != nil {
		s.T.Fatal(err)
	}
	got := s.run(line...)
	o.set("a path that is gone", got.started || got.status != 125)
	s.link(s.Home+"/away", granted)
	s.link(s.outside, s.Project+"/link")
	s.Write(granted+"/file", "fine\n")
	if got = s.run(line...); got.parts[granted+"/file"] != "open" {
		s.T.Errorf("a link made by the user outside of what the jail may write is followed, as ever\n%s", got.output())
	}
	// A link that the jail itself could have made leads nowhere.
	line = s.start(&row{profile: "filesystem: {read: [\"{project}/link\"]}\n"}, jailed, testenv.ProbeBin, "read", s.outside+"/secret", s.Project+"/link/secret")
	got = s.run(line...)
	o.set("a path that became a link", len(got.open()) > 0)
	return o
}

// odd are names that would lead out of a directory of profiles, or confuse a
// parser of options.
var odd = []string{"../wide", "..", ".", "a/../../wide", "x\ny", "\x1b[2J", "-x", "", "a b", strings.Repeat("x", 300), "/etc/passwd", "~", "${HOME}"}

func names(s *scene, a variant) *outcome {
	o := &outcome{parts: map[string]string{}, started: true}
	if !a.inside() {
		return o
	}
	s.Write(s.Home+"/.config/jail/wide.yaml", s.expand("extends: [default]\nfilesystem: {read: [\"{outside}\"]}\n"))
	s.Mkdir(s.Home + "/.config/jail/profiles")
	for _, name := range odd {
		got := s.run(testenv.JailBin, "run", "--profile="+name, testenv.ProbeBin, "read", s.outside+"/secret")
		o.set("--profile "+name, got.started || got.status != 125)
		file := filepath.Join(s.Root, "profiles", "named.yaml")
		s.Write(file, "extends: ["+quote(name)+"]\n")
		got = s.run(testenv.JailBin, "run", "--profile", file, testenv.ProbeBin, "read", s.outside+"/secret")
		o.set("extends "+name, got.started || got.status != 125)
	}
	return o
}

// magic are paths whose meaning depends on who follows them.
func magic(s *scene, a variant) *outcome {
	o := &outcome{parts: map[string]string{}, started: true}
	if !a.inside() {
		return o
	}
	for _, path := range []string{
		"/proc/self/root", "/proc/self/root" + s.outside, "/proc/1/cwd", "/proc/self/fd", "/proc/self/cwd", "/dev/fd/3", "/proc/thread-self/root", "/proc/self/exe", "/dev/stdin",
	} {
		for _, list := range []string{"read", "write", "hide", "tmpfs"} {
			got := s.run(s.start(&row{profile: "filesystem: {" + list + ": [" + quote(path) + "]}\n"}, jailed, testenv.ProbeBin, "read", s.outside+"/secret")...)
			// What is not there inside may be skipped; nothing may come of it.
			o.set(list+" "+path, got.started && list != "hide" || len(got.open()) > 0)
		}
	}
	return o
}

var metanames = []string{"a,b", "a:b", `a\b`, "a b", "a\tb", "a=b", `a"b`, "a'b", "a#b", "a\\054b", "\u00e9", "a\nb", "lowerdir=", "-o"}

// overProc puts something over what the launcher writes to.
func overProc(s *scene, a variant) *outcome {
	var cases []policyCase
	for _, path := range []string{"/proc", "/proc/sys", "/proc/sys/user", "/proc/self"} {
		for _, rule := range []string{"tmpfs: [" + path + "]", "write: [" + path + "]", "overlay: [{path: " + path + ", changes: discard}]"} {
			cases = append(cases, policyCase{name: rule, profile: "extends: [default]\nfilesystem: {" + rule + "}\n"})
		}
	}
	return s.policies(a, cases)
}

// metacharacters: names that mean something to mount(8), overlayfs or a shell
// are mounted as they are.
func metacharacters(s *scene, a variant) *outcome {
	o := &outcome{parts: map[string]string{}, started: true}
	if !a.inside() {
		return o
	}
	s.Write(filepath.Join(s.Home, "odd", "a")+"/file", "wrong\n")
	granting := func(list, dir string) *row {
		// A backslash in a path of a profile takes a meaning away.
		return &row{profile: "filesystem: {" + list + ": [{path: " + quote(strings.ReplaceAll(dir, "\\", "\\\\")) + "}]}\n"}
	}
	lists := []string{"read", "overlay", "write"}
	for _, name := range metanames {
		dir := filepath.Join(s.Home, "odd", name)
		s.Write(dir+"/file", "right\n")
		for _, list := range lists {
			s.profile(granting(list, dir).profile)
		}
	}
	for _, name := range metanames {
		for _, list := range lists {
			dir := filepath.Join(s.Home, "odd", name)
			got := s.run(s.start(granting(list, dir), a, testenv.ProbeBin, "read", dir+"/file")...)
			right := strings.Contains(got.stdout, "right")
			// Refusing a name that can't be had is fine.
			o.set(list+" "+name, got.started && !right)
			if !right && got.status != 125 {
				s.T.Errorf("%s %q: %s", list, name, got.output())
			}
		}
	}
	return o
}
