package launchcache

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// file is the only entry of a world.
func (w *world) file() string {
	w.t.Helper()
	names, err := filepath.Glob(filepath.Join(w.dir(), "*"+suffix))
	if err != nil || len(names) != 1 {
		w.t.Fatal(names, err)
	}
	return names[0]
}

// TestDamage changes each byte of an entry, and cuts it off after each.
func TestDamage(t *testing.T) {
	w := newWorld(t)
	w.keep("app")
	r := w.request("app")
	file, err := os.ReadFile(w.file())
	w.must(err)
	if _, err := decode(r.Key(), file); err != nil {
		t.Fatal(err)
	}
	for i := range file {
		other := slices.Clone(file)
		other[i] ^= 0x41
		if _, err := decode(r.Key(), other); err == nil {
			t.Fatalf("byte %d was changed, and nobody noticed", i)
		}
		if _, err := decode(r.Key(), file[:i]); err == nil {
			t.Fatalf("cut off after %d bytes it is whole", i)
		}
	}
	if _, err := decode(r.Key(), append(slices.Clone(file), 0)); err == nil {
		t.Error("a byte more is no damage")
	}
	r.UID++
	if _, err := decode(r.Key(), file); err == nil {
		t.Error("the entry of another request is taken")
	}
}

// TestForeignEntries puts things in the place of an entry that others could
// have written, or that are none.
func TestForeignEntries(t *testing.T) {
	all := []change{
		{"mode", func(w *world) error { return os.Chmod(w.file(), 0o644) }},
		{"setuid", func(w *world) error { return os.Chmod(w.file(), 0o600|os.ModeSetuid) }},
		{"second name", func(w *world) error { return os.Link(w.file(), w.path("link")) }},
		{"empty", func(w *world) error { return os.Truncate(w.file(), 0) }},
		{"cut off", func(w *world) error { return os.Truncate(w.file(), 100) }},
		{"longer", func(w *world) error { return os.Truncate(w.file(), maxEntry) }},
		{"too long", func(w *world) error { return os.Truncate(w.file(), maxEntry+1) }},
		{"link", func(w *world) error {
			name := w.file()
			w.must(os.Rename(name, w.path("entry")))
			return os.Symlink(w.path("entry"), name)
		}},
		{"fifo", func(w *world) error {
			name := w.file()
			w.must(os.Remove(name))
			return unix.Mkfifo(name, 0o600)
		}},
		{"directory that a group can write", func(w *world) error { return os.Chmod(w.dir(), 0o770) }},
		{"link to the directory", func(w *world) error {
			w.must(os.Rename(w.dir(), w.path("entries")))
			return os.Symlink(w.path("entries"), w.dir())
		}},
	}
	if os.Getuid() == 0 {
		all = append(all,
			change{"owner", func(w *world) error { return os.Chown(w.file(), 1234, 0) }},
			change{"owner of the directory", func(w *world) error { return os.Chown(w.dir(), 1234, 0) }})
	}
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.keep("app")
			w.must(c.do(w))
			if _, err := Find(w.dir(), w.request("app")); err == nil {
				t.Error("the entry is used")
			}
		})
	}
}

// TestReplaced checks that what is no entry is replaced by one.
func TestReplaced(t *testing.T) {
	w := newWorld(t)
	w.keep("app")
	w.must(os.Chmod(w.file(), 0o666))
	w.keep("app")
	if _, err := Find(w.dir(), w.request("app")); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(w.dir())
	w.must(err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has mode %v", info.Mode())
	}
}

func TestPrune(t *testing.T) {
	w := newWorld(t)
	w.must(os.MkdirAll(w.dir(), 0o700))
	old := later().AddDate(-1, 0, 0)
	for i := range keep {
		name := filepath.Join(w.dir(), strings.Repeat("a", i+1)+suffix)
		if i >= 200 {
			name = filepath.Join(w.dir(), strings.Repeat("b", i-199)+suffix)
		}
		w.must(os.WriteFile(name, nil, 0o600))
		w.must(os.Chtimes(name, old, old))
	}
	w.keep("app")
	entries, err := os.ReadDir(w.dir())
	w.must(err)
	if len(entries) != keep {
		t.Errorf("%d entries are left", len(entries))
	}
	if _, err := Find(w.dir(), w.request("app")); err != nil {
		t.Error(err)
	}
}

func TestRecordKeepsAll(t *testing.T) {
	want := &entry{policy: []byte("p"), program: []byte{}, stamps: []Stamp{
		{Kind: Read, Path: "/x", Dev: 1 << 63, Ino: 2, Size: -3, Mode: 1<<32 - 1, UID: 5, GID: 6, Mtime: -7, Ctime: 1 << 62},
		{Kind: Absent, Path: "/y"},
		{Kind: Program, Path: "", Size: 1},
	}}
	got, err := decode(Key{1}, want.encode(Key{1}))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func FuzzDecodeBody(f *testing.F) {
	r := entry{policy: []byte("p"), program: []byte("q"), stamps: []Stamp{{Kind: Read, Path: "/x", Ctime: 9}, {Kind: Missing, Path: "/y"}}}
	f.Add(r.encode(Key{})[headSize:])
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := decodeBody(body)
		if (got == nil) == (err == nil) {
			t.Fatal(got, err)
		}
		if err != nil {
			return
		}
		again, err := decode(Key{}, got.encode(Key{}))
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Errorf("got %+v, and again %+v, %v", got, again, err)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	w := newWorld(b)
	w.keep("app")
	r := w.request("app")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Find(w.dir(), r); err != nil {
			b.Fatal(err)
		}
	}
}
