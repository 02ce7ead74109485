package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// settledAfter is how long what a launch depends on must have been as it is
// before the launch is kept.
const settledAfter = 2100 * time.Millisecond

func (w *world) launches() string { return filepath.Join(w.home, ".cache", "jail", "launch") }

// forget takes all records of launches away.
func (w *world) forget() {
	w.t.Helper()
	if err := os.RemoveAll(w.launches()); err != nil {
		w.t.Fatal(err)
	}
}

// install puts a copy of jail where this world's programs are, as an update would:
// a new file takes the name of the old one.
func (w *world) install(further string) string {
	w.t.Helper()
	name := filepath.Join(w.root, "bin", "jail")
	w.mkdir(filepath.Dir(name))
	if err := os.WriteFile(name+".new", []byte(w.read(jailBin)+further), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		w.t.Fatal(err)
	}
	return name
}

// R12: jail is updated while a jail runs. Who enters with the new one is confined
// as the jail is; a record that another version wrote is refused.
func TestR12BinaryReplaced(t *testing.T) {
	w := newWorld(t)
	old := jailBin
	t.Cleanup(func() { jailBin = old })
	secret := filepath.Join(w.home, canaries[0])
	installed := w.install("")
	jailBin = installed
	guarded := w.runs("--profile", "default", "--read", binDir, "sleep", "600")
	granted := w.runs("--profile", "default", "--read", secret, "sleep", "600")
	jailBin = old
	w.install("another build")
	jailBin = installed

	before := guarded.enter(probeBin)
	facts := parseFacts(t, before.stdout)
	launched := w.probe("--profile", "default")
	for _, key := range []string{"Seccomp", "Seccomp_filters", "NoNewPrivs", "CapEff", "CapBnd", "CapPrm", "CapInh", "CapAmb", "Uid", "Gid", "Groups"} {
		if facts.Status[key] != launched.Status[key] || key != "Groups" && facts.Status[key] == "" {
			t.Errorf("entered by a new binary, %s is %q, launched %q", key, facts.Status[key], launched.Status[key])
		}
	}
	if r := w.host("cat", secret); !strings.Contains(r.stdout, w.canary) {
		t.Fatalf("the test is void: %s", r.output())
	}
	if r := guarded.enter("cat", secret); r.status != 1 || strings.Contains(r.stdout, w.canary) {
		t.Errorf("entered by a new binary: status %d, %s", r.status, r.output())
	}
	if r := granted.enter("cat", secret); r.status != 0 || !strings.Contains(r.stdout, w.canary) {
		t.Errorf("the test is void: what is granted can't be read: status %d, %s", r.status, r.output())
	}

	// The record begins with its version.
	record := filepath.Join(w.root, "run/jail", granted.id)
	data := []byte(w.read(record))
	put := func(data []byte) {
		if err := os.WriteFile(record, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, version := range []byte{0, data[0] + 1, 0x7f} {
		other := slices.Clone(data)
		other[0] = version
		put(other)
		for _, args := range [][]string{{"enter", granted.id, "cat", secret}, {"stop", "--grace", "0s", granted.id}} {
			if r := w.jail(args...); r.status != 125 || r.stdout != "" || !strings.Contains(r.stderr, "another version of jail") {
				t.Errorf("a record of version %d: %q: status %d, %s", version, args, r.status, r.output())
			}
		}
	}
	put(data)
	if r := w.jail("stop", "--grace", "0s", granted.id); r.status != 0 {
		t.Errorf("with the record as it was: status %d, %s", r.status, r.output())
	}
}

// C9: an older and wider profile comes to force by nothing but that profile: not
// by the records of its launches, nor when its file is made to look unchanged.
func TestC9OlderPolicy(t *testing.T) {
	w := newWorld(t)
	profile := filepath.Join(w.home, ".config/jail/profiles/mine.yaml")
	secret := filepath.Join(w.home, "Documents/diary.txt")
	wide := "extends: [default]\nfilesystem: {read: [~/Documents]}\n"
	narrow := "extends: [default]\nfilesystem: {hide: [~/Documents]}\n"
	w.write(profile, wide)
	info, err := os.Stat(profile)
	if err != nil {
		t.Fatal(err)
	}
	reads := func() bool {
		r := w.jail("run", "--profile", "mine", "cat", secret)
		if r.status > 1 {
			t.Fatalf("status %d\n%s", r.status, r.output())
		}
		return strings.Contains(r.stdout, w.canary)
	}
	time.Sleep(settledAfter)
	for range 4 {
		reads()
	}
	if found, err := filepath.Glob(filepath.Join(w.launches(), "*.launch")); len(found) == 0 {
		t.Fatalf("the launches leave no record; the test is void: %v", err)
	}
	kept := filepath.Join(w.root, "kept")
	if r := w.host("cp", "-a", w.launches(), kept); r.status != 0 || !reads() {
		t.Fatalf("the wide profile does not grant; the test is void\n%s", r.output())
	}
	// Another file in its place, with the times and the size of the old one.
	w.write(profile+".new", narrow)
	if err := firstError(os.Chtimes(profile+".new", info.ModTime(), info.ModTime()), os.Rename(profile+".new", profile)); err != nil {
		t.Fatal(err)
	}
	if reads() {
		t.Error("narrowed: the record of the old profile is used")
	}
	// The same file, changed and set back.
	w.write(profile, wide)
	if !reads() {
		t.Error("the wide profile does not grant; the test is void")
	}
	w.write(profile, narrow)
	for range 2 {
		w.forget()
		if r := w.host("cp", "-a", kept, w.launches()); r.status != 0 {
			t.Fatal(r.output())
		}
		if reads() {
			t.Error("with the records of the old profile put back, it grants")
		}
		if err := os.Chtimes(profile, info.ModTime(), info.ModTime()); err != nil {
			t.Fatal(err)
		}
	}
	w.write(profile, wide)
	if !reads() {
		t.Error("with the old profile put back, it does not grant")
	}
}
