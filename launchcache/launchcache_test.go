package launchcache

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/yaml"
	"github.com/jail-project/jail/seccomp"
)

// world is a host with three directories of profiles, of which the strongest
// is not there.
type world struct {
	t    testing.TB
	root string
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := &world{tb, tb.TempDir()}
	w.must(os.Chmod(w.root, 0o755))
	w.write("middle/app.yaml", "extends: [base]\nfilesystem: {read: [/app]}")
	w.write("middle/app.d/10-a.yaml", "filesystem: {read: [/a]}")
	w.write("middle/other.yaml", "programs: [tool]\nextends: [base]")
	w.write("weak/base.yaml", "filesystem: {read: [/b]}")
	w.write("weak/more.yaml", "description: tool is not listed")
	w.write("bin/jail", "a program")
	w.write("file", "of the user")
	time.Sleep(20 * time.Millisecond) // so that changes have other times
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) path(name string) string { return filepath.Join(w.root, name) }

func (w *world) write(name, text string) {
	w.t.Helper()
	w.must(os.MkdirAll(filepath.Dir(w.path(name)), 0o755))
	w.must(os.WriteFile(w.path(name), []byte(text), 0o644))
}

// request is what a launch of a program asks.
func (w *world) request(program string) *Request {
	return &Request{
		Binaries: []string{w.path("bin/jail")}, UID: os.Getuid(), Config: w.path("strong"),
		Line: []string{"jail", "--write", ".", program}, Cwd: "/src", Path: "/bin",
	}
}

// load reads the profile of a program.
func (w *world) load(program string) (*Launch, *Inputs) {
	w.t.Helper()
	in := new(Inputs)
	store := policy.Store{Parse: yaml.Parse, Saw: in.Saw}
	for _, name := range []string{"strong", "middle", "weak"} {
		trusted := func(string, fs.FileInfo) error { return nil }
		store.Dirs = append(store.Dirs, policy.Dir{Path: w.path(name), FS: os.DirFS(w.path(name)), Trusted: trusted})
	}
	name, _, problems := store.ForProgram(program)
	p, _, found := policy.Load(store, policy.Request{Name: name})
	if p == nil {
		w.t.Fatal(problems, found)
	}
	in.Add(Present, w.path("file"))
	in.Add(Missing, w.path("nothing"))
	return &Launch{Policy: p, Program: retAllow()}, in
}

// retAllow is a program of one instruction.
func retAllow() seccomp.Program { return seccomp.Program{6, 0, 0, 0, 0, 0, 0xff, 0x7f} }

// later is a time at which everything in the world was not changed for long.
func later() time.Time { return time.Now().Add(time.Hour) }

func (w *world) dir() string { return w.path("cache/jail/launch") }

// keep loads the profile of a program, and keeps it.
func (w *world) keep(program string) *Launch {
	w.t.Helper()
	l, in := w.load(program)
	w.must(Add(w.dir(), w.request(program), l, in, later()))
	return l
}

func TestFind(t *testing.T) {
	w := newWorld(t)
	for _, program := range []string{"app", "tool"} {
		if l, err := Find(w.dir(), w.request(program)); err == nil {
			t.Fatalf("found before it was kept: %+v", l)
		}
		want := w.keep(program)
		got, err := Find(w.dir(), w.request(program))
		w.must(err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	got, err := Find(w.dir(), w.request("app"))
	w.must(err)
	if got.Policy.Name != "app" {
		t.Errorf("another profile took its place: %s", got.Policy.Name)
	}
}

func TestFindWithoutFilter(t *testing.T) {
	w := newWorld(t)
	l, in := w.load("app")
	l.Program = nil
	w.must(Add(w.dir(), w.request("app"), l, in, later()))
	got, err := Find(w.dir(), w.request("app"))
	w.must(err)
	if got.Program != nil {
		t.Errorf("there is a program: %x", got.Program)
	}
}

// change is something that happens between two launches.
type change struct {
	name string
	do   func(w *world) error
}

func (w *world) rename(from, to string) error { return os.Rename(w.path(from), w.path(to)) }

// rewrite changes the contents of a file, but neither its length nor the time
// that it says it was changed.
func (w *world) rewrite(name string) error {
	info, err := os.Stat(w.path(name))
	w.must(err)
	text, err := os.ReadFile(w.path(name))
	w.must(err)
	text[len(text)-2] ^= 1
	w.must(os.WriteFile(w.path(name), text, 0o644))
	return os.Chtimes(w.path(name), time.Time{}, info.ModTime())
}

// replace puts an equal file in the place of one.
func (w *world) replace(name string) error {
	text, err := os.ReadFile(w.path(name))
	w.must(err)
	w.write("new", string(text))
	return w.rename("new", name)
}

func (w *world) put(name string) error {
	w.write(name, "description: new")
	return nil
}

func changes() []change {
	return []change{
		{"contents", func(w *world) error { return w.rewrite("middle/app.yaml") }},
		{"contents of what is extended", func(w *world) error { return w.rewrite("weak/base.yaml") }},
		{"contents of a drop-in", func(w *world) error { return w.rewrite("middle/app.d/10-a.yaml") }},
		{"an equal file", func(w *world) error { return w.replace("middle/app.yaml") }},
		{"a stronger profile", func(w *world) error { return w.put("strong/app.yaml") }},
		{"a stronger one of what is extended", func(w *world) error { return w.put("middle/base.yaml") }},
		{"a drop-in", func(w *world) error { return w.put("middle/app.d/20-b.yaml") }},
		{"a first drop-in", func(w *world) error { return w.put("strong/app.d/20-b.yaml") }},
		{"an empty directory of drop-ins", func(w *world) error { return os.Mkdir(w.path("weak/app.d"), 0o755) }},
		{"a drop-in is gone", func(w *world) error { return os.Remove(w.path("middle/app.d/10-a.yaml")) }},
		{"drop-ins are gone", func(w *world) error { return os.RemoveAll(w.path("middle/app.d")) }},
		{"the profile is gone", func(w *world) error { return os.Remove(w.path("middle/app.yaml")) }},
		{"the directory is gone", func(w *world) error { return w.rename("middle", "elsewhere") }},
		{"mode", func(w *world) error { return os.Chmod(w.path("middle/app.yaml"), 0o600) }},
		{"writable for a group", func(w *world) error { return os.Chmod(w.path("middle/app.yaml"), 0o664) }},
		{"a directory that all can write", func(w *world) error { return os.Chmod(w.path("middle"), 0o777) }},
		{"a weak directory that all can write", func(w *world) error { return os.Chmod(w.path("weak"), 0o777) }},
		{"drop-ins that all can write", func(w *world) error { return os.Chmod(w.path("middle/app.d"), 0o777) }},
		{"a way that all can write", func(w *world) error { return os.Chmod(w.root, 0o777) }},
		{"a link to an equal file", func(w *world) error {
			w.write("copy", "extends: [base]\nfilesystem: {read: [/app]}")
			w.must(os.Remove(w.path("middle/app.yaml")))
			return os.Symlink(w.path("copy"), w.path("middle/app.yaml"))
		}},
		{"another jail", func(w *world) error { return w.replace("bin/jail") }},
		{"a file of a flag is gone", func(w *world) error { return os.Remove(w.path("file")) }},
		{"a file of a flag", func(w *world) error { return os.Symlink("nowhere", w.path("nothing")) }},
	}
}

func TestChangesOfFiles(t *testing.T) {
	all := changes()
	if os.Getuid() == 0 {
		all = append(all,
			change{"an owner", func(w *world) error { return os.Chown(w.path("middle/app.yaml"), 1234, 0) }},
			change{"an owner of a directory", func(w *world) error { return os.Chown(w.path("middle"), 1234, 0) }},
			change{"a group", func(w *world) error { return os.Chown(w.path("weak/base.yaml"), 0, 1234) }})
	}
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.keep("app")
			if _, err := Find(w.dir(), w.request("app")); err != nil {
				t.Fatal(err)
			}
			w.must(c.do(w))
			if _, err := Find(w.dir(), w.request("app")); err == nil {
				t.Error("the entry is used all the same")
			}
		})
	}
}

// TestChangesThatDoNotCount are some after which an entry has to be used, or
// it would never be.
func TestChangesThatDoNotCount(t *testing.T) {
	for _, c := range []change{
		{"another profile", func(w *world) error { return w.put("middle/new.yaml") }},
		{"another weak profile", func(w *world) error { return w.put("weak/new.yaml") }},
		{"another file beside the directories", func(w *world) error { return w.put("new") }},
		{"a file of a flag is written", func(w *world) error { return w.rewrite("file") }},
		{"another profile is written", func(w *world) error { return w.rewrite("middle/other.yaml") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.keep("app")
			w.must(c.do(w))
			if _, err := Find(w.dir(), w.request("app")); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestChangesOfListings are for a profile that was found by what it lists: all
// others were read for it.
func TestChangesOfListings(t *testing.T) {
	for _, c := range []change{
		{"another profile", func(w *world) error { return w.put("middle/a.yaml") }},
		{"another profile in a new directory", func(w *world) error { return w.put("strong/a.yaml") }},
		{"another profile that does not list it", func(w *world) error { return w.rewrite("middle/app.yaml") }},
		{"a profile of its name", func(w *world) error { return w.put("weak/tool.yaml") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.keep("tool")
			if _, err := Find(w.dir(), w.request("tool")); err != nil {
				t.Fatal(err)
			}
			w.must(c.do(w))
			if _, err := Find(w.dir(), w.request("tool")); err == nil {
				t.Error("the entry is used all the same")
			}
		})
	}
}

func TestChangesOfRequests(t *testing.T) {
	tests := []struct {
		name   string
		change func(r *Request)
		same   bool
	}{
		{"uid", func(r *Request) { r.UID++ }, false},
		{"home", func(r *Request) { r.Config = "/home/ann/.config/jail" }, false},
		{"build", func(r *Request) { r.Binaries = []string{"/usr/bin/jail"} }, false},
		{"program", func(r *Request) { r.Line[3] = "tool" }, false},
		{"flag", func(r *Request) { r.Line[1] = "--read" }, false},
		{"name of jail", func(r *Request) { r.Line[0] = "j" }, false},
		{"no flags", func(r *Request) { r.Line = []string{"jail", "app"} }, false},
		{"cut elsewhere", func(r *Request) { r.Line = []string{"jail", "--write", ".a", "pp"} }, false},
		{"working directory", func(r *Request) { r.Cwd = "/other" }, false},
		{"path", func(r *Request) { r.Path = "/other" }, true},
		{"nothing", func(*Request) {}, true},
	}
	w := newWorld(t)
	w.keep("app")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := w.request("app")
			tt.change(r)
			if _, err := Find(w.dir(), r); (err == nil) != tt.same {
				t.Errorf("found: %v", err)
			}
		})
	}
	plain := &Request{Line: []string{"jail", "app"}, Cwd: "/a", Path: "/bin"}
	byPath := &Request{Line: []string{"jail", "/bin/app"}, Cwd: "/a", Path: "/bin"}
	for _, r := range []*Request{plain, byPath} {
		key := r.Key()
		r.Cwd = "/b"
		if r.Key() != key {
			t.Errorf("%q: the working directory counts", r.Line)
		}
		r.Path = "/sbin"
		if (r.Key() == key) != (r == plain) {
			t.Errorf("%q: PATH counts or not", r.Line)
		}
	}
}

// TestUnsettled checks that nothing is kept of what was changed shortly
// before: a change in the same tick would not show.
func TestUnsettled(t *testing.T) {
	w := newWorld(t)
	l, in := w.load("app")
	var last int64
	for _, i := range in.list {
		if s, err := stampOf(os.Getuid(), i.Kind, i.Path); err == nil {
			last = max(last, s.Ctime)
		}
	}
	s, err := stampOf(os.Getuid(), Program, w.path("bin/jail"))
	w.must(err)
	last = max(last, s.Ctime)
	for _, tt := range []struct {
		after time.Duration
		kept  bool
	}{{0, false}, {time.Second, false}, {settled - 1, false}, {settled, true}, {time.Hour, true}} {
		err := Add(w.dir(), w.request("app"), l, in, time.Unix(0, last).Add(tt.after))
		if (err == nil) != tt.kept {
			t.Errorf("%v after the last change: %v", tt.after, err)
		}
	}
}

// TestChangedMeanwhile checks that nothing is kept when an input is not what
// it was when it was read.
func TestChangedMeanwhile(t *testing.T) {
	for _, c := range []change{
		{"a stronger profile", func(w *world) error { return w.put("strong/app.yaml") }},
		{"drop-ins", func(w *world) error { return w.put("weak/app.d/x.yaml") }},
		{"the profile is gone", func(w *world) error { return os.Remove(w.path("middle/app.yaml")) }},
		{"a directory that all can write", func(w *world) error { return os.Chmod(w.path("middle"), 0o777) }},
		{"writable for all", func(w *world) error { return os.Chmod(w.path("middle/app.yaml"), 0o666) }},
		{"a file of a flag is gone", func(w *world) error { return os.Remove(w.path("file")) }},
		{"jail is gone", func(w *world) error { return os.Remove(w.path("bin/jail")) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			l, in := w.load("app")
			w.must(c.do(w))
			if err := Add(w.dir(), w.request("app"), l, in, later()); err == nil {
				t.Error("it is kept")
			}
		})
	}
}

// TestAbsence checks that a directory that is not there is one input, however
// many files it could hold.
func TestAbsence(t *testing.T) {
	w := newWorld(t)
	_, in := w.load("app")
	var absent []string
	for _, i := range in.list {
		if i.Kind == Absent {
			absent = append(absent, i.Path)
		}
	}
	want := []string{w.path("strong"), w.path("middle/base.yaml"), w.path("weak/app.d")}
	if !reflect.DeepEqual(absent, want) {
		t.Errorf("got %q, want %q", absent, want)
	}
}

func TestNotKept(t *testing.T) {
	w := newWorld(t)
	l, in := w.load("app")
	in.Unclear()
	if err := Add(w.dir(), w.request("app"), l, in, later()); err == nil {
		t.Error("it is kept with an input that nothing is known of")
	}
	l, in = w.load("app")
	for _, r := range []*Request{{Line: []string{"jail", "app"}}, {Binaries: []string{w.path("bin/jail")}, Line: []string{"app"}}, {}} {
		if err := Add(w.dir(), r, l, in, later()); err == nil {
			t.Errorf("kept: %+v", r)
		}
		if _, err := Find(w.dir(), r); err == nil {
			t.Errorf("found: %+v", r)
		}
	}
}
