package testenv

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// Snapshot is a file tree: for every path below a root its type,
// permissions, owner, times of change of files, and content.
type Snapshot struct {
	root  string
	but   []string // not looked at
	files map[string]string
}

// Snap takes a snapshot of a tree, without what lies at or below the paths
// in but.
func Snap(t *testing.T, root string, but ...string) Snapshot {
	t.Helper()
	s := Snapshot{root, but, map[string]string{}}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if slices.Contains(but, path) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		text, err := describe(path)
		s.files[path] = text
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func describe(path string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", fmt.Errorf("no stat of %s", path)
	}
	text := fmt.Sprintf("%v %d:%d links %d", info.Mode(), st.Uid, st.Gid, st.Nlink)
	switch {
	case info.Mode().IsRegular():
		data, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		sum := sha256.Sum256(data)
		return fmt.Sprintf("%s %v %s", text, info.ModTime(), hex.EncodeToString(sum[:])), nil
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		return text + " " + target, err
	case info.IsDir():
		// The number of links counts directories; names are listed anyway.
		return fmt.Sprintf("%v %d:%d", info.Mode(), st.Uid, st.Gid), nil
	}
	return text, nil
}

// Unchanged reports everything in which the tree now differs.
func (s Snapshot) Unchanged(t *testing.T) {
	t.Helper()
	var changes []string
	now := Snap(t, s.root, s.but...)
	for path, was := range s.files {
		switch is, there := now.files[path]; {
		case !there:
			changes = append(changes, "gone: "+path)
		case is != was:
			changes = append(changes, fmt.Sprintf("changed: %s\n  was %s\n  is  %s", path, was, is))
		}
	}
	for path := range now.files {
		if _, there := s.files[path]; !there {
			changes = append(changes, "new: "+path)
		}
	}
	slices.Sort(changes)
	if len(changes) > 0 {
		t.Errorf("the host's files changed:\n%s", strings.Join(changes, "\n"))
	}
}
