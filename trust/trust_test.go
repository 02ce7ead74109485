package trust

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestFile(t *testing.T) {
	const anybodys = 4242 // a group that is nobody's own
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
		{"for the group", 1000, 0o664, "its group can write it (mode 0664, group 4242)"},
		{"for all", 0, 0o646, "everybody can write it (mode 0646)"},
		{"sticky", 0, 0o1777, "everybody can write it (mode 1777)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := File(1000, "/file", &unix.Stat_t{Uid: tt.owner, Gid: anybodys, Mode: unix.S_IFREG | tt.mode})
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestOwnGroup(t *testing.T) {
	const accounts = "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\nbob:x:1001:1001::/:\nteam:x:1002:100::/:\ncarl:x:1003:1001::/:\n"
	for _, c := range []struct {
		name, groups string
		uid, gid     int
		want         bool
	}{
		{"ann's own", "ann:x:1000:\n", 1000, 1000, true},
		{"with herself and root in it", "ann:x:1000:ann,root\n", 1000, 1000, true},
		{"with bob in it", "ann:x:1000:ann,bob\n", 1000, 1000, false},
		{"of another name", "staff:x:1000:\n", 1000, 1000, false},
		{"of two names", "ann:x:1000:\nstaff:x:1000:bob\n", 1000, 1000, false},
		{"unknown", "ann:x:999:\n", 1000, 1000, false},
		{"another user's first group too", "bob:x:1001:\n", 1001, 1001, false},
		{"not her first group", "users:x:100:\n", 1000, 100, false},
		{"of another's", "bob:x:1001:\n", 1000, 1001, false},
		{"root's", "root:x:0:\n", 0, 0, true},
		{"of an unknown user", "eve:x:5000:\n", 5000, 5000, false},
		{"nothing readable", "", 1000, 1000, false},
	} {
		if got := ownGroup(accounts, c.groups, c.uid, c.gid); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// Whatever is on the way is judged, also where a link leads.
func TestWay(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "a/b/c")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	links := map[string]string{"absolute": dir, "relative": "a/../a/b/c", "through": "absolute/../c", "a/b/up": "../b/c"}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
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
		{"a", 0o757, false},
		{"a", 0o755, true},
	} {
		path := filepath.Join(root, tt.name)
		if err := os.Chmod(path, tt.mode); err != nil {
			t.Fatal(err)
		}
		for _, way := range []string{"a/b/c", "absolute", "relative", "through", "a/b/up"} {
			if way == "through" && tt.name == "a/b/c" {
				continue // it leads through that
			}
			got, err := Resolve(os.Getuid(), filepath.Join(root, way))
			if (err == nil) != tt.good {
				t.Errorf("%s, where %s has mode %v: %v", way, tt.name, tt.mode, err)
			}
			if err != nil && !strings.Contains(err.Error(), path) || err == nil && !strings.HasSuffix(got, "/a/b/c") {
				t.Errorf("%s, where %s has mode %v: %q, %v", way, tt.name, tt.mode, got, err)
			}
		}
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, gone := range []string{"gone/dir", "a/gone", "a/b/c/gone"} {
		if err := Way(os.Getuid(), filepath.Join(root, gone)); !errors.Is(err, unix.ENOENT) {
			t.Errorf("%s: %v", gone, err)
		}
	}
	if err := os.Symlink("round", filepath.Join(root, "round")); err != nil {
		t.Fatal(err)
	}
	if err := Way(os.Getuid(), filepath.Join(root, "round/x")); !errors.Is(err, unix.ELOOP) {
		t.Errorf("a link to itself: %v", err)
	}
	if err := Way(os.Getuid(), "/"); err != nil {
		t.Error(err)
	}
}

// To another user, what is here is another's: the directory, and a link where that
// leads to what is not.
func TestWayOfOthers(t *testing.T) {
	other := os.Getuid() + 1
	dir := t.TempDir()
	if err := os.Symlink("/usr/bin", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"file", "link/env"} {
		if name == "file" {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		err := Way(other, filepath.Join(dir, name))
		if os.Getuid() == 0 && err != nil {
			t.Errorf("root's are not trusted: %v", err)
		}
		if os.Getuid() != 0 && (err == nil || !strings.Contains(err.Error(), "belongs to user")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
