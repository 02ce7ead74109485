package repositories

import (
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// attack is a way to have code run outside, by a program that may write a directory.
// {PWN} is a command that leaves a mark which no jail can leave, {SRV} a directory
// that no jail is granted.
type attack struct {
	name     string
	setup    string   // what there is: a script that runs outside, in the project
	script   string   // what the program does
	flags    []string // of the jail; --write . when there are none
	victim   string   // what somebody does outside later; git status and its kin when empty
	wide     []string // what lets it work in a jail; startup: {automatic: report} when empty
	env      []string // of everything
	within   string   // what the jail is started by, in words
	alone    bool     // the script must fail in a jail: nothing is there to be taken away
	reported bool     // it works, and the user is told
	failed   bool     // also without jail, as on a file system that tells case apart
	never    bool     // nothing lets it work in a jail
	refused  bool     // jail does not begin
}

const (
	// usual is what happens in every project: a prompt looks, the user commits.
	usual = "git status >/dev/null; git commit --allow-empty -qm later; git checkout -q -b later; git gc -q; true"
	// monitor is a setting by which git status runs a command.
	monitor = `printf '[core]\nfsmonitor = "{PWN}; false"\n'`
	// hook is the text of a hook.
	hook = `printf '#!/bin/sh\n{PWN}\n'`
	// repository makes one with a commit.
	repository = "git init -q . && echo one >file && git add file && git commit -qm one; "
)

// arm tries an attack in a world of its own, and returns how the program ended and
// whether its code ran.
func (a *attack) arm(t *testing.T, flags []string, jailed bool) (*testenv.Result, bool, *testenv.World) {
	t.Helper()
	w := newWorld(t)
	srv, mark := filepath.Join(w.Root, "srv"), filepath.Join(w.Root, "pwned")
	w.Mkdir(srv)
	expand := strings.NewReplacer("{PWN}", "touch "+mark, "{SRV}", srv, "{PROJECT}", w.Project, "{HOME}", w.Home).Replace
	for _, e := range a.env {
		w.Env = append(w.Env, expand(e))
	}
	if r := w.Host("sh", "-ec", expand(a.setup)); r.Status != 0 {
		t.Fatalf("%q: status %d\n%s", a.setup, r.Status, r.Output())
	}
	script := []string{"sh", "-ec", expand(a.script)}
	open := w.Profile("extends: [default]\nfilesystem: {startup: {automatic: report}}\n")
	if jailed {
		args := append(words(expand(a.within)), w.JailBin, "run", "--profile", "default")
		profile := len(args) - 1
		for _, f := range flags {
			if f == "OPEN" {
				args[profile] = open
				continue
			}
			args = append(args, expand(f))
		}
		script = append(args, script...)
	}
	r := w.Host(script...)
	if r.Status == 125 {
		return r, false, w
	}
	victim := a.victim
	if victim == "" {
		victim = usual
	}
	w.Host("bash", "-c", expand(victim))
	return r, testenv.Exists(mark), w
}

// try has three arms: without jail the code runs, in a jail it does not, which the user
// is told unless nothing was made at all, and with the guard off it runs again, which
// the user is told as well.
func (a *attack) try(t *testing.T) {
	t.Helper()
	if r, ran, _ := a.arm(t, nil, false); ran == a.failed {
		t.Fatalf("without jail its code ran: %v; the test is void\n%s", ran, r.Output())
	}
	flags := a.flags
	if flags == nil {
		flags = []string{"--write", "."}
	}
	r, ran, w := a.arm(t, flags, true)
	taken := strings.Contains(r.Stderr, "taken away, since programs outside would run or obey it")
	switch {
	case a.reported:
		if !ran || !reports(r, w) {
			t.Errorf("in the jail it works: %v; it should be reported\n%s", ran, r.Output())
		}
		return
	case a.refused:
		if ran || r.Status != 125 {
			t.Errorf("in the jail: its code ran: %v, status %d, want 125\n%s", ran, r.Status, r.Output())
		}
		return
	case r.Status == 125:
		t.Errorf("jail did not begin; the test is void\n%s", r.Output())
	case ran:
		t.Errorf("in the jail: its code ran outside; status %d\n%s", r.Status, r.Output())
	case r.Status == 0 && !taken && !a.failed, a.alone && r.Status == 0:
		t.Errorf("in the jail: status %d and no word\n%s", r.Status, r.Output())
	case taken && !strings.Contains(w.Succeeds("changes").Stdout, "\n  taken    "):
		t.Errorf("what was taken away is not listed:\n%s", w.Succeeds("changes").Stdout)
	}
	if a.failed || a.never {
		return
	}
	wide := slices.Concat(flags, a.wide)
	if a.wide == nil {
		wide = append(wide, "OPEN")
	}
	r, ran, w = a.arm(t, wide, true)
	if !ran {
		t.Errorf("with the guard off it does not work; status %d\n%s", r.Status, r.Output())
	}
	if a.wide == nil && !reports(r, w) {
		t.Errorf("with the guard off nothing is reported\n%s\n%s", r.Output(), w.Succeeds("changes").Stdout)
	}
}

// reports tells whether the user was told that something is new or has changed.
func reports(r *testenv.Result, w *testenv.World) bool {
	return strings.Contains(r.Stderr, "new or changed meanwhile, and obeyed by other programs") && strings.Contains(w.Succeeds("changes").Stdout, "\n  ")
}

func words(text string) []string { return strings.Fields(text) }

func tryAll(t *testing.T, attacks []attack) {
	t.Helper()
	for i := range attacks {
		t.Run(attacks[i].name, func(t *testing.T) {
			t.Parallel()
			attacks[i].never = attacks[i].never || testing.Short() && i%4 != 0 // the third arm takes a while
			attacks[i].try(t)
		})
	}
}

// newWorld is a world whose git has a name and fixed times.
func newWorld(t *testing.T) *testenv.World {
	t.Helper()
	w := testenv.NewBareWorld(t)
	w.Write(filepath.Join(w.Home, ".gitconfig"), gitConfig)
	own, err := user.Current()
	testenv.Must(t, err)
	w.Env = append(w.Env, "USER="+own.Username, "LOGNAME="+own.Username, "GIT_AUTHOR_DATE=1700000000 +0000", "GIT_COMMITTER_DATE=1700000000 +0000", "TZ=UTC")
	return w
}

const gitConfig = `[user]
	name = Ann
	email = ann@example.org
[init]
	defaultBranch = main
[protocol "file"]
	allow = always
[advice]
	detachedHead = false
[gc]
	auto = 0
[maintenance]
	auto = false
`
