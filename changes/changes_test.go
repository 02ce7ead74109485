package changes

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

func write(t *testing.T, path string) {
	t.Helper()
	testenv.Must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	testenv.Must(t, err)
	_, err = f.WriteString("x")
	testenv.Must(t, err)
	testenv.Must(t, f.Close())
}

// tick waits until the clock by which files are stamped has gone on.
func tick() { time.Sleep(20 * time.Millisecond) }

func TestSince(t *testing.T) {
	for _, c := range []struct {
		name   string
		before []string
		do     string
		want   []string
	}{
		{"nothing", []string{"file", "dir/a"}, "true", nil},
		{"read", []string{"file", "dir/a"}, "cat dir/a; ls dir", nil},
		{"new file", nil, "echo >file", []string{"new file"}},
		{"changed file", []string{"file"}, "echo >>file", []string{"changed file"}},
		{"mode", []string{"file"}, "chmod 700 file", []string{"changed file"}},
		{"set back", []string{"file"}, "echo >>file; touch -d @1 file", []string{"changed file"}},
		{"replaced file", []string{"file", "other"}, "mv other file", []string{"changed file"}},
		{"new directory", nil, "mkdir -p dir/b; echo >dir/a; echo >dir/b/c", []string{"new dir/a", "new dir/b/c"}},
		{"empty directory", nil, "mkdir dir", []string{"new dir"}},
		{"in a directory", []string{"dir/a", "dir/b/c"}, "echo >>dir/b/c; echo >dir/d", []string{"changed dir/b/c", "changed dir/d"}},
		{"moved in", []string{"dir/a", "old/x"}, "mv old dir/old", []string{"changed dir/old"}},
		{"moved to", []string{"old/x"}, "mv old dir", []string{"new dir/x"}},
		{"removed", []string{"file", "dir/a"}, "rm file", nil},
		{"link", []string{"dir/a"}, "ln -s /etc file", []string{"new file"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := t.TempDir()
			for _, name := range c.before {
				write(t, filepath.Join(d, name))
			}
			tick()
			before := Look([]string{d + "/file", d + "/dir"})
			tick()
			cmd := exec.Command("sh", "-ec", c.do)
			cmd.Dir = d
			testenv.Must(t, cmd.Run())
			var got []string
			for _, change := range before.Since() {
				word := "changed "
				if change.New {
					word = "new "
				}
				got = append(got, word+strings.TrimPrefix(change.Path, d+"/"))
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%q, not %q", got, c.want)
			}
		})
	}
}

// TestModules: of the git directories of submodules only what git obeys counts.
// TestAtOnce: what is made in the moment of the look counts.
func TestAtOnce(t *testing.T) {
	d := t.TempDir()
	write(t, d+"/dir/a")
	for i := range 50 {
		tick()
		name := filepath.Join(d, "dir", strings.Repeat("x", i+1))
		before := Look([]string{d + "/dir"})
		write(t, name)
		if got := before.Since(); !reflect.DeepEqual(got, []Change{{Path: name}}) {
			t.Fatalf("file %d: %v", i, got)
		}
	}
}

// TestHooks: of a directory of hooks that git made, only what it runs counts.
func TestHooks(t *testing.T) {
	d := t.TempDir()
	before := Look([]string{d + "/.git/hooks", d + "/hooks"})
	for _, name := range []string{".git/hooks/update.sample", ".git/hooks/update", "hooks/x.sample"} {
		write(t, filepath.Join(d, name))
	}
	want := []Change{{Path: d + "/.git/hooks/update", New: true}, {Path: d + "/hooks/x.sample", New: true}}
	if got := before.Since(); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestModules(t *testing.T) {
	modules := filepath.Join(t.TempDir(), ".git/modules")
	before := Look([]string{modules})
	for _, name := range []string{"m/config", "m/HEAD", "m/hooks/post-merge", "m/hooks/pre-commit.sample", "m/objects/ab/cd"} {
		write(t, filepath.Join(modules, name))
	}
	var got []string
	for _, c := range before.Since() {
		got = append(got, strings.TrimPrefix(c.Path, modules+"/"))
	}
	if want := []string{"m/config", "m/hooks/post-merge"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestRecord(t *testing.T) {
	file := filepath.Join(t.TempDir(), "changes")
	if runs, err := Read(file); err != nil || runs != nil {
		t.Fatalf("without a record: %v, %v", runs, err)
	}
	runs := []Run{
		{Time: time.Unix(1e9, 0).UTC(), Profile: "p", Program: "/bin/a b", Dir: "/x\ny", Changes: []Change{{Path: "/q\"\\\xff", New: true}, {Path: "/c"}}},
		{Time: time.Unix(2e9, 0).UTC(), Changes: []Change{{Path: "/a", To: "/b", New: true}}},
	}
	for i := range runs {
		f, err := Open(file)
		testenv.Must(t, err)
		testenv.Must(t, Write(f, &runs[i]))
		testenv.Must(t, f.Close())
	}
	got, err := Read(file)
	testenv.Must(t, err)
	if !reflect.DeepEqual(got, runs) {
		t.Errorf("%+v, not %+v", got, runs)
	}
	// A record that has grown makes room, and what it held is still read.
	testenv.Must(t, os.Truncate(file, mostRecords+1))
	f, err := Open(file)
	testenv.Must(t, err)
	testenv.Must(t, Write(f, &runs[0]))
	testenv.Must(t, f.Close())
	if got, err = Read(file); err != nil || len(got) != 3 {
		t.Errorf("%d runs, %v", len(got), err)
	}
	testenv.Must(t, os.Remove(file))
	testenv.Must(t, os.Symlink("/etc/passwd", file))
	if _, err := Open(file); err == nil {
		t.Error("a link was followed")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("run \"2001-01-01T00:00:00Z\" \"p\" \"q\" \"d\"\n")
	f.Add("new \"/x\"\n")
	f.Add("moved \"/x\" \"/y\"")
	f.Fuzz(func(t *testing.T, text string) {
		runs := parse(parse(nil, "run \"2001-01-01T00:00:00Z\" \"\" \"\" \"\"\n"), text)
		if len(runs) == 0 {
			t.Error("a line took a run away")
		}
	})
}
