package commands

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// settledAfter is how long what a launch depends on must have been as it is
// before the launch is kept.
const settledAfter = 2100 * time.Millisecond

func launches(w *testenv.World) string { return filepath.Join(w.Home, ".cache", "jail", "launch") }

// forget removes the cache entries of all launches.
func forget(w *testenv.World) {
	w.T.Helper()
	if err := os.RemoveAll(launches(w)); err != nil {
		w.T.Fatal(err)
	}
}

// C9: an older and wider profile comes to force by nothing but that profile: not
// by the cache entries of its launches, nor when its file is made to look unchanged.
func TestC9OlderPolicy(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	profile := filepath.Join(w.Home, ".config/jail/profiles/mine.yaml")
	secret := filepath.Join(w.Home, "Documents/diary.txt")
	wide := "extends: [default]\nfilesystem: {read: [~/Documents]}\n"
	narrow := "extends: [default]\nfilesystem: {hide: [~/Documents]}\n"
	w.Write(profile, wide)
	info, err := os.Stat(profile)
	if err != nil {
		t.Fatal(err)
	}
	reads := func() bool {
		r := w.Jail("run", "--profile", "mine", "cat", secret)
		if r.Status > 1 {
			t.Fatalf("status %d\n%s", r.Status, r.Output())
		}
		return strings.Contains(r.Stdout, w.Canary)
	}
	time.Sleep(settledAfter)
	for range 4 {
		reads()
	}
	if found, err := filepath.Glob(filepath.Join(launches(w), "*.launch")); len(found) == 0 {
		t.Fatalf("the launches leave no cache entry; the test is void: %v", err)
	}
	kept := filepath.Join(w.Root, "kept")
	if r := w.Host("cp", "-a", launches(w), kept); r.Status != 0 || !reads() {
		t.Fatalf("the wide profile does not grant; the test is void\n%s", r.Output())
	}
	// Another file in its place, with the times and the size of the old one.
	w.Write(profile+".new", narrow)
	if err := errors.Join(os.Chtimes(profile+".new", info.ModTime(), info.ModTime()), os.Rename(profile+".new", profile)); err != nil {
		t.Fatal(err)
	}
	if reads() {
		t.Error("narrowed: the cache entry of the old profile is used")
	}
	// The same file, changed and set back.
	w.Write(profile, wide)
	if !reads() {
		t.Error("the wide profile does not grant; the test is void")
	}
	w.Write(profile, narrow)
	for range 2 {
		forget(w)
		if r := w.Host("cp", "-a", kept, launches(w)); r.Status != 0 {
			t.Fatal(r.Output())
		}
		if reads() {
			t.Error("with the cache entries of the old profile put back, it grants")
		}
		if err := os.Chtimes(profile, info.ModTime(), info.ModTime()); err != nil {
			t.Fatal(err)
		}
	}
	w.Write(profile, wide)
	if !reads() {
		t.Error("with the old profile put back, it does not grant")
	}
}
