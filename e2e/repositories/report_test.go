package repositories

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// Nothing is said of a run that left nothing behind, whatever it looked at, and of one that
// did it is said what.
func TestReports(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "git")
	w := newWorld(t)
	setup := repository + "mkdir -p .vscode .github/workflows .husky; echo '{}' >.vscode/settings.json; echo x >.envrc; echo x >.github/workflows/a.yml; echo x >.husky/pre-commit; git add .; git commit -qm two"
	if r := w.Host("sh", "-ec", setup); r.Status != 0 {
		t.Fatal(r.Output())
	}
	jail := func(script string) *testenv.Result {
		return w.Succeeds("run", "--profile", "default", "--write", ".", "sh", "-ec", script)
	}
	for _, script := range []string{
		"true", "ls -laR . >/dev/null", "cat .envrc .vscode/* .git/config >/dev/null", "git status >/dev/null", "grep -r x . >/dev/null || true",
		"echo x >new; mkdir -p dir; echo y >dir/file; mv dir other", "find . -newer file >/dev/null", "tar -cf - . >/dev/null",
		"ln file hard; ln -s file soft", "git -c user.name=a -c user.email=a add new; git -c user.name=a -c user.email=a commit -qm three", "git checkout -q HEAD~1; git checkout -q main",
	} {
		if r := jail(script); r.Stderr != "" {
			t.Errorf("%q: %s", script, r.Stderr)
		}
	}
	if r := w.Succeeds("git", "log", "--oneline"); r.Stderr != "" {
		t.Errorf("jail git log: %s", r.Stderr)
	}
	if r := w.Succeeds("changes"); r.Stdout != "" {
		t.Errorf("jail changes: %s", r.Stdout)
	}
	for _, c := range [][2]string{
		{"echo y >>.envrc", `".envrc"`},
		{"echo y >.vscode/settings.json", `".vscode/settings.json"`},
		{"echo y >.vscode/tasks.json", `".vscode/tasks.json"`},
		{"mkdir .idea; echo y >.idea/x", `".idea/x"`},
		{"rm -r .idea; mkdir -p i; echo z >i/z; mv i .idea", `".idea/z"`},
		{"echo y >n; mv n .github/workflows/a.yml", `".github/workflows/a.yml"`},
		{"ln -s file lefthook.yml", `"lefthook.yml"`},
		{"ln file .mcp.json", `".mcp.json"`},
		{"chmod +x .husky/pre-commit", `".husky/pre-commit"`},
	} {
		if r := jail(c[0]); !strings.Contains(r.Stderr, "new or changed meanwhile, and obeyed by other programs: "+c[1]) {
			t.Errorf("%q: %s", c[0], r.Stderr)
		}
		if r := w.Succeeds("changes"); !strings.Contains(r.Stdout, filepath.Join(w.Project, strings.Trim(c[1], `"`))) {
			t.Errorf("%q is not listed: %s", c[0], r.Stdout)
		}
	}
}

// Two jails of one directory help each other to make what neither may: moving it to and
// fro, by exchange, and when the other has ended.
func TestPlantedTogether(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "git", "python3")
	w := newWorld(t)
	if r := w.Host("sh", "-ec", repository+"rm -rf .git/hooks; mkdir .git/h; printf '#!/bin/sh\\ntouch "+w.Root+"/pwned\\n' >.git/h/pre-commit; chmod +x .git/h/pre-commit"); r.Status != 0 {
		t.Fatal(r.Output())
	}
	// Python's os has rename, which is all that is needed, and is fast.
	const move = `
import os, sys, time
end = time.time() + float(sys.argv[1])
n = 0
while time.time() < end and n < 200:
    n += 1
    for a, b in ((".git/h", ".git/hooks"), (".git/hooks", ".git/h"), (".git/h", ".git/i"), (".git/i", ".git/h")):
        try: os.rename(a, b)
        except OSError: pass
        time.sleep(0.001)
`
	w.Write(filepath.Join(w.Project, "move.py"), move)
	args := []string{w.JailBin, "run", "--profile", "default", "--write", ".", "python3", "move.py"}
	var out bytes.Buffer
	var all []*testenv.Command
	for _, seconds := range []string{"0.5", "1", "1.5"} {
		cmd := w.Command(append(args, seconds)...)
		cmd.Stdout, cmd.Stderr = &out, &out
		testenv.Must(t, cmd.Start())
		all = append(all, cmd)
	}
	for _, cmd := range all {
		_ = cmd.Wait()
	}
	if testenv.Exists(filepath.Join(w.Project, ".git/hooks")) {
		t.Error("hooks were made")
	}
	w.Host("sh", "-c", usual)
	if testenv.Exists(filepath.Join(w.Root, "pwned")) {
		t.Error("the hook ran outside")
	}
	if r := w.Succeeds("changes"); !strings.Contains(r.Stdout, "\n  taken    ") {
		t.Errorf("nothing is said of it:\n%s%s", r.Stdout, out.String())
	}
	// Negative control: without the guard one of them leaves it there.
	profile := w.Profile("extends: [default]\nfilesystem: {startup: {automatic: report}}\n")
	w.Succeeds("run", "--profile", profile, "--write", ".", "sh", "-ec", "mkdir .git/hooks; printf '#!/bin/sh\\ntouch "+w.Root+"/pwned\\n' >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit")
	w.Host("sh", "-c", "git checkout -q main; git commit -q --allow-empty -m x")
	if !testenv.Exists(filepath.Join(w.Root, "pwned")) {
		t.Error("with the guard off it does not work")
	}
}

// What a program of the profile for git makes in a new repository is reported, and so are
// hooks among it, but not those that git makes itself.
func TestReportsOfNewRepository(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "git")
	for script, want := range map[string]bool{"git init -q": false, "git init -q; echo x >.git/hooks/pre-commit": true, "mkdir -p .git/hooks; echo x >.git/hooks/pre-commit": true} {
		w := newWorld(t)
		r := w.Succeeds("run", "--profile", "git", "sh", "-ec", script)
		if got := strings.Contains(r.Stderr, `".git/hooks/pre-commit"`); got != want || strings.Contains(r.Stderr, ".sample") {
			t.Errorf("%q: %s", script, r.Stderr)
		}
	}
}
