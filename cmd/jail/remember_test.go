package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jail-project/jail/cmd/internal/launcher"
	"github.com/jail-project/jail/cmd/jail/internal/planprint"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/launchcache"
	"github.com/jail-project/jail/profiles"
	"github.com/jail-project/jail/seccomp/libseccomp"
)

// atHome gives the test a home directory with nothing in it.
func atHome(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	for _, name := range []string{"XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"} {
		t.Setenv(name, "")
	}
	return home
}

// loadLine loads what a launch with these arguments would, as if it were a day
// later: nothing on which it depends was changed shortly before.
func loadLine(t *testing.T, argv ...string) (*app, *loaded) {
	t.Helper()
	var said strings.Builder
	a := &app{out: &said, err: &said, line: newCommandLine(argv)}
	var g runGrammar
	if _, ok := a.parse(&verb{name: "run", grammar: &g}, argv[1:]); !ok {
		t.Fatal(said.String())
	}
	l, _ := a.load(&g.Policy, g.Program, argv[1:])
	if l == nil {
		t.Fatal(said.String())
	}
	if !a.filterProgram(l) {
		t.Fatal(said.String())
	}
	l.memory.began = time.Now().Add(24 * time.Hour)
	return a, l
}

// recalled is what the cache has of a launch with these arguments.
func recalled(t *testing.T, argv []string) *launcher.Launch {
	t.Helper()
	h, err := host.Read(os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	return launcher.Recall(h, argv)
}

func kept(t *testing.T, home string) int {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(home, ".cache/jail/launch/*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

// TestRecalledPlans compares for every shipped profile the plan of what was
// read with the plan of what was kept.
func TestRecalledPlans(t *testing.T) {
	atHome(t)
	t.Chdir(t.TempDir())
	names, err := fs.Glob(profiles.FS, "*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal("no profiles", err)
	}
	for _, name := range names {
		name = strings.TrimSuffix(name, ".yaml")
		t.Run(name, func(t *testing.T) {
			a, l := loadLine(t, "jail", "--profile", name, "--read", ".", "--env", "A=b", "true")
			a.keep(l, l.launch())
			back := recalled(t, a.line.args)
			if back == nil {
				t.Fatal("nothing is recalled")
			}
			if !reflect.DeepEqual(back.Policy, l.policy) {
				t.Error("the policies differ")
			}
			back.Host = l.host
			back.Command.At = l.command.At
			want, wantProblems := compile.Compile(l.policy, l.host, l.command)
			got, gotProblems := compile.Compile(back.Policy, back.Host, back.Command)
			if !reflect.DeepEqual(gotProblems, wantProblems) || len(got.Plan.Setup) < 10 {
				t.Fatalf("problems %v, want %v", gotProblems, wantProblems)
			}
			if g, w := string(planprint.Text(got.Plan)), string(planprint.Text(want.Plan)); g != w {
				t.Errorf("the plans differ; got\n%s\nwant\n%s", g, w)
			}
			if !reflect.DeepEqual(got.Plan, want.Plan) {
				t.Error("the plans differ in what is not printed")
			}
		})
	}
}

// TestRecallNamesTheLibrary: a launch with a filter that was not shipped is
// kept with the file of the library, where that is a file.
func TestRecallNamesTheLibrary(t *testing.T) {
	if libseccomp.Version() == "" {
		t.Skip("this test was built without cgo, and cannot compile syscall filters")
	}
	for _, own := range []bool{false, true} {
		home := atHome(t)
		t.Chdir(t.TempDir())
		line := []string{"jail", "--profile", "default", "true"}
		if own {
			line = slices.Insert(line, 1, "--deny-syscall", "mkdir")
		}
		a, l := loadLine(t, line...)
		if !a.filterProgram(l) {
			t.Fatal(a.err)
		}
		a.keep(l, l.launch())
		names, err := filepath.Glob(filepath.Join(home, ".cache/jail/launch/*"))
		if err != nil || len(names) != 1 {
			t.Fatalf("%d launches are kept (%v)", len(names), err)
		}
		entry, err := os.ReadFile(names[0])
		if err != nil {
			t.Fatal(err)
		}
		file := libseccomp.File()
		if got := strings.Contains(string(entry), "/libseccomp.so"); got != (own && file != "") {
			t.Errorf("%q: the cache entry names a library: %v, which is %q", line, got, file)
		}
	}
}

func TestRecall(t *testing.T) {
	line := []string{"jail", "--read", "a", "true"}
	tests := []struct {
		name   string
		change func(home string) error
		same   bool
	}{
		{"nothing", func(string) error { return nil }, true},
		{"the file of a flag is written", func(string) error { return os.WriteFile("a", []byte("b"), 0o644) }, true},
		{"the file of a flag is gone", func(string) error { return os.Remove("a") }, false},
		{"a profile of the user's", func(home string) error {
			dir := filepath.Join(home, ".config/jail/profiles")
			return firstError(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "true.yaml"), nil, 0o644))
		}, false},
		{"a drop-in of the user's", func(home string) error {
			dir := filepath.Join(home, ".config/jail/profiles/default.d")
			return firstError(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "x.yaml"), nil, 0o644))
		}, false},
		{"another home", func(home string) error { t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "other")); return nil }, false},
		{"another directory", func(home string) error { t.Chdir(home); return nil }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			home := atHome(t)
			t.Chdir(t.TempDir())
			if err := os.WriteFile("a", nil, 0o644); err != nil {
				t.Fatal(err)
			}
			a, l := loadLine(t, line...)
			a.keep(l, l.launch())
			if recalled(t, line) == nil {
				t.Fatal("nothing is recalled")
			}
			if err := tt.change(home); err != nil {
				t.Fatal(err)
			}
			if (recalled(t, line) != nil) != tt.same {
				t.Errorf("recalled or not, and should be: %v", tt.same)
			}
		})
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestRecallWithinALine checks that arguments of the program do not count, and
// those of jail do.
func TestRecallWithinALine(t *testing.T) {
	atHome(t)
	t.Chdir(t.TempDir())
	a, l := loadLine(t, "jail", "--read", "/etc", "true", "x")
	a.keep(l, l.launch())
	for _, tt := range []struct {
		line []string
		from int
		same bool
	}{
		{[]string{"jail", "--read", "/etc", "true", "other", "--write"}, 3, true},
		{[]string{"jail", "--read", "/etc", "true"}, 3, true},
		{[]string{"jail", "--read", "/usr", "true", "x"}, 3, false},
		{[]string{"jail", "--read", "/etc", "false", "x"}, 3, false},
		{[]string{"jail", "true", "x"}, 1, false},
	} {
		back := recalled(t, tt.line)
		if (back != nil) != tt.same || back != nil && len(back.Command.Argv) != len(tt.line)-tt.from {
			t.Errorf("%q is recalled: %v", tt.line, back != nil)
		}
	}
}

// TestNotRemembered are launches of which nothing is kept.
func TestNotRemembered(t *testing.T) {
	home := atHome(t)
	t.Chdir(t.TempDir())
	a, l := loadLine(t, "jail", "--read", "/etc", "true")
	l.memory.warned = true
	a.keep(l, l.launch())
	l.memory.warned, l.memory.began = false, time.Time{}
	a.keep(l, l.launch())
	l.memory.began, l.host.Own.Cache = time.Now().Add(time.Hour), ""
	a.keep(l, l.launch())
	if n := kept(t, home); n != 0 {
		t.Errorf("%d launches are kept", n)
	}
	a, l = loadLine(t, "jail", "--read", "/etc", "true")
	a.keep(l, l.launch())
	if n := kept(t, home); n != 1 {
		t.Errorf("%d launches are kept", n)
	}
	info, err := os.Stat(launchcache.Dir(l.host.Own.Cache))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Error(info, err)
	}
}

// TestWarningsAreNotForgotten checks that a profile which gives a warning is
// read again, since the warning has to be shown again.
func TestWarningsAreNotForgotten(t *testing.T) {
	home := atHome(t)
	t.Chdir(t.TempDir())
	dir := filepath.Join(home, ".config/jail/profiles/default.d")
	if err := firstError(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "x.yml"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	a, l := loadLine(t, "jail", "--read", "/etc", "true")
	if !l.memory.warned {
		t.Error("there was no warning")
	}
	a.keep(l, l.launch())
	if n := kept(t, home); n != 0 {
		t.Errorf("%d launches are kept", n)
	}
}
