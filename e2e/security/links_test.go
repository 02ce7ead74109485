package security

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/jail-project/jail/internal/testenv"
)

// steer are the targets that an earlier run could have left as links, each as
// seen from the granted directory.
func steer(s *scene) map[string]string {
	return map[string]string{
		"absolute": s.outside, "dots": "../../outside", "staging": "/oldroot" + s.outside, "newroot": "/newroot" + s.outside,
		"magic": "/proc/self/root" + s.outside, "descriptor": "/proc/self/fd/3/" + s.outside, "chain": s.Project + "/hop",
	}
}

// targets are profiles that have something mounted or made at a path.
func targets(way string) []string {
	return []string{
		"filesystem: {tmpfs: [{path: \"" + way + "\"}]}\n", "filesystem: {write: [{path: \"" + way + "/new\", create: directory}]}\n",
		"filesystem: {write: [{path: \"" + way + "\", create: file}]}\n", "filesystem: {hide: [\"" + way + "/secret\"]}\n",
	}
}

// planted puts a link at each component of every target in the granted
// directory: of a tmpfs, of a mask, of a created directory, of a bind. The
// tree outside must stay the same to the byte.
func planted(s *scene, a variant) *outcome {
	o := &outcome{parts: map[string]string{}, started: true}
	way := s.Project + "/a/b/c"
	plant := []string{"/bin/sh", "-c", `: >"$0/planted"; : >"$0"; true`, way}
	var launches [][]string
	switch a {
	case control:
		launches = [][]string{{"/bin/sh", "-c", `mkdir -p "$0/new" && : >"$0/planted"`, way}}
	case jailed, warm:
		// The cache entry of a launch is made before anything is planted.
		for _, text := range targets(way) {
			s.profile(text)
		}
		for _, text := range targets(way) {
			_ = os.RemoveAll(s.Project)
			s.Mkdir(filepath.Dir(way))
			if !strings.Contains(text, "create: file") {
				s.Write(way+"/secret", "nothing\n")
			}
			launches = append(launches, s.start(&row{profile: text}, a, plant...))
		}
	case bwrap:
		for _, more := range [][]string{{"--dir", way}, {"--tmpfs", way}, {"--bind", s.Project, way}} {
			launches = append(launches, append(append(s.start(&row{}, a), more...), plant...))
		}
	case firejail: // writing where its default lets one is not meant
		launches = [][]string{{"firejail", "--quiet", "--tmpfs=" + way, "true"}}
	}
	for name, target := range steer(s) {
		for _, at := range []string{"a", "a/b", "a/b/c"} {
			for _, line := range launches {
				_ = os.RemoveAll(s.Project)
				s.link(s.outside, s.Project+"/hop")
				s.link(target, filepath.Join(s.Project, at))
				before := tree(s, s.outside)
				s.run(line...)
				changed := tree(s, s.outside) != before
				o.set(name, changed || o.parts[name] == "open")
				if changed {
					_ = os.RemoveAll(s.outside)
					s.Write(s.outside+"/secret", s.Canary+"\n")
				}
			}
		}
	}
	return o
}

// exchanged launches with a source that another process exchanges for a link
// to what is outside, again and again. The secret must never be read, nor
// anything be made beside it.
func exchanged(s *scene, a variant) *outcome {
	launches := testenv.Rounds(40, 100)
	switch {
	case !a.inside():
		launches = 1000 // it ends with the first success
	case *long:
		launches = 500
	}
	source, other := s.Project+"/source", s.Project+"/other"
	s.Write(source+"/secret", "nothing\n")
	s.link(s.outside, other)
	r := &row{profile: "filesystem: {read: [\"{project}/source\"]}\n", edits: "links,window"}
	r.wide = r.profile + "landlock: off\n"
	argv := []string{"/bin/sh", "-c", `cat "$0/secret"; : >"$0/planted"`, source}
	var lines [][]string
	switch a {
	case jailed: // and once more with the window held open
		lines = [][]string{s.start(r, a, argv...)}
		if os.Getuid() != 0 {
			lines = append(lines, s.start(&row{profile: r.profile, edits: "window"}, negative, argv...))
		}
	case bwrap:
		lines = [][]string{append([]string{
			"bwrap", "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
			"--unshare-all", "--bind", source, source,
		}, argv...)}
	case firejail:
		lines = [][]string{append([]string{"firejail", "--quiet", "--whitelist=" + source}, argv...)}
		launches = 10
	default:
		lines = [][]string{s.start(r, a, argv...)}
	}
	flip := s.command(testenv.ProbeBin, "flip", source, other)
	if err := flip.Start(); err != nil {
		s.T.Fatal(err)
	}
	s.keep = append(s.keep, flip)
	o := &outcome{parts: map[string]string{}, started: true}
	o.set("read", false)
	o.set("write", false)
	for _, line := range lines {
		s.race(o, a, launches, line)
	}
	s.entries = nil // one that was refused is compiled anew, and kept when that went well
	return o
}

// race launches many times and notes what came of it.
func (s *scene) race(o *outcome, a variant, launches int, line []string) {
	s.T.Helper()
	seen, made, refused, why := 0, 0, 0, ""
	for range launches {
		got := s.run(line...)
		if strings.Contains(got.stdout, s.Canary) {
			seen++
		}
		if got.status == 125 {
			refused++
			why = got.stderr
		}
		if _, err := os.Lstat(s.outside + "/planted"); err == nil {
			made++
			_ = os.Remove(s.outside + "/planted")
		}
		// What is to fail is shown by one success.
		if !a.inside() && seen > 0 && (made > 0 || a == negative) {
			break
		}
	}
	s.T.Logf("%s: at most %d launches, %d read the secret, %d wrote beside it, %d refused\n%s", a, launches, seen, made, refused, why)
	if a.inside() && refused == launches {
		s.T.Errorf("%s: every launch was refused, so this proves nothing\n%s", a, why)
	}
	if seen > 0 {
		o.set("read", true)
	}
	if made > 0 {
		o.set("write", true)
	}
}
