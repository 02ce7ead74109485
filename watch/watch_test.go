package watch

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stage is a directory with names in it that are kept free.
func stage(t *testing.T, names ...string) (dir, quarantine string, w *Watcher) {
	t.Helper()
	dir, quarantine = t.TempDir(), filepath.Join(t.TempDir(), "state/quarantine")
	var list []Name
	for _, n := range names {
		list = append(list, Name{dir, n})
	}
	w, err := Open(list, quarantine)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return dir, quarantine, w
}

func run(t *testing.T, script string, args ...any) {
	t.Helper()
	p, err := os.StartProcess("/bin/sh", []string{"sh", "-ec", fmt.Sprintf(script, args...)}, &os.ProcAttr{Files: []*os.File{nil, nil, os.Stderr}})
	if err != nil {
		t.Fatal(err)
	}
	if state, err := p.Wait(); err != nil || !state.Success() {
		t.Fatalf("%s: %v %v", script, state, err)
	}
}

// TestTaken: whatever is made in a name, in whatever way, is moved away as it is.
func TestTaken(t *testing.T) {
	for name, script := range map[string]string{
		"file":            "echo x >free",
		"directory":       "mkdir -p free/a/b; echo x >free/a/b/c",
		"link":            "ln -s /etc/passwd free",
		"dangling link":   "ln -s /nowhere free",
		"hard link":       "echo x >other; ln other free",
		"moved file":      "echo x >other; mv other free",
		"moved directory": "mkdir other; mv other free",
		"pipe":            "mkfifo free",
		"locked":          "mkdir free; chmod 0 free",
	} {
		t.Run(name, func(t *testing.T) {
			dir, quarantine, w := stage(t, "free")
			run(t, "cd %s; "+script, dir)
			if err := w.Scan(); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Lstat(filepath.Join(dir, "free")); !errors.Is(err, os.ErrNotExist) {
				t.Error("it is still there")
			}
			taken := w.Taken()
			if len(taken) != 1 || taken[0].Path != filepath.Join(dir, "free") {
				t.Fatalf("taken: %v", taken)
			}
			if _, err := os.Lstat(taken[0].To); err != nil {
				t.Error(err)
			}
			if in := filepath.Dir(taken[0].To); in != quarantine && name != "locked" {
				t.Errorf("it is in %s", in)
			}
		})
	}
}

// TestOnTheWay: directories on the way to a name may be made, and are looked into.
func TestOnTheWay(t *testing.T) {
	dir, _, w := stage(t, ".config/autostart", ".config/systemd/user")
	steps := []struct {
		script string
		taken  string
	}{
		{"mkdir .config; echo x >.config/other", ""},
		{"mkdir .config/autostart", ".config/autostart"},
		{"mkdir -p .config/systemd/user", ".config/systemd/user"},
		{"echo x >.config/systemd/other", ""},
		{"mv .config moved; mkdir -p new/autostart; mv new .config", ".config/autostart"},
		{"rm -r .config; ln -s moved .config", ".config"},
		{"echo x >.config", ""},
	}
	count := 0
	for _, s := range steps {
		run(t, "cd %s; "+s.script, dir)
		if err := w.Scan(); err != nil {
			t.Fatal(err)
		}
		if s.taken != "" {
			count++
		}
		taken := w.Taken()
		if len(taken) != count || s.taken != "" && taken[count-1].Path != filepath.Join(dir, s.taken) {
			t.Fatalf("after %q: %v", s.script, taken)
		}
	}
	if text, err := os.ReadFile(filepath.Join(dir, ".config")); err != nil || string(text) != "x\n" {
		t.Errorf("a file on the way: %q, %v", text, err)
	}
}

// TestSignal: the kernel sends the signal for every way to make a name, and for none that
// makes none.
func TestSignal(t *testing.T) {
	got := make(chan os.Signal, 100)
	signal.Notify(got, syscall.SIGIO)
	t.Cleanup(func() { signal.Stop(got) })
	dir, _, w := stage(t, "free")
	if w.Interval() > 0 {
		t.Skip("this kernel has no dnotify")
	}
	run(t, "cd %s; echo x >other", dir)
	drain := func(within time.Duration) bool {
		select {
		case <-got:
			for len(got) > 0 {
				<-got
			}
			return true
		case <-time.After(within):
			return false
		}
	}
	drain(time.Second)
	for _, script := range []string{"echo x >free", "mkdir free", "ln -s x free", "mv other free", "echo x >other; ln other free", "mkfifo free"} {
		run(t, "cd %s; "+script, dir)
		if !drain(time.Second) {
			t.Errorf("no signal for %q", script)
		}
		run(t, "rm -rf %s/free", dir)
		drain(50 * time.Millisecond)
	}
	run(t, "cd %s; echo z >other; : <other; echo y >>other", dir)
	if drain(100 * time.Millisecond) {
		t.Error("a signal although nothing was made")
	}
}

// TestFlood: a program that goes on making a name is told apart from one that did once.
func TestFlood(t *testing.T) {
	dir, _, w := stage(t, "free", "other")
	var err error
	n := 0
	for ; err == nil && n < 100; n++ {
		run(t, "mkdir %s/free", dir)
		err = w.Scan()
	}
	if !errors.Is(err, ErrFlood) || n != mostTimes+1 {
		t.Errorf("after %d times: %v", n, err)
	}
	if err := w.Clear(); err != nil || len(w.Taken()) != n {
		t.Errorf("%v, %d taken of %d", err, len(w.Taken()), n)
	}
}

// TestNoOtherPlace: without a quarantine what was made is renamed beside.
func TestNoOtherPlace(t *testing.T) {
	dir := t.TempDir()
	w, err := Open([]Name{{dir, "free"}}, "/proc/nowhere/quarantine")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	run(t, "echo x >%s/free", dir)
	if err := w.Scan(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || !strings.HasPrefix(left[0].Name(), "free.taken-") {
		t.Errorf("%v, %v", left, err)
	}
}

// TestExists: a name that something has already is none that can be kept free, and is
// not touched.
func TestExists(t *testing.T) {
	dir := t.TempDir()
	run(t, "echo mine >%s/free", dir)
	if w, err := Open([]Name{{dir, "free"}}, t.TempDir()); err == nil {
		w.Close()
		t.Error("no error")
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "free")); string(text) != "mine\n" {
		t.Errorf("it holds %q", text)
	}
}

// TestWayExists: directories on the way may be there, and what is free in them is watched.
func TestWayExists(t *testing.T) {
	dir := t.TempDir()
	run(t, "mkdir -p %s/.config/app", dir)
	w, err := Open([]Name{{dir, ".config/app/hosts"}}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	run(t, "echo x >%s/.config/app/hosts; echo x >%[1]s/.config/app/other", dir)
	if err := w.Scan(); err != nil || len(w.Taken()) != 1 {
		t.Errorf("%v, %v", w.Taken(), err)
	}
}

// TestNothingElse: what has another name stays, through hundreds of names made at once
// with those that are kept free.
func TestNothingElse(t *testing.T) {
	dir, _, w := stage(t, "free")
	done := make(chan bool)
	go func() {
		for i := range 300 {
			_ = os.WriteFile(filepath.Join(dir, fmt.Sprint("own", i)), nil, 0o600)
		}
		close(done)
	}()
	for open := true; open; {
		select {
		case <-done:
			open = false
		default:
		}
		if err := w.Scan(); err != nil {
			t.Fatal(err)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 300 || slices.ContainsFunc(left, func(e os.DirEntry) bool { return !strings.HasPrefix(e.Name(), "own") }) {
		t.Errorf("%d files, %v", len(left), err)
	}
}

// A nil Watcher watches nothing.
func TestNil(t *testing.T) {
	var w *Watcher
	if w.Scan() != nil || w.Taken() != nil || w.Interval() != -1 {
		t.Error("a nil Watcher does something")
	}
	w.Close()
}
