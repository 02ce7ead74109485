package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A head start: the entry point of jail begins a jail from the record of an earlier
// launch, before the Go runtime starts.

// settledAfter is how long what a launch depends on must have been as it is
// before the launch is kept.
const settledAfter = 2100 * time.Millisecond

func (w *world) launches() string { return filepath.Join(w.home, ".cache", "jail", "launch") }

// beginnings lists the records that launches can be begun from, each with what
// changes when it is written again.
func (w *world) beginnings() map[string]uint64 {
	w.t.Helper()
	found, err := filepath.Glob(filepath.Join(w.launches(), "*.begin"))
	if err != nil {
		w.t.Fatal(err)
	}
	all := map[string]uint64{}
	for _, name := range found {
		var stat unix.Stat_t
		if err := unix.Lstat(name, &stat); err != nil {
			w.t.Fatal(err)
		}
		all[name] = stat.Ino<<32 ^ uint64(stat.Ctim.Nano())
	}
	return all
}

// recorded launches until one of the launches leaves a record of its beginning.
func (w *world) recorded(launch func()) {
	w.t.Helper()
	if runtime.GOARCH != "amd64" {
		w.t.Skip("a jail has a head start on amd64 only")
	}
	time.Sleep(settledAfter)
	before := w.beginnings()
	for range 4 {
		launch()
		if !maps.Equal(before, w.beginnings()) {
			return
		}
	}
	w.t.Fatal("the launches leave no record of how they begin")
}

// begun are the cells of a launch: those made before the Go runtime started, and all.
type begun struct{ early, all int }

var (
	headStart = begun{1, 1}
	inVain    = begun{1, 2}
	noStart   = begun{0, 1}
)

// cells runs jail and counts.
func (w *world) cells(line ...string) (begun, *result) {
	w.t.Helper()
	need(w.t, "strace")
	trace := filepath.Join(w.root, "cells")
	r := w.host(append([]string{"strace", "-f", "-qq", "-e", "trace=clone,clone3,sched_getaffinity", "-e", "signal=none", "-o", trace}, line...)...)
	var b begun
	started := false
	for l := range strings.Lines(w.read(trace)) {
		switch {
		case strings.Contains(l, "sched_getaffinity(0, 8192"): // so begins the runtime
			started = true
		case strings.Contains(l, "CLONE_NEWUSER"):
			b.all++
			if !started {
				b.early++
			}
		}
	}
	if !started {
		w.t.Fatalf("the runtime does not ask for its processors; the test is void\n%s", w.read(trace))
	}
	return b, r
}

// forget takes all records away.
func (w *world) forget() {
	w.t.Helper()
	if err := os.RemoveAll(w.launches()); err != nil {
		w.t.Fatal(err)
	}
}

var (
	mountNumbers = regexp.MustCompile(`^\d+ \d+ \d+:\d+ `)
	streamNumber = regexp.MustCompile(`(pipe|socket):\[\d+\]`)
	ownNumbers   = regexp.MustCompile(`^(Vm|Rss|Hugetlb|voluntary|nonvoluntary|Threads|State)`)
)

// sight is all that the probe reports but for what is another for each launch.
func sight(t *testing.T, r *result) string {
	t.Helper()
	if r.status != 0 {
		return fmt.Sprintf("status %d\n%s", r.status, r.output())
	}
	f := parseFacts(t, r.stdout)
	f.MachineID = ""
	for i, m := range f.Mounts {
		f.Mounts[i] = mountNumbers.ReplaceAllString(m, "")
	}
	for fd, to := range f.Descriptors {
		f.Descriptors[fd] = streamNumber.ReplaceAllString(to, "$1")
	}
	maps.DeleteFunc(f.Status, func(key, _ string) bool { return ownNumbers.MatchString(key) })
	_, f.Status["SigQ"], _ = strings.Cut(f.Status["SigQ"], "/") // the limit; how many are queued is the user's affair
	text, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + r.stderr
}

// firstDifference shows where two texts part.
func firstDifference(a, b string) string {
	one, two := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range one {
		if i >= len(two) || one[i] != two[i] {
			return strings.Join(one[i:min(i+3, len(one))], "\n") + "\nand\n" + strings.Join(two[min(i, len(two)):min(i+3, len(two))], "\n")
		}
	}
	return "one goes on"
}

// The third launch of a command line is begun before the runtime starts, in one
// cell, and its program sees what it sees after any other launch.
func TestHeadStart(t *testing.T) {
	w := newWorld(t)
	for _, flags := range [][]string{
		nil,
		{"--hide", "~/Downloads/x", "--overlay", "/usr/share", "--user", "root", "--open-files=99"},
		{"--network", "host", "--share", "ipc", "--landlock", "off"},
	} {
		line := slices.Concat([]string{jailBin, "run", "--profile", "default", "--read", binDir}, flags, []string{probeBin})
		w.recorded(func() { w.host(line...) })
		got, r := w.cells(line...)
		if got != headStart {
			t.Errorf("%q: of %d cells %d were made before the runtime started", flags, got.all, got.early)
		}
		if parseFacts(t, r.stdout).PID != 2 {
			t.Errorf("%q: %s", flags, r.output())
		}
		before := w.beginnings()
		with, again := w.host(line...), w.host(line...)
		if !maps.Equal(before, w.beginnings()) {
			t.Errorf("%q: a launch with a head start wrote its record again", flags)
		}
		one, two := parseFacts(t, with.stdout).MachineID, parseFacts(t, again.stdout).MachineID
		if one == two || len(one) != 32 || strings.Trim(one, "0123456789abcdef") != "" || strings.HasPrefix(one, "00000000") {
			t.Errorf("%q: the machine ids of two jails are %s and %s", flags, one, two)
		}
		w.forget()
		if got, _ := w.cells(line...); got.early != 0 { // one to throw away where namespaces are shared
			t.Errorf("%q: without a record, of %d cells %d were made before the runtime started", flags, got.all, got.early)
		}
		w.forget()
		without := w.host(line...)
		if a, b := sight(t, with), sight(t, without); a != b {
			t.Errorf("%q: after a head start the probe sees another jail than without: %s", flags, firstDifference(a, b))
		}
	}
	nothingRuns(t)
}

// One record serves all arguments and variables: each program gets its own.
func TestHeadStartHasItsOwnArguments(t *testing.T) {
	w := newWorld(t)
	line := []string{jailBin, "run", "--profile", "default", "--env", "WORD", "sh"}
	w.recorded(func() { w.host(append(line, "-c", "exit 3")...) })
	usual := w.env
	for i := range 6 {
		before := w.beginnings()
		w.env = append(slices.Clone(usual), fmt.Sprintf("WORD=%s%d", strings.Repeat("long", i*i*100), i), "SECRET=x")
		w.stdin = fmt.Sprint("line ", i)
		argument := strings.Repeat("argument", i*100)
		r := w.host(append(line, "-c", `echo "$1 $WORD $SECRET"; exit `+fmt.Sprint(i), "sh", argument)...)
		if want := fmt.Sprintf("%s %s%d \n", argument, strings.Repeat("long", i*i*100), i); r.stdout != want || r.status != i {
			t.Errorf("exit status %d, want %d; printed %.40q…, want %.40q…", r.status, i, r.output(), want)
		}
		if w.stdin = ""; i > 0 && !maps.Equal(before, w.beginnings()) {
			t.Errorf("launch %d had no head start", i)
		}
	}
}

// What the caller ignores is not ignored in the jail, but for hangups: the entry
// point forks before the Go runtime has taken over any signal.
func TestHeadStartSignals(t *testing.T) {
	w := newWorld(t)
	line := []string{"env", "--ignore-signal", jailBin, "run", "--profile", "default", "grep", "SigIgn", "/proc/self/status"}
	if r := w.host("env", "--ignore-signal", "grep", "SigIgn", "/proc/self/status"); !strings.Contains(r.stdout, "fffffff") {
		t.Fatalf("outside, %s; the test is void", r.output())
	}
	w.recorded(func() { w.host(line...) })
	if got, r := w.cells(line...); got != headStart || r.stdout != "SigIgn:\t0000000000000001\n" || r.status != 0 {
		t.Errorf("of %d cells %d were made before the runtime started: status %d, %s", got.all, got.early, r.status, r.output())
	}
}

// A jail that is put in the place of another has nothing of its records.
func TestHeadStartOfAnotherBinary(t *testing.T) {
	w := newWorld(t)
	own := filepath.Join(w.root, "jail-of-its-own")
	data := readFile(t, jailBin)
	install := func() {
		if err := os.RemoveAll(own); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(own, data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	install()
	line := []string{own, "run", "--profile", "default", "true"}
	w.recorded(func() { w.host(line...) })
	if got, r := w.cells(line...); got != headStart || r.status != 0 {
		t.Fatalf("%+v, status %d\n%s", got, r.status, r.output())
	}
	install()
	if got, r := w.cells(line...); got != noStart || r.status != 0 {
		t.Errorf("after jail was installed again: %+v, status %d\n%s", got, r.status, r.output())
	}
}

// From a terminal too: the program has one of the jail's own, and its size.
func TestHeadStartFromATerminal(t *testing.T) {
	w := newWorld(t)
	line := []string{jailBin, "run", "--profile", "default", "sh", "-c", "tty; stty size; read x; echo got $x; exit 9"}
	launch := func() string {
		p := w.terminal(line...)
		p.shows("24 80", 1)
		p.keys("word\r")
		p.shows("got word", 1)
		if status := p.ends(); status != 9 {
			t.Errorf("exit status %d, want 9", status)
		}
		return p.seen()
	}
	w.recorded(func() { launch() })
	before := w.beginnings()
	with := launch()
	if !maps.Equal(before, w.beginnings()) {
		t.Error("from a terminal there is no head start")
	}
	w.forget()
	if without := launch(); with != without {
		t.Errorf("with a head start the terminal shows %q, without %q", with, without)
	}
	nothingRuns(t)
}
