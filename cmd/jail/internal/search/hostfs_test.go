package search

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/sys/unix"
)

func TestHostFS(t *testing.T) {
	dir := t.TempDir()
	names := []string{"a.yaml", "sub/b.yaml", "sub/deeper/c", strings.Repeat("long", 50)}
	for _, name := range names {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte("text of "+name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// More names than one call of getdents64 returns.
	for i := range 500 {
		if err := os.WriteFile(filepath.Join(dir, "sub/deeper", strings.Repeat("x", 1+i%100)+string(rune('a'+i/100))), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := fstest.TestFS(HostFS(dir), names...); err != nil {
		t.Fatal(err)
	}
}

func TestHostFSRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := HostFS(dir)
	for _, name := range []string{"../etc/passwd", "/etc/passwd", "a/../../b", "", "a\x00b"} {
		if _, err := f.Open(name); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Open(%q) gave %v, want that the name is invalid", name, err)
		}
		if _, err := f.Stat(name); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("Stat(%q) gave %v, want that the name is invalid", name, err)
		}
	}
	if _, err := f.Stat("missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Stat of a missing file gave %v", err)
	}
	info, err := f.Stat("pipe")
	if err != nil || info.Mode().IsRegular() {
		t.Errorf("Stat of a pipe gave %v, %v", info, err)
	}
}
