package compile

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jail-project/jail/landlock"
)

// randomCase is a tree of files, a profile about some of them, and operations
// on them.
type randomCase struct {
	bench   *bench
	files   []string // relative to the top
	dirs    []string
	profile string
	ops     []string
}

func newRandomCase(t *testing.T, r *rand.Rand) *randomCase {
	t.Helper()
	g := &randomCase{bench: newBench(t), dirs: []string{""}}
	for i := range 8 {
		parent := g.dirs[r.IntN(len(g.dirs))]
		if name := filepath.Join(parent, fmt.Sprintf("d%d", i)); r.IntN(2) == 0 {
			g.dirs = append(g.dirs, name)
		} else {
			g.files = append(g.files, name)
		}
	}
	g.rules(r)
	for range 60 {
		g.ops = append(g.ops, g.operation(r))
	}
	k := &g.bench.h.Kernel
	k.Landlock = 2 + landlock.ABI(r.IntN(int(landlock.Newest)-1)) // 1 forbids what mounts allow
	k.DetachedTree = k.DetachedTree && r.IntN(2) == 0
	return g
}

// top is where the tree is.
func (g *randomCase) top() string { return g.bench.path("tree") }

func (g *randomCase) rules(r *rand.Rand) {
	lists := map[string][]string{}
	add := func(name string, dir bool) {
		kinds := []string{"read", "write", "write", "hide"}
		if dir {
			kinds = append(kinds, "tmpfs", "overlay")
		}
		kind := kinds[r.IntN(len(kinds))]
		entry := filepath.Join(g.top(), name)
		if kind == "overlay" {
			entry = "{path: " + entry + ", changes: discard}"
		}
		lists[kind] = append(lists[kind], entry)
	}
	for _, d := range g.dirs {
		if d == "" || r.IntN(3) == 0 {
			add(d, true)
		}
	}
	for _, f := range g.files {
		if r.IntN(3) == 0 {
			add(f, false)
		}
	}
	whole := ""
	if r.IntN(4) == 0 {
		whole = "/"
	}
	g.profile = g.bench.rules(whole, strings.Join(lists["write"], ", "))
	g.profile = strings.Replace(g.profile, "read: [", "read: ["+strings.Join(append(lists["read"], ""), ", "), 1)
	g.profile = strings.Replace(g.profile, "tmpfs: [", "tmpfs: ["+strings.Join(append(lists["tmpfs"], ""), ", "), 1)
	g.profile = strings.Replace(g.profile, "environment:", "  hide: ["+strings.Join(lists["hide"], ", ")+"]\n"+
		"  overlay: ["+strings.Join(lists["overlay"], ", ")+"]\nenvironment:", 1)
}

// operation is one of the probe's, on names that exist or do not.
func (g *randomCase) operation(r *rand.Rand) string {
	name := func() string {
		all := append(append([]string{}, g.files...), g.dirs[1:]...)
		switch {
		case len(all) == 0 || r.IntN(3) == 0:
			return filepath.Join(g.top(), g.dirs[r.IntN(len(g.dirs))], fmt.Sprintf("n%d", r.IntN(4)))
		case r.IntN(8) == 0:
			return fmt.Sprintf("/var/n%d", r.IntN(4))
		case r.IntN(12) == 0:
			return []string{"/dev/null", "/dev/shm/x", "/proc/self/comm", "/proc/self/oom_score_adj", "/etc/passwd"}[r.IntN(5)]
		}
		return filepath.Join(g.top(), all[r.IntN(len(all))])
	}
	verbs := []string{
		"read", "list", "write", "both", "empty", "truncate", "create", "create", "mkdir", "mkdir", "fifo", "socket", "symlink",
		"rename", "rename", "rename", "exchange", "link", "link", "unlink", "rmdir", "chmod", "utime", "stat", "unnamed", "ioctl",
	}
	verb := verbs[r.IntN(len(verbs))]
	switch verb {
	case "rename", "exchange", "link":
		return verb + " " + name() + " " + name()
	case "unnamed":
		return verb + " " + filepath.Join(g.top(), g.dirs[r.IntN(len(g.dirs))]) + " " + name()
	}
	target := name()
	for (verb == "chmod" || verb == "utime") && strings.HasPrefix(target, "/dev/null") {
		target = name() // the host's own, which root would really change
	}
	return verb + " " + target
}

func (g *randomCase) argv() []string {
	exe, err := os.Executable()
	if err != nil {
		g.bench.t.Fatal(err)
	}
	return append([]string{exe}, g.ops...)
}

// plant makes the tree, anew if it is there.
func (g *randomCase) plant() {
	t := g.bench.t
	if err := os.RemoveAll(g.top()); err != nil {
		t.Fatal(err)
	}
	for _, d := range g.dirs {
		if err := os.MkdirAll(filepath.Join(g.top(), d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range g.files {
		g.bench.write(filepath.Join("tree", f), f)
	}
}

// tree lists what there is on the host.
func (g *randomCase) tree() string {
	var b strings.Builder
	err := filepath.WalkDir(g.top(), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		text := ""
		if d.Type().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text = string(data)
		}
		info, err := d.Info()
		fmt.Fprintf(&b, "%s %v %q\n", path, info.Mode(), text)
		return err
	})
	if err != nil {
		g.bench.t.Fatal(err)
	}
	return b.String()
}
