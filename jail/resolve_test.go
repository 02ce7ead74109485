package jail

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
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
		r := newResolver(osFiles{})
		for _, p := range paths {
			got := r.resolve(p)
			want, err := filepath.EvalSymlinks(p)
			switch {
			case err != nil && got.kind != KindMissing:
				t.Errorf("%s: resolved to %s, the kernel says %v", p, got.real, err)
			case err == nil && (got.real != want || got.kind == KindMissing || got.kind == KindLink):
				t.Errorf("%s: resolved to %s (%d), the kernel says %s", p, got.real, got.kind, want)
			}
			links += len(got.links)
		}
	}
	if links < 500 {
		t.Errorf("only %d links were followed: the forests are too tame", links)
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
		if got := within(c.path, c.dir); got != c.want {
			t.Errorf("within(%q, %q) = %v", c.path, c.dir, got)
		}
	}
}

// folding is a tree in which names differ by case only in writing, but for those
// that are not valid UTF-8.
type folding struct{ fakeFiles }

func (f folding) Kind(path string) FileKind {
	for p := range f.fakeFiles {
		if p == path || utf8.ValidString(p) && strings.EqualFold(p, path) {
			return f.fakeFiles.Kind(p)
		}
	}
	return KindMissing
}

// TestFoldedNames looks up so many names that the directory is read, which
// must not make what is there in another spelling seem missing.
func TestFoldedNames(t *testing.T) {
	files := fakeFiles{"/": "", "/home": "", "/home/Secret": "-", "/home/.SSH": "", "/home/b\xff": "-", "/home/1": "-"}
	for range 20 { // entries are listed in no order
		folds, plain := newResolver(folding{files}), newResolver(files)
		for n := range 3 * firstAsked {
			if kind := folds.resolve("/home/none-" + strconv.Itoa(n)).kind; kind != KindMissing {
				t.Fatalf("an entry that is not there: %d", kind)
			}
			plain.resolve("/home/none-" + strconv.Itoa(n))
		}
		for name, want := range map[string]FileKind{"Secret": KindFile, "secret": KindFile, "SECRET": KindFile, ".ssh": KindDir, "B\xff": KindMissing} {
			if got := folds.resolve("/home/" + name).kind; got != want {
				t.Errorf("%s is %d, want %d", name, got, want)
			}
			if _, there := files["/home/"+name]; !there && plain.resolve("/home/"+name).kind != KindMissing {
				t.Errorf("%s is found where names are as they are written", name)
			}
		}
		if got := folds.glob("/home/s*"); !slices.Equal(got, []string{"/home/Secret"}) {
			t.Errorf("the pattern matches %q", got)
		}
		if got := plain.glob("/home/s*"); len(got) != 0 {
			t.Errorf("where names are as they are written, the pattern matches %q", got)
		}
	}
}

// TestFoldsUnsure: nothing tells whether a directory folds names, or only
// what could have been made for that.
func TestFoldsUnsure(t *testing.T) {
	for name, want := range map[string]bool{"1": false, "b\xff": true, "\u00e9": true} {
		r := newResolver(fakeFiles{"/d": "", "/d/" + name: "-"})
		if l := r.names("/d"); l.folds != want {
			t.Errorf("%q: %v, want %v", name, l.folds, want)
		}
	}
}

func TestGlob(t *testing.T) {
	files := fakeFiles{"/a/x1": "-", "/a/x2": "-", "/a/.x3": "-", "/b/x1/c": "-", "/a/[x]": "-"}
	for pattern, want := range map[string]int{
		"/a/x*": 2, "/a/*": 3, "/a/.*": 1, "/*/x1": 2, "/*/*/c": 1, `/a/\[x\]`: 1, "/none/*": 0, "/a/x?": 2, "/b/x1/[a-c]": 1,
	} {
		if got := newResolver(files).glob(pattern); len(got) != want {
			t.Errorf("%s matches %v, want %d", pattern, got, want)
		}
	}
}
