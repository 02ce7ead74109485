package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// made is a directory with one file.
func made(t *testing.T) (string, Dir) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cache/jail/x")
	d, err := Make(path)
	must(t, err)
	t.Cleanup(d.Close)
	must(t, d.Write("name", []byte("file")))
	return path, d
}

func TestReadWrite(t *testing.T) {
	path, d := made(t)
	defer unix.Umask(unix.Umask(0o777)) // which must not count
	for _, text := range []string{"", "file", string(bytes.Repeat([]byte("long "), 100_000))} {
		must(t, d.Write("name", []byte(text)))
		if got, err := d.Read("name", len(text)); err != nil || string(got) != text {
			t.Errorf("%d bytes come back as %d, %v", len(text), len(got), err)
		}
		if text == "" {
			continue
		}
		if _, err := d.Read("name", len(text)-1); err == nil {
			t.Error("more than the bound is read")
		}
	}
	if _, err := d.Read("other", 10); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	info, err := os.Stat(filepath.Join(path, "name"))
	must(t, err)
	if info.Mode() != 0o600 {
		t.Errorf("the file has mode %v", info.Mode())
	}
	if entries, err := os.ReadDir(path); err != nil || len(entries) != 1 {
		t.Errorf("there are %v, %v", entries, err)
	}
}

// TestWaysOfWriting: with files without names and without, a record is replaced, and
// nothing else is there. The file of a writer who dies has no name.
func TestWaysOfWriting(t *testing.T) {
	path, d := made(t)
	for _, name := range []string{"name", "other"} {
		must(t, d.writeBeside(name, temporaryPrefix+"1", []byte("beside")))
		if got, err := d.Read(name, 10); err != nil || string(got) != "beside" {
			t.Errorf("%s is %q, %v", name, got, err)
		}
		must(t, d.Write(name, []byte("anew")))
		if got, err := d.Read(name, 10); err != nil || string(got) != "anew" {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
	must(t, os.Mkdir(filepath.Join(path, "empty"), 0o700))
	must(t, d.Write("empty", []byte("anew")))
	if entries, err := os.ReadDir(path); err != nil || len(entries) != 3 {
		t.Errorf("there are %v, %v", entries, err)
	}
}

func TestOpenMakesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if _, err := Open(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("the directory is there")
	}
}

// TestForeign puts things in the place of a directory and of a file that
// somebody else could have made.
func TestForeign(t *testing.T) {
	type place struct {
		name   string
		change func(dir, file string) error
		opens  bool // the directory, but the file is not read
	}
	places := []place{
		{"directory for a group", func(dir, _ string) error { return os.Chmod(dir, 0o770) }, false},
		{"directory for all", func(dir, _ string) error { return os.Chmod(dir, 0o702) }, false},
		{"link to a directory", func(dir, _ string) error {
			return errors.Join(os.Rename(dir, dir+"2"), os.Symlink(dir+"2", dir))
		}, false},
		{"file for a directory", func(dir, _ string) error {
			return errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600))
		}, false},
		{"file that others can read", func(_, file string) error { return os.Chmod(file, 0o604) }, true},
		{"file with a second name", func(_, file string) error { return os.Link(file, file+"2") }, true},
		{"link to a file", func(_, file string) error {
			return errors.Join(os.Rename(file, file+"2"), os.Symlink(file+"2", file))
		}, true},
		{"fifo", func(_, file string) error {
			return errors.Join(os.Remove(file), unix.Mkfifo(file, 0o600))
		}, true},
		{"directory for a file", func(_, file string) error {
			return errors.Join(os.Remove(file), os.Mkdir(file, 0o600))
		}, true},
	}
	if os.Getuid() == 0 {
		places = append(places,
			place{"directory of another user", func(dir, _ string) error { return os.Chown(dir, 1234, 0) }, false},
			place{"file of another user", func(_, file string) error { return os.Chown(file, 1234, 0) }, true})
	}
	for _, tt := range places {
		t.Run(tt.name, func(t *testing.T) {
			path, _ := made(t)
			must(t, tt.change(path, filepath.Join(path, "name")))
			d, err := Make(path)
			if (err == nil) != tt.opens {
				t.Fatalf("the directory is opened: %v", err)
			}
			if err != nil {
				return
			}
			defer d.Close()
			if text, err := d.Read("name", 100); err == nil {
				t.Errorf("%q is read", text)
			}
			must(t, d.Write("name", []byte("new")))
			if text, err := d.Read("name", 100); err != nil || string(text) != "new" {
				t.Errorf("it is not replaced: %q, %v", text, err)
			}
		})
	}
}

func TestFullDirectoryStays(t *testing.T) {
	path, d := made(t)
	must(t, os.Remove(filepath.Join(path, "name")))
	must(t, os.MkdirAll(filepath.Join(path, "name/x"), 0o700))
	if err := d.Write("name", nil); err == nil {
		t.Error("a full directory was replaced")
	}
	if entries, err := os.ReadDir(path); err != nil || len(entries) != 1 {
		t.Errorf("there are %v, %v", entries, err)
	}
}

func TestPrune(t *testing.T) {
	path, d := made(t)
	put := func(name string, age time.Duration) {
		file := filepath.Join(path, name)
		then := time.Now().Add(-age)
		must(t, errors.Join(os.WriteFile(file, nil, 0o600), os.Chtimes(file, then, then)))
	}
	for i := range 5 {
		put(fmt.Sprintf("%d.x", i), time.Duration(i)*time.Minute)
	}
	put("other.y", 1000*time.Hour)
	put(".new-1", 2*time.Hour)
	put(".new-2", time.Minute)
	d.Prune(".x", 3)
	for name, want := range map[string]bool{
		"0.x": true, "2.x": true, "3.x": false, "4.x": false, "other.y": true, "name": true, ".new-1": false, ".new-2": true,
	} {
		if _, err := os.Lstat(filepath.Join(path, name)); (err == nil) != want {
			t.Errorf("%s is there: %v", name, err == nil)
		}
	}
}
