package placeholder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
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
func tree(t *testing.T) (dir, listDir string, entries []Entry) {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir, listDir = filepath.Join(root, "dir"), filepath.Join(root, "state", "lists")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir, listDir, []Entry{
		{dir + "/link", Link}, {dir + "/socket", Socket}, {dir + "/commondir", CommonDir}, {dir + "/sub", Directory}, {dir + "/sub/link", Link},
	}
}

func TestPlaceholdersComeAndGo(t *testing.T) {
	dir, listDir, entries := tree(t)
	h, err := Make(listDir, entries)
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
	if got := names(t, dir) + names(t, listDir); got != "" {
		t.Errorf("%q is left", got)
	}
}

// The last of several holders removes.
func TestSharedPlaceholders(t *testing.T) {
	dir, listDir, entries := tree(t)
	first, err := Make(listDir, entries)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Make(listDir, append(entries, Entry{dir + "/sub/more", Socket}))
	if err != nil {
		t.Fatal(err)
	}
	first.Release()
	if got := names(t, dir); got != "commondir link socket sub" {
		t.Errorf("after the first release: %q", got)
	}
	if dirs := Sweep(listDir); dirs != nil {
		t.Errorf("swept %v, which is held", dirs)
	}
	second.Release()
	if got := names(t, dir) + names(t, listDir); got != "" {
		t.Errorf("%q is left", got)
	}
}

func TestChangedPlaceholdersStay(t *testing.T) {
	dir, listDir, entries := tree(t)
	h, err := Make(listDir, entries)
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
	dir, listDir, entries := tree(t)
	if err := os.WriteFile(dir+"/link", []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := Make(listDir, entries)
	if err != nil {
		t.Fatal(err)
	}
	h.Release()
	if text, err := os.ReadFile(dir + "/link"); err != nil || string(text) != "mine" {
		t.Errorf("%q, %v", text, err)
	}
}

// A holder that dies leaves its placeholders and loses its locks.
func TestSweep(t *testing.T) {
	dir, listDir, entries := tree(t)
	h, err := Make(listDir, entries)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range h.lists {
		l.close()
	}
	if dirs := fmt.Sprint(Sweep(listDir)); dirs != fmt.Sprint([]string{dir + "/sub", dir}) {
		t.Errorf("swept %s", dirs)
	}
	if got := names(t, dir) + names(t, listDir); got != "" {
		t.Errorf("%q is left", got)
	}
}

// A list that somebody forged removes nothing but placeholders.
func TestForgedList(t *testing.T) {
	dir, listDir, _ := tree(t)
	for _, name := range []string{"file", "sub/file"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o444); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(listDir, 0o700); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%q\n\"file\"\n\"sub\"\n\"sub/file\"\n\"..\"\nnonsense", dir)
	if err := os.WriteFile(listDir+"/x", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	Sweep(listDir)
	if got := names(t, dir) + " " + names(t, dir+"/sub"); got != "file sub file" {
		t.Errorf("left %q", got)
	}
}

func TestManyHolders(t *testing.T) {
	dir, listDir, entries := tree(t)
	holdOften(t, entries, func(int) string { return listDir })
	if got := names(t, dir) + names(t, listDir); got != "" {
		t.Errorf("%q is left", got)
	}
}

// holdOften holds and releases entries in many goroutines, each with its own lists.
func holdOften(t *testing.T, entries []Entry, listDir func(n int) string) {
	t.Helper()
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for range 50 {
				h, err := Make(listDir(n), entries)
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
}

// Two users, who have a list each, in one directory: the jail that ends last
// removes the placeholders of both.
func TestOtherUsersJails(t *testing.T) {
	for _, firstEnds := range []bool{true, false} {
		dir, listDir, entries := tree(t)
		entries = entries[:3]
		theirs := listDir + "-of-another"
		first, err := Make(listDir, entries)
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
		if dirs := Sweep(listDir); dirs != nil {
			t.Errorf("swept %q, which another user's jail needs", dirs)
		}
		second.Release()
		if got := names(t, dir); got != "" {
			t.Errorf("%q is left", got)
		}
		Sweep(listDir)
		Sweep(theirs)
		if got := names(t, listDir) + names(t, theirs); got != "" {
			t.Errorf("the lists %q are left", got)
		}
	}
}

// As TestManyHolders, each with a list of its own.
func TestManyUsers(t *testing.T) {
	dir, listDir, entries := tree(t)
	holdOften(t, entries[:3], func(n int) string { return fmt.Sprint(listDir, n) })
	if got := names(t, dir); got != "" {
		t.Errorf("%q is left", got)
	}
}

// A launcher that is killed loses its locks while its jail still runs.
func TestDyingJail(t *testing.T) {
	dir, listDir, entries := tree(t)
	first := exec.Command("sleep", "60")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	h, err := Make(listDir, entries)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.For(first.Process.Pid); err != nil {
		t.Fatal(err)
	}
	for _, l := range h.lists {
		l.close()
	}
	if dirs := Sweep(listDir); dirs != nil {
		t.Errorf("swept %q, and the jail runs", dirs)
	}
	second, err := Make(listDir, entries)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	second.Release()
	if took := time.Since(began); took < dying/2 || took > 10*dying {
		t.Errorf("waited for %v", took)
	}
	if got := names(t, dir) + " " + names(t, dir+"/sub"); got != "commondir link socket sub link" {
		t.Errorf("while the jail runs: %q", got)
	}
	// The end of another jail waits for it. It is enough that it is dead: its
	// parent may wait later.
	third, err := Make(listDir, entries)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	third.Release()
	if got := names(t, dir) + names(t, listDir); got != "" {
		t.Errorf("%q is left", got)
	}
	_ = first.Wait()
}

func this(t *testing.T) holder {
	t.Helper()
	h, err := newHolder(os.Getpid())
	if err != nil || h.start == 0 || h.where.pids == 0 || len(h.where.boot) != 36 {
		t.Fatalf("%+v, %v", h, err)
	}
	return h
}

func TestHolderInList(t *testing.T) {
	known := this(t)
	hidden := known
	hidden.where.boot = ""
	for _, h := range []holder{known, hidden} {
		if again, ok := parseHolder(string(h.append(nil))); !ok || again != h {
			t.Errorf("%+v is read as %+v, %v", h, again, ok)
		}
	}
	for _, line := range []string{"", "1 2", "1 2 3", "0 2 3 -", "-1 2 3 -", "4294967297 2 3 -", "1 x 3 -", "1 2 x -", "1 2 3 - -"} {
		if h, ok := parseHolder(line); ok {
			t.Errorf("%q is read as %+v", line, h)
		}
	}
}

// Release does not wait for another process that has the same pid.
func TestSomebodyElsesNumber(t *testing.T) {
	thread := make(chan int)
	done := make(chan struct{})
	defer close(done)
	hold := func() {
		runtime.LockOSThread()
		thread <- unix.Gettid()
		<-done
	}
	go hold()
	go hold()
	other := max(<-thread, <-thread) // one may be the thread with the process's number
	for what, test := range map[string]struct {
		change func(*holder)
		gone   bool
	}{
		"this process":                        {func(*holder) {}, false},
		"where the boot's id is hidden":       {func(h *holder) { h.where.boot = "" }, false},
		"in another boot":                     {func(h *holder) { h.where.boot = strings.Repeat("0", 36) }, true},
		"in another PID namespace":            {func(h *holder) { h.where.pids++ }, true},
		"in a namespace that is not known":    {func(h *holder) { h.where.pids = 0 }, true},
		"a number that was used again":        {func(h *holder) { h.start-- }, true},
		"a number that was used again before": {func(h *holder) { h.start++ }, true},
		"a thread's number":                   {func(h *holder) { h.pid = other }, true},
		"nobody's number":                     {func(h *holder) { h.pid = 1<<31 - 1 }, true},
	} {
		h := this(t)
		test.change(&h)
		began := time.Now()
		if got := h.gone(began.Add(dying)); got != test.gone {
			t.Errorf("%s: gone: %v", what, got)
		}
		if took := time.Since(began); (took >= dying/2) == test.gone {
			t.Errorf("%s: took %v", what, took)
		}
	}
}

// Lists of before a power loss name numbers that long-lived processes have
// now: the next launch removes the placeholders. It does not wait for live jails.
func TestSweepWaitsForNobody(t *testing.T) {
	for _, alive := range []bool{false, true} {
		dir, listDir, entries := tree(t)
		h, err := Make(listDir, entries)
		if err != nil {
			t.Fatal(err)
		}
		jail := this(t)
		if !alive {
			jail.where.boot = strings.Repeat("0", 36)
		}
		for _, l := range h.lists {
			if err := l.write(append(jail.append(nil), '\n')); err != nil {
				t.Fatal(err)
			}
			l.close()
		}
		began := time.Now()
		dirs := Sweep(listDir)
		if took := time.Since(began); took >= dying/2 {
			t.Errorf("swept for %v", took)
		}
		if left := names(t, dir) + names(t, listDir); (len(dirs) == 0) != alive || (left != "") != alive {
			t.Errorf("alive: %v; swept %q, left %q", alive, dirs, left)
		}
	}
}

// A process that holds "clearing" for ever is named in the error.
func TestClearingThatNeverEnds(t *testing.T) {
	dir, listDir, entries := tree(t)
	p, err := openPlace(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !p.clear() {
		t.Fatal("somebody has a share")
	}
	began := time.Now()
	if _, err := Make(listDir, entries); !errors.Is(err, errClearing) || time.Since(began) < clearingTime {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
	p.close()
	h, err := Make(listDir, entries)
	if err != nil {
		t.Fatal(err)
	}
	h.Release()
}
