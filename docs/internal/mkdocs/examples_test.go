package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/yaml"
	"github.com/jail-project/jail/profiles"
)

// TestProfilesLoad reads every YAML block, and every profile of the manual
// pages, as a profile. What a comment calls "with errors" must have some.
func TestProfilesLoad(t *testing.T) {
	loaded := 0
	for _, p := range readPages(t) {
		for _, part := range p.parts {
			isProfile := part.lang == "yaml" || strings.HasSuffix(p.name, ".scd") && strings.Contains(part.text, ":\n")
			if !part.fenced || !isProfile {
				continue
			}
			loaded++
			problems := load(part)
			wantErrors := strings.Contains(part.note, "with errors")
			if problems.HasErrors() != wantErrors {
				t.Errorf("%s:%d: errors %v, wanted %v: %v", p.name, part.line, problems.HasErrors(), wantErrors, problems)
			}
		}
	}
	if loaded < 8 {
		t.Errorf("only %d profiles: they are not recognised any more", loaded)
	}
}

// load reads a block as the profile "example", or as a drop-in of the
// profile that its comment names.
func load(p part) diag.List {
	name, file := "example", "example.yaml"
	if dropIn, ok := strings.CutPrefix(p.note, "drop-in: "); ok {
		file = dropIn
		name, _, _ = strings.Cut(dropIn, ".d/")
	}
	store := policy.Store{Parse: yaml.Parse, Dirs: []policy.Dir{
		{Path: "/profiles", FS: fstest.MapFS{file: {Data: []byte(p.text)}}},
		{FS: profiles.FS, Embedded: true},
	}}
	_, _, problems := policy.Load(store, policy.Request{Name: name})
	return problems
}

// TestConsole executes every console block of the Markdown pages in a home
// directory of its own, and compares what is printed. The files that a page
// shows or names in comments are there, and the jail that a comment "in the
// background: COMMAND" starts runs. A line "..." stands for any lines.
func TestConsole(t *testing.T) {
	needJails(t)
	commands := 0
	for _, p := range readPages(t) {
		if filepath.Ext(p.name) != ".md" {
			continue
		}
		h := newHome(t)
		for _, part := range p.parts {
			h.files(t, part)
			if part.lang != "console" || strings.HasPrefix(part.note, "not run: ") {
				continue
			}
			if command, ok := strings.CutPrefix(part.note, "in the background: "); ok {
				h.background(t, command)
			}
			for _, s := range steps(part.text) {
				commands++
				if got := h.shell(t, s.command); !matches(s.output, got) {
					t.Errorf("%s:%d: $ %s\nprinted\n%s\nthe page says\n%s", p.name, part.line, s.command, got, s.output)
				}
			}
		}
	}
	if commands < 6 {
		t.Errorf("only %d commands: they are not recognised any more", commands)
	}
}

// step is a command of a console block, and what it prints.
type step struct{ command, output string }

func steps(text string) []step {
	var out []step
	for line := range strings.Lines(text) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			out = append(out, step{command: strings.TrimSpace(command)})
		} else if len(out) > 0 {
			out[len(out)-1].output += line
		}
	}
	return out
}

// matches compares line by line.
func matches(want, got string) bool {
	before, after, found := strings.Cut("\n"+want, "\n...\n")
	got = "\n" + got
	if !found {
		return before == got
	}
	rest, ok := strings.CutPrefix(got, before)
	if !ok {
		return false
	}
	for {
		if matches(after, strings.TrimPrefix(rest, "\n")) {
			return true
		}
		if rest == "" {
			return false
		}
		_, rest, _ = strings.Cut(rest[1:], "\n")
		if rest != "" {
			rest = "\n" + rest
		}
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		want, got string
		ok        bool
	}{
		{"a\n", "a\n", true},
		{"a\n", "a\nb\n", false},
		{"a\n...\nd\n", "a\nb\nc\nd\n", true},
		{"a\n...\nd\n", "a\nb\nc\n", false},
		{"a\n...\n", "a\nb\n", true},
		{"...\nb\n", "a\nb\n", true},
		{"", "a\n", false},
	} {
		if matches(c.want, c.got) != c.ok {
			t.Errorf("%q against %q: not %v", c.want, c.got, c.ok)
		}
	}
}

// home is where the commands of one page run: the home of a user called ann,
// with a project in it.
type home struct{ dir, project string }

func newHome(t *testing.T) *home {
	t.Helper()
	// Not below /tmp: every jail has a /tmp of its own.
	top, err := filepath.Abs(filepath.Join(root, "bin"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(top, 0o755); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp(top, "docs-") //nolint:usetesting // t.TempDir lies below /tmp
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	h := &home{dir: dir, project: filepath.Join(dir, "project")}
	for _, d := range []string{h.project, filepath.Join(dir, ".ssh"), filepath.Join(dir, "toolchain"), h.runtime()} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	h.write(t, filepath.Join(dir, ".ssh/id_ed25519"), "a key\n")
	return h
}

// runtime is where the jails of the examples are registered, and no others.
func (h *home) runtime() string { return filepath.Join(h.dir, ".run") }

// files makes what a part of a page shows as a file, or says in a comment.
func (h *home) files(t *testing.T, p part) {
	t.Helper()
	if name, ok := strings.CutPrefix(p.note, "file: "); ok && p.lang == "yaml" {
		name, _, _ = strings.Cut(name, ",")
		h.write(t, filepath.Join(h.project, name), p.text)
	}
	if p.fenced {
		return
	}
	text := p.text
	for {
		_, rest, found := strings.Cut(text, "<!-- file: ")
		if !found {
			return
		}
		comment, after, _ := strings.Cut(rest, "-->")
		if name, content, ok := strings.Cut(comment, "\n"); ok {
			h.write(t, filepath.Join(h.project, name), content)
		}
		text = after
	}
}

func (h *home) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// shell runs a command in the project and returns what it prints, with the
// home directory under the name that the pages have for it.
func (h *home) shell(t *testing.T, command string) string {
	t.Helper()
	sh := h.command(t, command)
	var out bytes.Buffer
	sh.Stdout, sh.Stderr = &out, &out
	_ = sh.Run() // the output says what is wrong; some commands are meant to fail
	return strings.ReplaceAll(out.String(), h.dir, "/home/ann")
}

// command prepares a shell in the project.
func (h *home) command(t *testing.T, command string) *exec.Cmd {
	t.Helper()
	sh := exec.Command("sh", "-c", command)
	sh.Dir = h.project
	sh.Env = []string{
		"HOME=" + h.dir, "PWD=" + h.project, "USER=ann", "LANG=C.UTF-8", "TERM=dumb", "XDG_RUNTIME_DIR=" + h.runtime(),
		"PATH=" + filepath.Dir(jailBinary(t)) + ":/usr/local/bin:/usr/bin:/bin",
	}
	return sh
}

// background starts a jail that runs until the test ends, or somebody stops
// it.
func (h *home) background(t *testing.T, command string) {
	t.Helper()
	sh := h.command(t, "exec "+command)
	if err := sh.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = sh.Process.Kill()
		_ = sh.Wait()
	})
	for range 500 {
		if h.shell(t, "jail ps --names") != "" {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%s does not run", command)
}

// needJails skips where this machine can't make jails, and fails where
// nothing may be skipped.
func needJails(t *testing.T) {
	t.Helper()
	out, err := exec.Command(jailBinary(t), "doctor").CombinedOutput()
	if err == nil {
		return
	}
	if os.Getenv("JAIL_TEST_REQUIRE") != "" {
		t.Fatalf("this machine can't make jails:\n%s", out)
	}
	t.Skipf("this machine can't make jails:\n%s", out)
}

// buildDir holds the binary that the tests built, "" when none needed it.
var buildDir string

// buildJail builds the command once for all tests. It returns what the
// compiler says when that fails.
var buildJail = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "jail-docs-")
	if err != nil {
		return "", err
	}
	buildDir = dir
	name := filepath.Join(dir, "jail")
	build := exec.Command("go", "build", "-tags", "osusergo netgo", "-o", name, "./cmd/jail")
	build.Dir = root
	out, err := build.CombinedOutput()
	if err != nil {
		return string(out), err
	}
	return name, os.Chmod(dir, 0o755)
})

func jailBinary(t *testing.T) string {
	t.Helper()
	name, err := buildJail()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, name)
	}
	return name
}

// TestMain removes the binary that the tests built.
func TestMain(m *testing.M) {
	status := m.Run()
	if buildDir != "" {
		_ = os.RemoveAll(buildDir)
	}
	os.Exit(status)
}
