package compile

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/jailtest"
)

// folding is a tree in which names differ by case only in writing, but for those
// that are not valid UTF-8.
type folding struct{ jailtest.Files }

// written finds a path as the tree has it, "" if it does not.
func (f folding) written(path string) string {
	for p := range f.Files {
		for ; p != "/"; p = host.Parent(p) {
			if p == path || utf8.ValidString(p) && strings.EqualFold(p, path) {
				return p
			}
		}
	}
	return ""
}

func (f folding) Kind(path string) host.FileKind {
	if p := f.written(path); p != "" {
		return f.Files.Kind(p)
	}
	return host.KindMissing
}

func (f folding) Kinds(path string, most int) map[string]host.FileKind {
	if p := f.written(path); p != "" {
		path = p
	}
	return f.Files.Kinds(path, most)
}

func (f folding) Same(a, b string) bool {
	return strings.EqualFold(a, b) && f.Kind(a) != host.KindMissing && f.Kind(b) != host.KindMissing
}

// TestFoldedNames looks up so many names that the directory is read, which
// must not make an entry seem missing that was asked for by an alias.
func TestFoldedNames(t *testing.T) {
	files := jailtest.Files{"/": "", "/home": "", "/home/Secret": "-", "/home/.SSH": "", "/home/b\xff": "-", "/home/1": "-"}
	for range 20 { // entries are listed in no order
		folds, plain := host.NewResolver(folding{files}), host.NewResolver(files)
		for n := range 3 * host.FirstAsked {
			if kind := folds.Resolve("/home/none-" + strconv.Itoa(n)).Kind; kind != host.KindMissing {
				t.Fatalf("an entry that is not there: %d", kind)
			}
			plain.Resolve("/home/none-" + strconv.Itoa(n))
		}
		for name, want := range map[string]host.FileKind{"Secret": host.KindFile, "secret": host.KindFile, "SECRET": host.KindFile, ".ssh": host.KindDir, "B\xff": host.KindMissing} {
			if got := folds.Resolve("/home/" + name).Kind; got != want {
				t.Errorf("%s is %d, want %d", name, got, want)
			}
			if _, there := files["/home/"+name]; !there && plain.Resolve("/home/"+name).Kind != host.KindMissing {
				t.Errorf("%s is found where names are as they are written", name)
			}
		}
		if got := folds.Glob("/home/s*"); !slices.Equal(got, []string{"/home/Secret"}) {
			t.Errorf("the pattern matches %q", got)
		}
		if got := plain.Glob("/home/s*"); len(got) != 0 {
			t.Errorf("where names are as they are written, the pattern matches %q", got)
		}
	}
}

// TestFoldsUnsure: nothing tells whether a directory folds names, or only
// what could have been made for that.
func TestFoldsUnsure(t *testing.T) {
	for name, want := range map[string]bool{"1": false, "b\xff": true, "\u00e9": true} {
		r := host.NewResolver(jailtest.Files{"/d": "", "/d/" + name: "-"})
		if l := r.Names("/d"); l.Folds != want {
			t.Errorf("%q: %v, want %v", name, l.Folds, want)
		}
	}
}

// normalizing is a tree in which names differ by case, but are found with their
// accents in one character as well.
type normalizing struct{ jailtest.Files }

func decomposed(path string) string {
	return strings.NewReplacer("\u00e9", "e\u0301", "K", "\u212a").Replace(path)
}

func (f normalizing) Kind(path string) host.FileKind { return f.Files.Kind(decomposed(path)) }

func (f normalizing) Same(a, b string) bool {
	return f.Files.Same(decomposed(a), decomposed(b))
}

// unlisted is a tree in which no directory can be read.
type unlisted struct{ host.Files }

func (unlisted) Kinds(string, int) map[string]host.FileKind { return nil }

// visible are the lines of a compiled plan that name a path, by any alias.
func visible(c *Compiled, name string) (steps []string) {
	for line := range strings.SplitSeq(planText(c), "\n") {
		if strings.Contains(strings.ToLower(decomposed(line)), name) {
			steps = append(steps, line)
		}
	}
	return steps
}

// TestAliasesInPlan grants a file by one alias and hides it by another: the jail has one
// place for both, which is hidden.
func TestAliasesInPlan(t *testing.T) {
	folded := jailtest.Files{"/usr/bin/true": "x", "/mnt/usb/Secret": "-", "/mnt/usb/Other": "-", "/mnt/usb/\u00c9t\u00e9": "-"}
	accents := jailtest.Files{"/usr/bin/true": "x", "/mnt/usb/secrete\u0301": "-", "/mnt/usb/other": "-"}
	for _, c := range []struct {
		files       host.Files
		grant, hide string
	}{
		{folding{folded}, "*", "secret"},
		{folding{folded}, "*", "SECRET"},
		{folding{folded}, "s*", "sEcReT"},
		{folding{folded}, "Secret", "secret"},
		{folding{folded}, "SECRET", "sEcReT"},
		{folding{folded}, "secret", "Secret"},
		{normalizing{accents}, "*", "secret\u00e9"},
		{normalizing{accents}, "secret\u00e9", "secrete\u0301"},
		{normalizing{accents}, "secrete\u0301", "secret\u00e9"},
	} {
		h := jailtest.Desktop()
		h.Files, h.Cwd = c.files, "/"
		profile := func(first, second string) *Compiled {
			text := fmt.Sprintf("filesystem:\n  read: [/usr, \"/mnt/usb/%s\"]\n", c.grant)
			if first == "hide" || second == "hide" {
				hide := fmt.Sprintf("  hide: [\"/mnt/usb/%s\"]\n", c.hide)
				if first == "hide" {
					text = "filesystem:\n" + hide + strings.TrimPrefix(text, "filesystem:\n")
				} else {
					text += hide
				}
			}
			compiled, problems := compileFor(t, text+"syscalls: {default: allow}\n", h, "/usr/bin/true")
			if problems.HasErrors() {
				t.Fatalf("%+v: %v", c, problems)
			}
			return compiled
		}
		if steps := visible(profile("read", ""), "secret"); len(steps) == 0 {
			t.Errorf("%s is not visible without the rule that hides it", c.grant)
		}
		for _, order := range [][2]string{{"read", "hide"}, {"hide", "read"}} {
			compiled := profile(order[0], order[1])
			if steps := visible(compiled, "secret"); len(steps) != 0 {
				t.Errorf("%s is granted, %s hidden (%v), and the plan has %q", c.grant, c.hide, order, steps)
			}
			if other := visible(compiled, "other"); c.grant == "*" && len(other) == 0 {
				t.Errorf("%s does not show the other file", c.grant)
			}
		}
	}
}

// TestAliasesOfDirectories: two aliases of a directory are one directory, also when only
// a later lookup reads it.
func TestAliasesOfDirectories(t *testing.T) {
	files := folding{jailtest.Files{"/mnt/USB/Dir/file": "-"}}
	r := host.NewResolver(files)
	if got := r.Resolve("/mnt/usb/dir").Real; got != "/mnt/usb/dir" {
		t.Errorf("before the directory was read: %s", got)
	}
	r.Names("/mnt")
	for _, p := range []string{"/mnt/USB/Dir/FILE", "/MNT/Usb/dir/file", "/mnt/uSB/DIR/File"} {
		if got := r.Resolve(p).Real; got != "/mnt/usb/dir/FILE" {
			t.Errorf("%s is %s", p, got)
		}
	}
	read := host.NewResolver(files)
	read.Names("/mnt")
	for _, p := range []string{"/mnt/USb", "/mnt/USB", "/mnt/usb"} {
		if got := read.Resolve(p).Real; got != "/mnt/USb" {
			t.Errorf("after the directory was read, %s is %s", p, got)
		}
	}
	kelvin := host.NewResolver(normalizing{jailtest.Files{"/d/\u212a": "-", "/d/f": "-"}})
	first := kelvin.Resolve("/d/K")
	kelvin.Names("/d")
	if got := kelvin.Resolve("/d/\u212a").Real; first.Kind != host.KindFile || got != "/d/K" {
		t.Errorf("a letter beyond ASCII that stands for K is %s", got)
	}
}

// TestAmbiguousAliasesRefused: a name may be an alias of several listed names, or two
// names may be aliases of one file.
func TestAmbiguousAliasesRefused(t *testing.T) {
	accents := normalizing{jailtest.Files{"/usr/bin/true": "x", "/d/e\u0301": "-", "/d/f": "-"}}
	for _, c := range []struct {
		files host.Files
		paths string
		want  bool
	}{
		{unlisted{accents}, `"/d/e\u0301", "/d/\u00e9"`, true},
		{unlisted{accents}, `"/d/e\u0301", /d/f`, false},
		{unlisted{folding{jailtest.Files{"/usr/bin/true": "x", "/d/Name": "-"}}}, "/d/name, /d/NAME", true},
		{unlisted{jailtest.Files{"/usr/bin/true": "x", "/d/Name": "-", "/d/name": "-"}}, "/d/name, /d/Name", false},
		{jailtest.Files{"/usr/bin/true": "x", "/d/Name": "-", "/d/name": "-"}, "/d/name, /d/Name", false},
		{shortNames{jailtest.Files{"/usr/bin/true": "x", "/d/Long name": "-"}}, "/d/LONGNA~1", true},
		{shortNames{jailtest.Files{"/usr/bin/true": "x", "/d/Long name": "-"}}, "/d/long name", false},
	} {
		h := jailtest.Desktop()
		h.Files, h.Cwd = c.files, "/"
		_, problems := compileFor(t, "filesystem:\n  read: [/usr, "+c.paths+"]\nsyscalls: {default: allow}\n", h, "/usr/bin/true")
		refused := false
		for _, d := range problems {
			refused = refused || d.Code == "spelling" && d.Subject.Start.Line == 2
		}
		if refused != c.want || problems.HasErrors() != c.want {
			t.Errorf("%s: %v", c.paths, problems)
		}
	}
}

// shortNames is a tree that folds names and has short ones, of which nothing tells
// what they stand for.
type shortNames struct{ jailtest.Files }

func (f shortNames) Kind(path string) host.FileKind {
	if strings.HasSuffix(path, "~1") {
		return host.KindFile
	}
	return folding(f).Kind(path)
}

func (f shortNames) Same(a, b string) bool {
	return !strings.HasSuffix(a+b, "~1") && folding(f).Same(a, b)
}

// TestSame takes what the kernel says.
func TestSame(t *testing.T) {
	dir := t.TempDir()
	a, b, link, other := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "link"), filepath.Join(dir, "other")
	for _, err := range []error{os.WriteFile(a, nil, 0o600), os.Link(a, b), os.Symlink("a", link), os.WriteFile(other, nil, 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for p, want := range map[string]bool{a: true, b: true, link: false, other: false, filepath.Join(dir, "none"): false} {
		if got := (host.OSFiles{}).Same(a, p); got != want {
			t.Errorf("%s: %v", p, got)
		}
	}
}
