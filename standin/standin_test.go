package standin

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return strings.Join(out, " ")
}

// tree makes a directory without links before it, and entries of every kind.
func tree(t *testing.T) (dir, records string, entries []Entry) {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir, records = filepath.Join(root, "dir"), filepath.Join(root, "state", "records")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir, records, []Entry{
		{dir + "/link", Link}, {dir + "/socket", Socket}, {dir + "/commondir", CommonDir}, {dir + "/sub", Directory}, {dir + "/sub/link", Link},
	}
}

func TestStandInsComeAndGo(t *testing.T) {
	dir, records, entries := tree(t)
	h, err := Make(records, entries)
	if err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir) + " " + names(t, dir+"/sub"); got != "commondir link socket sub link" {
		t.Errorf("made %q", got)
	}
	if _, err := os.ReadFile(dir + "/link"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading a link gives %v", err)
	}
	if err := os.WriteFile(dir+"/link", nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("writing a link gives %v", err)
	}
	if _, err := os.Open(dir + "/socket"); err == nil {
		t.Error("a socket could be opened")
	}
	h.Release()
	if got := names(t, dir) + names(t, records); got != "" {
		t.Errorf("%q is left", got)
	}
}

// The last of several holders removes.
func TestSharedStandIns(t *testing.T) {
	dir, records, entries := tree(t)
	first, err := Make(records, entries)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Make(records, append(entries, Entry{dir + "/sub/more", Socket}))
	if err != nil {
		t.Fatal(err)
	}
	first.Release()
	if got := names(t, dir); got != "commondir link socket sub" {
		t.Errorf("after the first release: %q", got)
	}
	if dirs := Sweep(records); dirs != nil {
		t.Errorf("swept %v, which is held", dirs)
	}
	second.Release()
	if got := names(t, dir) + names(t, records); got != "" {
		t.Errorf("%q is left", got)
	}
}

func TestChangedStandInsStay(t *testing.T) {
	dir, records, entries := tree(t)
	h, err := Make(records, entries)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"link", "socket", "commondir"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(dir+"/sub/mine", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h.Release()
	if got := names(t, dir) + " " + names(t, dir+"/sub"); got != "commondir link socket sub mine" {
		t.Errorf("left %q", got)
	}
	info, err := os.Stat(dir + "/sub")
	if err != nil || info.Mode() != fs.ModeDir|0o700 {
		t.Errorf("the used directory: %v, %v", info.Mode(), err)
	}
}

// What is there already is left as it is, and stays.
func TestExistingFilesStay(t *testing.T) {
	dir, records, entries := tree(t)
	if err := os.WriteFile(dir+"/link", []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := Make(records, entries)
	if err != nil {
		t.Fatal(err)
	}
	h.Release()
	if text, err := os.ReadFile(dir + "/link"); err != nil || string(text) != "mine" {
		t.Errorf("%q, %v", text, err)
	}
}

// A holder that dies leaves its stand-ins; its locks go with it.
func TestSweep(t *testing.T) {
	dir, records, entries := tree(t)
	h, err := Make(records, entries)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range h.records {
		r.close()
	}
	if dirs := fmt.Sprint(Sweep(records)); dirs != fmt.Sprint([]string{dir + "/sub", dir}) {
		t.Errorf("swept %s", dirs)
	}
	if got := names(t, dir) + names(t, records); got != "" {
		t.Errorf("%q is left", got)
	}
}

// A record that somebody forged removes nothing but stand-ins.
func TestForgedRecord(t *testing.T) {
	dir, records, _ := tree(t)
	for _, name := range []string{"file", "sub/file"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o444); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(records, 0o700); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%q\n\"file\"\n\"sub\"\n\"sub/file\"\n\"..\"\nnonsense", dir)
	if err := os.WriteFile(records+"/x", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	Sweep(records)
	if got := names(t, dir) + " " + names(t, dir+"/sub"); got != "file sub file" {
		t.Errorf("left %q", got)
	}
}

func TestManyHolders(t *testing.T) {
	dir, records, entries := tree(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				h, err := Make(records, entries)
				if err != nil {
					t.Error(err)
					return
				}
				for _, e := range entries {
					if _, err := os.Lstat(e.Path); err != nil {
						t.Errorf("while held: %v", err)
					}
				}
				h.Release()
			}
		})
	}
	all.Wait()
	if got := names(t, dir) + names(t, records); got != "" {
		t.Errorf("%q is left", got)
	}
}

// Two users, who have a record each, in one directory: whoever ends last
// removes what stands for both, whoever made it.
func TestOtherUsersJails(t *testing.T) {
	for _, firstEnds := range []bool{true, false} {
		dir, records, entries := tree(t)
		entries = entries[:3]
		theirs := records + "-of-another"
		first, err := Make(records, entries)
		if err != nil {
			t.Fatal(err)
		}
		second, err := Make(theirs, entries)
		if err != nil {
			t.Fatal(err)
		}
		if !firstEnds {
			first, second = second, first
		}
		first.Release()
		if got := names(t, dir); got != "commondir link socket" {
			t.Errorf("beside the other user's jail: %q", got)
		}
		if dirs := Sweep(records); dirs != nil {
			t.Errorf("swept %q, which another user's jail needs", dirs)
		}
		second.Release()
		if got := names(t, dir); got != "" {
			t.Errorf("%q is left", got)
		}
		Sweep(records)
		Sweep(theirs)
		if got := names(t, records) + names(t, theirs); got != "" {
			t.Errorf("the records %q are left", got)
		}
	}
}

// As TestManyHolders, each with a record of its own.
func TestManyUsers(t *testing.T) {
	dir, records, entries := tree(t)
	entries = entries[:3]
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for range 50 {
				h, err := Make(fmt.Sprint(records, n), entries)
				if err != nil {
					t.Error(err)
					return
				}
				for _, e := range entries {
					if _, err := os.Lstat(e.Path); err != nil {
						t.Errorf("while held: %v", err)
					}
				}
				h.Release()
			}
		})
	}
	all.Wait()
	if got := names(t, dir); got != "" {
		t.Errorf("%q is left", got)
	}
}

// A launcher that is killed has lost its locks when its jail still runs.
func TestDyingJail(t *testing.T) {
	dir, records, entries := tree(t)
	first := exec.Command("sleep", "60")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	h, err := Make(records, entries)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.For(first.Process.Pid); err != nil {
		t.Fatal(err)
	}
	for _, r := range h.records {
		r.close()
	}
	if dirs := Sweep(records); dirs != nil {
		t.Errorf("swept %q, and the jail runs", dirs)
	}
	second, err := Make(records, entries)
	if err != nil {
		t.Fatal(err)
	}
	second.Release()
	if got := names(t, dir) + " " + names(t, dir+"/sub"); got != "commondir link socket sub link" {
		t.Errorf("while the jail runs: %q", got)
	}
	// It is enough that it is dead: its parent may wait later.
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	Sweep(records)
	if got := names(t, dir) + names(t, records); got != "" {
		t.Errorf("%q is left", got)
	}
	_ = first.Wait()
}

// A number of a dead process is given to another one.
func TestReusedNumber(t *testing.T) {
	h := newHolder(os.Getpid())
	if h.gone() {
		t.Error("this process is gone")
	}
	if h.since = 1; !h.gone() {
		t.Error("a process that began later is taken for the jail's")
	}
}

// Who says that stand-ins are being removed, and never ends, is named.
func TestClearingThatNeverEnds(t *testing.T) {
	dir, records, entries := tree(t)
	p, err := openPlace(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !p.clear() {
		t.Fatal("somebody has a share")
	}
	began := time.Now()
	if _, err := Make(records, entries); !errors.Is(err, errClearing) || time.Since(began) < clearingTime {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
	p.close()
	h, err := Make(records, entries)
	if err != nil {
		t.Fatal(err)
	}
	h.Release()
}
