package filesystem

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// Whatever a profile says about paths, with a root of its own nothing of the host's is
// visible or changed, unless an entry says that it comes from there. The rules are made
// from a fixed seed: a failure names the number of its profile.
func TestNothingOfTheHostInARoot(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	const parts = 4 // each with a world of its own
	for part := range uint64(parts) {
		t.Run(fmt.Sprintf("part %d", part), func(t *testing.T) {
			t.Parallel()
			tryProfiles(t, part)
		})
	}
}

func tryProfiles(t *testing.T, part uint64) {
	t.Helper()
	w := newOwnRoot(t)
	w.Env = slices.DeleteFunc(w.Env, func(e string) bool { return strings.HasPrefix(e, "PATH=") })
	w.Env = append(w.Env, "PATH=/bin")
	elsewhere := w.elsewhere()
	for name, target := range map[string]string{
		"link-home": w.Home, "link-srv": w.srv + "/hosts-own", "link-up": "../../../../../../../../../.." + w.Home,
		"link-tmp": elsewhere[0], "srv/link": w.Root, "link-etc": "/etc", "link-loop": "link-loop",
	} {
		testenv.Must(t, os.Symlink(target, filepath.Join(w.tree, name)))
	}
	w.Mkdir(filepath.Join(w.tree, elsewhere[0]))
	prefix := w.mountedFrom()
	unchanged := w.hostUnchanged()
	elsewhereIs := make([]testenv.Snapshot, len(elsewhere))
	for i, dir := range elsewhere {
		elsewhereIs[i] = testenv.Snap(t, dir)
	}
	const profiles = 60
	refused, controls, seen := 0, 0, 0
	for n := range profiles {
		g := &rules{rand.New(rand.NewPCG(part, uint64(n))), w, elsewhere, nil}
		text := g.profile()
		r := w.look(text)
		switch {
		case strings.Contains(r.Output(), w.Canary):
			t.Errorf("profile %d shows a file of the host:\n%s\n%s", n, text, r.Output())
		case r.Status == 125, r.Status == 126:
			refused++ // by a rule, or since a rule hides the program
		case !strings.Contains(r.Stdout, "looked\n"):
			t.Errorf("profile %d: the script did not come to its end: exit status %d\n%s\n%s", n, r.Status, text, r.Output())
		}
		for _, m := range foreignMounts(r.Stdout, prefix) {
			t.Errorf("profile %d mounts something of the host's:\n%s\n%s", n, text, m)
		}
		// The control: the same profile and one entry that comes from the host.
		if n%8 == 0 && r.Status != 125 {
			controls++
			r := w.look(text, "--read", filepath.Join(w.srv, "data")+",from=host")
			if strings.Contains(r.Stdout, w.Canary) && len(foreignMounts(r.Stdout, prefix)) > 0 {
				seen++
			}
		}
		if t.Failed() {
			break
		}
	}
	if refused > profiles/2 {
		t.Errorf("%d of %d profiles were refused: they test little", refused, profiles)
	}
	// A few profiles hide what the control shows.
	if seen < controls*3/4 {
		t.Errorf("with an entry that comes from the host, %d of %d jails showed something of it", seen, controls)
	}
	t.Logf("%d profiles, %d refused; %d of %d controls", profiles, refused, seen, controls)
	unchanged()
	for _, s := range elsewhereIs {
		s.Unchanged(t)
	}
}

// elsewhere makes canaries in places of the host that have nothing to do with the home.
func (w *world) elsewhere() []string {
	w.T.Helper()
	places := []string{"/tmp", "/var/tmp"}
	if os.Getuid() == 0 {
		places = append(places, "/etc", "/srv", "/opt", "/usr/share")
	}
	var dirs []string
	for _, place := range places {
		dir, err := os.MkdirTemp(place, "jail-test-root-")
		testenv.Must(w.T, err)
		w.T.Cleanup(func() { testenv.RemoveAll(dir) })
		testenv.Must(w.T, os.Chmod(dir, 0o755))
		w.Write(filepath.Join(dir, "which"), w.Canary+"\n")
		dirs = append(dirs, dir)
	}
	return dirs
}

// look runs a script in a jail that reads and changes whatever it can, and prints its
// mounts.
func (w *world) look(profile string, flags ...string) *testenv.Result {
	w.T.Helper()
	name := w.Profile(profile)
	testenv.Must(w.T, os.Chmod(name, 0o644))
	script := `for d in /* /.[a-z]*; do
	case $d in /proc|/dev|/bin) ;; *) grep -rs '^canary-' "$d";; esac
done
for d in ` + strings.Join(append(slices.Clone(sharedDirsOf(w)), "/", "/tmp", "/etc", "/usr", w.Root, w.srv, w.srv+"/hosts-own"), " ") + `; do
	echo x >"$d/made"; echo x >>"$d/which"
done 2>/dev/null
cd ` + w.srv + ` && mkdir -p new ` + w.Home + `/new && rm -rf hosts-own ` + w.Home + `/.ssh/id_rsa
cat /proc/self/mountinfo
echo looked`
	return w.Jail(slices.Concat([]string{"run", "--profile", name}, flags, []string{"/bin/sh", "-c", script})...)
}

func sharedDirsOf(w *world) []string {
	var dirs []string
	for _, dir := range sharedDirs {
		dirs = append(dirs, filepath.Join(w.Root, dir))
	}
	return dirs
}

// mountedFrom is how the tree is called in the table of mounts: its device, and its path
// in that file system.
func (w *world) mountedFrom() (prefix [2]string) {
	w.T.Helper()
	longest := ""
	for line := range strings.Lines(string(testenv.ReadFile(w.T, "/proc/self/mountinfo"))) {
		f := strings.Fields(line)
		if rest, ok := strings.CutPrefix(w.tree, strings.TrimSuffix(f[4], "/")+"/"); ok && len(f[4]) >= len(longest) {
			longest, prefix = f[4], [2]string{f[2], filepath.Join(f[3], rest)}
		}
	}
	return prefix
}

// foreignMounts are the mounts of a table that show files outside the tree: they are
// neither made by jail nor below it.
func foreignMounts(text string, tree [2]string) (foreign []string) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 10 || f[2] != tree[0] {
			continue
		}
		if f[3] != tree[1] && !strings.HasPrefix(f[3], tree[1]+"/") && !strings.Contains(f[3], "/homes/") {
			foreign = append(foreign, line)
		}
	}
	return foreign
}

// rules makes profiles.
type rules struct {
	*rand.Rand
	w         *world
	elsewhere []string
	used      []string
}

// profile is a profile with a root of its own and some rules.
func (g *rules) profile() string {
	var b strings.Builder
	lists := map[string][]string{}
	for range 1 + g.IntN(6) {
		list := [...]string{"read", "read", "write", "write", "hide", "tmpfs", "overlay"}[g.IntN(7)]
		if entry, ok := g.entry(list); ok {
			lists[list] = append(lists[list], entry)
		}
	}
	root := [...]string{g.w.tree, g.w.tree, g.w.tree + "/.", "${HOME}/../tree"}[g.IntN(3)]
	fmt.Fprintf(&b, "extends: [%s]\nfilesystem:\n  root: %s\n", [...]string{"base", "cli", "default", "workdir"}[g.IntN(4)], root)
	if g.IntN(2) == 0 {
		fmt.Fprintf(&b, "  home: %s\n", [...]string{"host", "host", "private", "empty"}[g.IntN(4)])
	}
	if g.IntN(4) == 0 {
		b.WriteString("  startup: {automatic: report, tools: report}\n")
	}
	for _, list := range []string{"read", "write", "hide", "tmpfs", "overlay"} {
		if len(lists[list]) > 0 {
			fmt.Fprintf(&b, "  %s:\n    - %s\n", list, strings.Join(lists[list], "\n    - "))
		}
	}
	return b.String()
}

// entry is one entry of a list.
func (g *rules) entry(list string) (string, bool) {
	path := g.path(list == "read" || list == "write" || list == "hide")
	if slices.Contains(g.used, path) {
		return "", false
	}
	g.used = append(g.used, path)
	quoted := `"` + path + `"`
	switch {
	case list == "write" && !strings.ContainsAny(path, "*?@[") && g.IntN(3) == 0:
		return "{path: " + quoted + ", create: " + [...]string{"directory", "file"}[g.IntN(2)] + "}", true
	case list == "overlay" && g.IntN(2) == 0:
		return fmt.Sprintf("{path: %s, keep: %s/kept/%d}", quoted, g.w.Root, g.IntN(3)), true
	case list == "read" && g.IntN(6) == 0:
		return "{path: " + quoted + ", from: root}", true
	}
	return quoted, true
}

// path is a path of the tree, of the host, or of both.
func (g *rules) path(pattern bool) string {
	w := g.w
	plain := []string{
		"~", "${CWD}", "${HOME}/Documents", "~/Documents/diary.txt", "~/.bashrc", "~/.ssh", "~/.ssh/id_ed25519", "~/.config", "${XDG_CONFIG_HOME}/app",
		"${XDG_RUNTIME_DIR}", w.srv, w.srv + "/data", w.srv + "/data/which", w.srv + "/data/deep", w.srv + "/hosts-own", w.srv + "/hosts-own/which",
		w.srv + "/trees-own", w.Root, "/", "/etc", "/usr", "/tmp", "/home", "/srv", "/etc/passwd", "/etc/hosts", "/var", "/root",
		"/link-home", "/link-srv", "/link-up", "/link-tmp", "/srv/link", "/link-etc", "/link-loop", "/link-home/Documents", "/link-up/.ssh",
		w.tree, w.tree + w.srv, "${PROFILE_DIR}", "~/project/new", w.srv + "/made",
	}
	plain = append(plain, g.elsewhere...)
	if pattern && g.IntN(3) == 0 {
		patterns := []string{
			"~/*", "~/.*", "~/D*", "/*", "/link-*", "/etc/*", "/tmp/*", w.srv + "/*", w.srv + "/*/which", w.Root + "/*", "/link-*/*", "~/.[bs]*",
			"@secrets", "@startup", "/*/*", "/var/tmp/*/which", w.srv + "/hosts-?wn",
		}
		return patterns[g.IntN(len(patterns))]
	}
	return plain[g.IntN(len(plain))]
}
