package trust

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestFile(t *testing.T) {
	tests := []struct {
		name  string
		owner uint32
		mode  uint32
		want  string // part of the error, "" for none
	}{
		{"the user's", 1000, 0o644, ""},
		{"root's", 0, 0o755, ""},
		{"private", 1000, 0o600, ""},
		{"somebody else's", 1001, 0o600, "belongs to user 1001"},
		{"for the group", 1000, 0o664, "its group can write it (mode 0664)"},
		{"for all", 0, 0o646, "everybody can write it (mode 0646)"},
		{"sticky", 0, 0o1777, "everybody can write it (mode 1777)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := File(1000, &unix.Stat_t{Uid: tt.owner, Mode: unix.S_IFREG | tt.mode})
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestWay(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "a/b/c")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		mode os.FileMode
		good bool
	}{
		{"a/b/c", 0o777, true}, // itself is not on the way
		{"a/b", 0o777, false},
		{"a", 0o777, false},
		{"a", 0o777 | os.ModeSticky, true},
		{"a", 0o775, true}, // a group of the user's own is usual
	} {
		path := filepath.Join(root, tt.name)
		if err := os.Chmod(path, tt.mode); err != nil {
			t.Fatal(err)
		}
		if err := Way(dir); (err == nil) != tt.good {
			t.Errorf("%s with mode %v: %v", tt.name, tt.mode, err)
		}
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := Way(filepath.Join(root, "gone/dir")); err == nil {
		t.Error("a way that is not there is trusted")
	}
	if err := Way("/"); err != nil {
		t.Error(err)
	}
}
