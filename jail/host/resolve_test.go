package host_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/jailtest"
)

// TestResolveAgreesWithKernel compares the resolver with the kernel on
// random forests of directories, files and links, dangling and circular ones
// included.
func TestResolveAgreesWithKernel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	links := 0
	for range 60 {
		root, err := filepath.EvalSymlinks(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		paths := growForest(t, rng, root)
		r := host.NewResolver(host.OSFiles{})
		for _, p := range paths {
			got := r.Resolve(p)
			want, err := filepath.EvalSymlinks(p)
			switch {
			case err != nil && got.Kind != host.KindMissing:
				t.Errorf("%s: resolved to %s, the kernel says %v", p, got.Real, err)
			case err == nil && (got.Real != want || got.Kind == host.KindMissing || got.Kind == host.KindLink):
				t.Errorf("%s: resolved to %s (%d), the kernel says %s", p, got.Real, got.Kind, want)
			}
			links += len(got.Links)
		}
	}
	if links < 500 {
		t.Errorf("only %d links were followed: the forests are too tame", links)
	}
}

// TestLeftAgain: a directory that the text of a link goes into and leaves by ".." decides
// where the link leads, and is listed; those around the link itself are not.
func TestLeftAgain(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"a/b", "d/e", "w"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"w/one": "../a/b/../../d", "w/two": "../d", "w/three": "one/../a", "w/four": root + "/w/../d", "w/five": "../none/../d"} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"one": "w/one/ a/b a >d", "two": "w/two/ >d", "three": "w/three/ w/one/ a/b a d >a", "four": "w/four/ >d", "five": "w/five/ >none",
	} {
		at := host.NewResolver(host.OSFiles{}).Resolve(filepath.Join(root, "w", name))
		got := ""
		for _, l := range at.Links {
			got += strings.TrimPrefix(l.Path, root+"/")
			if !l.IsDir() {
				got += "/"
			}
			got += " "
		}
		if got += ">" + strings.TrimPrefix(at.Real, root+"/"); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func growForest(t *testing.T, rng *rand.Rand, root string) []string {
	t.Helper()
	dirs, all := []string{root}, []string{}
	for range 40 {
		dir := dirs[rng.IntN(len(dirs))]
		p := filepath.Join(dir, string(rune('a'+rng.IntN(12))))
		var err error
		switch rng.IntN(4) {
		case 0:
			if err = os.Mkdir(p, 0o755); err == nil {
				dirs = append(dirs, p)
			}
		case 1:
			err = os.WriteFile(p, nil, 0o644)
		default:
			err = os.Symlink(randomTarget(rng, root, all), p)
		}
		if err == nil {
			all = append(all, p, filepath.Join(p, "a"), filepath.Join(p, "b", "a"))
		}
	}
	return all
}

func randomTarget(rng *rand.Rand, root string, all []string) string {
	relative := []string{"a", "b", "../a", "../../b", ".", "..", "a/../b", "./c/./d", "a//b", "e/"}
	switch n := rng.IntN(3); {
	case n == 0 && len(all) > 0:
		return all[rng.IntN(len(all))]
	case n == 1:
		return root + "/" + relative[rng.IntN(len(relative))]
	default:
		return relative[rng.IntN(len(relative))]
	}
}

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		path, dir string
		want      bool
	}{
		{"/home/u", "/home/u", true},
		{"/home/u/x", "/home/u", true},
		{"/home/u2", "/home/u", false},
		{"/home", "/home/u", false},
		{"/x", "/", true},
		{"/", "/", true},
	} {
		if got := host.Within(c.path, c.dir); got != c.want {
			t.Errorf("within(%q, %q) = %v", c.path, c.dir, got)
		}
	}
}

func TestGlob(t *testing.T) {
	files := jailtest.Files{"/a/x1": "-", "/a/x2": "-", "/a/.x3": "-", "/b/x1/c": "-", "/a/[x]": "-"}
	for pattern, want := range map[string]int{
		"/a/x*": 2, "/a/*": 3, "/a/.*": 1, "/*/x1": 2, "/*/*/c": 1, `/a/\[x\]`: 1, "/none/*": 0, "/a/x?": 2, "/b/x1/[a-c]": 1,
	} {
		if got := host.NewResolver(files).Glob(pattern); len(got) != want {
			t.Errorf("%s matches %v, want %d", pattern, got, want)
		}
	}
}
