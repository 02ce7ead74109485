package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// begunFile is the one record of a world.
func (w *world) begunFile() string {
	w.t.Helper()
	files := slices.Collect(maps.Keys(w.beginnings()))
	if len(files) != 1 {
		w.t.Fatalf("%d records, want one", len(files))
	}
	return files[0]
}

// honestly makes the checksum of a changed record true.
func honestly(record []byte) []byte {
	sum := uint64(1)
	for at := 16; at+8 <= len(record); at += 8 {
		var next uint64
		for i := range 8 {
			next |= uint64(record[at+i]) << (8 * i)
		}
		sum = (sum ^ next) * 0x9e3779b97f4a7c15
		sum ^= sum >> 29
	}
	for i := range 8 {
		record[8+i] = byte(sum >> (8 * i))
	}
	return record
}

// A record that somebody changed, checksum and all, begins a cell, and that is
// all: what is not in the plan is not in the jail.
func TestHeadStartFromAForgedRecord(t *testing.T) {
	w := newWorld(t)
	w.write(filepath.Join(w.home, "open", "file"), "granted\n")
	const script = `cat ~/open/* ~/.ssh/*; ls -d ~/open`
	line := []string{jailBin, "run", "--profile", "default", "--read", "~/open", "sh", "-c", script}
	w.recorded(func() { w.host(line...) })
	name := w.begunFile()
	record := readFile(t, name)
	want := w.host(line...)
	if !strings.Contains(want.stdout, "granted") || strings.Contains(want.output(), w.canary) {
		t.Fatalf("the program prints %q; the test is void", want.output())
	}
	forge := func(from, to string) []byte {
		if !strings.Contains(string(record), from) {
			t.Fatalf("%q is not in the record; the test is void", from)
		}
		return honestly([]byte(strings.Replace(string(record), from, to, 1)))
	}
	const image = 112
	openGate := slices.Clone(record)
	openGate[image+8] = 1
	for _, c := range []struct {
		name   string
		record []byte
		want   begun
	}{
		{"as it is", record, headStart},
		{"another directory is granted", forge("\x00open\x00", "\x00.ssh\x00"), inVain},
		{"the gate is open", honestly(openGate), inVain},
		{"another host name", forge("\x00jail\x00", "\x00host\x00"), inVain},
		{"a changed byte", append([]byte(strings.Replace(string(record), "\x00open\x00", "\x00.ssh\x00", 1)), []byte{}...), noStart},
		{"cut off", honestly(slices.Clone(record[:len(record)-8])), noStart},
	} {
		if err := os.WriteFile(name, c.record, 0o600); err != nil {
			t.Fatal(err)
		}
		got, r := w.cells(line...)
		if got != c.want {
			t.Errorf("%s: of %d cells %d were made before the runtime started, want %d of %d", c.name, got.all, got.early, c.want.early, c.want.all)
		}
		if r.status != want.status || r.stdout != want.stdout || r.stderr != want.stderr {
			t.Errorf("%s: status %d, and the program prints %q, want %q", c.name, r.status, r.output(), want.output())
		}
		if got == inVain {
			if exists(name) {
				t.Errorf("%s: the record is still there", c.name)
			}
			w.host(line...) // the next launch writes it
		}
		if now := readFile(t, name); string(now) != string(record) {
			t.Errorf("%s: the record was not written again", c.name)
		}
	}
	// What the forged path would have shown, had it been obeyed: the same flag with
	// that name.
	line[5] = "~/.ssh"
	line[len(line)-1] = "cat ~/.ssh/*"
	if r := w.host(line...); !strings.Contains(r.stdout, w.canary) {
		t.Errorf("a jail with the canary does not show it: %q", r.output())
	}
	nothingRuns(t)
}

// Records are believed only in a directory that nobody else could have written.
func TestHeadStartNeedsADirectoryOfTheUsers(t *testing.T) {
	w := newWorld(t)
	line := []string{jailBin, "run", "--profile", "default", "true"}
	w.recorded(func() { w.host(line...) })
	dir, moved := w.launches(), filepath.Join(w.root, "moved")
	for _, c := range []struct {
		name         string
		change, undo func() error
	}{
		{"others may write it", func() error { return os.Chmod(dir, 0o777) }, func() error { return os.Chmod(dir, 0o700) }},
		{"it is a link", func() error {
			if err := os.Rename(dir, moved); err != nil {
				return err
			}
			return os.Symlink(moved, dir)
		}, func() error {
			if err := os.Remove(dir); err != nil {
				return err
			}
			return os.Rename(moved, dir)
		}},
	} {
		if err := c.change(); err != nil {
			t.Fatal(err)
		}
		if got, r := w.cells(line...); got != noStart || r.status != 0 {
			t.Errorf("%s: %+v, status %d\n%s", c.name, got, r.status, r.output())
		}
		if err := c.undo(); err != nil {
			t.Fatal(err)
		}
		if got, _ := w.cells(line...); got != headStart {
			t.Errorf("%s no longer: %+v", c.name, got)
		}
	}
}
