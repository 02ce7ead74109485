package filesystem

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// started is the world with another current directory, which it makes.
func started(t *testing.T, w *testenv.World, dir string) *testenv.World {
	t.Helper()
	w.Mkdir(dir)
	in := w.In(t)
	in.Project = dir
	return in
}

// below makes a directory of the test in one that all share.
func below(t *testing.T, dir string) string {
	t.Helper()
	made, err := os.MkdirTemp(dir, "jail-lost.") //nolint:usetesting // where the jail has a directory of its own
	testenv.Must(t, err)
	t.Cleanup(func() { testenv.RemoveAll(made) })
	return made
}

// What a program writes into a current directory that nothing shows fails, in a new jail
// and in one from the cache, and jail says what to add. With that it works.
func TestHiddenCurrentDirectory(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	private := w.Profile("extends: [cli]\nfilesystem: {home: private}\n")
	hides := filepath.Join(w.Root, "profiles/hides.yaml")
	w.Write(hides, "extends: [base]\nfilesystem: {read: [\"~\"], hide: [~/hidden]}\n")
	for _, c := range []struct {
		name, dir string
		flags     []string
	}{
		{"below an empty home", w.Project, []string{"--profile", "default"}},
		{"below a private home", w.Project, []string{"--profile", private}},
		{"below the host's home", w.Project, []string{"--profile", "default", "--home", "host"}},
		{"beside the home", filepath.Join(w.Root, "beside"), []string{"--profile", "default"}},
		{"above the home", w.Root, []string{"--profile", "default"}},
		{"below a tmpfs", below(t, "/tmp"), []string{"--profile", "default"}},
		{"below another one", below(t, "/var/tmp"), []string{"--profile", "default"}},
		{"hidden by name", filepath.Join(w.Home, "hidden"), []string{"--profile", hides}},
		{"below what is hidden", filepath.Join(w.Home, "hidden/deep"), []string{"--profile", "default", "--write", w.Home, "--hide", w.Home + "/hidden"}},
		{"with a part granted", filepath.Join(w.Home, "part"), []string{"--profile", "default", "--write", w.Home + "/part/sub"}},
		{"a secret", filepath.Join(w.Home, ".ssh"), []string{"--profile", "default", "--read", w.Home}},
	} {
		t.Run(c.name, func(t *testing.T) {
			testenv.Requires(t, testenv.Both)
			w.Mkdir(filepath.Join(w.Home, "part/sub"))
			in := started(t, w, c.dir)
			for _, script := range []string{"echo x >out", "mkdir out", "ln -s x out", "mkfifo out", "cd \"$PWD\"; touch out"} {
				if r := in.Host("sh", "-c", script); r.Status != 0 || !exists(c.dir, "out") {
					t.Fatalf("without jail, %q: exit status %d\n%s", script, r.Status, r.Output())
				}
				testenv.Must(t, os.RemoveAll(filepath.Join(c.dir, "out")))
				run := slices.Concat([]string{"run"}, c.flags, []string{"sh", "-c", script})
				for _, kind := range []string{"new", "cached"} {
					if r := in.Jail(run...); r.Status == 0 || r.Status > 124 || strings.Count(r.Stderr, "--write .") != 1 {
						t.Errorf("%s, %q: exit status %d\n%s", kind, script, r.Status, r.Output())
					}
				}
				if exists(c.dir, "out") {
					t.Fatalf("%q: the file is there; the test is void", script)
				}
				run = slices.Concat([]string{"run"}, c.flags, []string{"--write", ".", "sh", "-c", script})
				if r := in.Jail(run...); r.Status != 0 || !exists(c.dir, "out") || strings.Contains(r.Stderr, "--write .") {
					t.Errorf("granted, %q: exit status %d\n%s", script, r.Status, r.Output())
				}
				testenv.Must(t, os.RemoveAll(filepath.Join(c.dir, "out")))
			}
			// It is the directory all the same, and who writes nothing is told nothing.
			run := slices.Concat([]string{"run"}, c.flags, []string{"pwd"})
			if r := in.Succeeds(run...); r.Output() != c.dir+"\n" {
				t.Errorf("pwd says %q, want %s alone", r.Output(), c.dir)
			}
		})
	}
}

// What lies in shared memory can't be granted, so nobody is told to.
func TestStartedInSharedMemory(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	in := started(t, w, below(t, "/dev/shm"))
	r := in.Jail("run", "--profile", "default", "touch", "out")
	if r.Status == 0 || strings.Contains(r.Stderr, "--write") || !strings.Contains(r.Stderr, "in another directory") {
		t.Errorf("exit status %d\n%s", r.Status, r.Output())
	}
	if r := in.Jail("run", "--profile", "tar", "touch", "out"); r.Status != 125 || !strings.Contains(r.Stderr, "workdir.yaml") {
		t.Errorf("granted by the profile: exit status %d\n%s", r.Status, r.Output())
	}
}

// A current directory that was removed is none: the program is in the home.
func TestStartedInARemovedDirectory(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	run := func(script string) *testenv.Result {
		return w.Host("sh", "-c", `mkdir gone && cd gone && rmdir ../gone && exec "$0" "$@"`, w.JailBin, "run", "--profile", "default", "sh", "-c", script)
	}
	if r := run("pwd; exit 3"); r.Status != 3 || r.Output() != w.Home+"\n" {
		t.Errorf("exit status %d\n%s", r.Status, r.Output())
	}
	if r := run("echo x >out"); r.Status != 0 || !strings.Contains(r.Stderr, w.Home+"/out\" is gone") {
		t.Errorf("a file in the home: exit status %d\n%s", r.Status, r.Output())
	}
}

func exists(dir, name string) bool {
	_, err := os.Lstat(filepath.Join(dir, name))
	return err == nil
}

// What people save with ends with an error where it can't save, or with the file.
func TestSavedFileIsThereOrRefused(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "ssh-keygen", "vim")
	w := testenv.NewWorld(t)
	w.Write(filepath.Join(w.Project, "hello.c"), "int main(){}\n")
	for _, program := range [][]string{
		{"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "saved"},
		{"vim", "-es", "hello.c", "-c", "normal Gox", "-c", "w! saved", "-c", "q!"},
		{"cp", "/etc/os-release", "saved"},
	} {
		for _, flags := range [][]string{nil, {"--write", "."}} {
			r := w.Jail(slices.Concat([]string{"run", "--profile", "default"}, flags, program)...)
			switch saved := exists(w.Project, "saved"); {
			case flags == nil && (saved || r.Status == 0 || !strings.Contains(r.Stderr, "--write .")),
				flags != nil && (!saved || r.Status != 0):
				t.Errorf("%q with %q: exit status %d, saved: %v\n%s", program, flags, r.Status, saved, r.Output())
			}
			testenv.Must(t, os.RemoveAll(filepath.Join(w.Project, "saved")))
		}
	}
}

// A program whose profile grants the current directory leaves its files there, also where
// the same or another profile has a tmpfs at that path or above it.
func TestOutputWhereATmpfsWouldCoverIt(t *testing.T) {
	testenv.Requires(t, testenv.User|testenv.RootSlow)
	t.Parallel()
	w := testenv.NewWorld(t)
	later := w.Profile("extends: [workdir]\nfilesystem: {tmpfs: [/var/tmp, /tmp]}\n")
	granting := 0
	for _, profile := range append(testenv.Shipped(t), later) {
		for _, dir := range []string{"/tmp", "/var/tmp", below(t, "/tmp"), below(t, "/var/tmp")} {
			in := w.In(t)
			in.Project = dir
			file := filepath.Base(below(t, dir)) + ".out"
			r := in.Jail("run", "--profile", profile, "sh", "-c", "echo x >"+file)
			saved := exists(dir, file)
			_ = os.Remove(filepath.Join(dir, file))
			switch {
			case saved && r.Status == 0:
				granting++
			case r.Status != 0 && !saved: // the program was told
			case r.Status == 0 && strings.Contains(r.Stderr, file) && strings.Contains(r.Stderr, "is gone"):
			default:
				t.Errorf("%s in %s: exit status %d, saved: %v\n%s", profile, dir, r.Status, saved, r.Output())
			}
			if profile == "tar" && !saved {
				t.Errorf("tar in %s: no file\n%s", dir, r.Output())
			}
		}
	}
	if granting < 20 {
		t.Errorf("only %d profiles and places leave a file; the test is void", granting)
	}
}

// Outputs that are named beside the current directory are there, or the program fails, or
// jail names them.
func TestOutputBesideTheCurrentDirectory(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	private := w.Profile("extends: [workdir]\nfilesystem: {home: private}\n")
	for _, profile := range []string{"default", "tar", "python", "make", private} {
		for _, dir := range []string{"project/sub/deep", ".hidden/sub", "project/sub", "project"} {
			in := started(t, w, filepath.Join(w.Home, dir))
			for _, name := range []string{"../beside.out", filepath.Join(w.Home, filepath.Dir(dir), "absolute.out")} {
				r := in.Jail("run", "--profile", profile, "cp", "/etc/os-release", name)
				if r.Status == 0 && !(strings.Count(r.Stderr, "jail: ") == 1 && strings.Contains(r.Stderr, filepath.Base(name))) {
					t.Errorf("%s in %s, %s: exit status 0\n%s", profile, dir, name, r.Output())
				}
				if r := in.Jail("run", "--profile", profile, "--write", "..", "cp", "/etc/os-release", name); !exists(filepath.Dir(in.Project), filepath.Base(name)) {
					t.Errorf("%s in %s, %s, granted: exit status %d\n%s", profile, dir, name, r.Status, r.Output())
				}
				_ = os.Remove(filepath.Join(filepath.Dir(in.Project), filepath.Base(name)))
			}
		}
	}
}

// A rule that hides the current directory, which another one grants, is refused with both
// places. A narrower grant below what is hidden counts.
func TestHiddenAndGrantedCurrentDirectory(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	save := []string{"sh", "-c", "echo x >out"}
	hides := w.Profile("extends: [workdir]\nfilesystem: {hide: [\"~/project\"]}\n")
	r := w.Jail(append([]string{"run", "--profile", hides}, save...)...)
	if r.Status != 125 || !strings.Contains(r.Stderr, "workdir.yaml:8:7") || !strings.Contains(r.Stderr, hides+":2:21") {
		t.Errorf("exit status %d\n%s", r.Status, r.Output())
	}
	for _, rules := range []string{"hide: [~/]", "tmpfs: [~/]", "home: private", "home: empty"} {
		narrower := w.Profile("extends: [workdir]\nfilesystem: {" + rules + "}\n")
		r := w.Jail(append([]string{"run", "--profile", narrower}, save...)...)
		if r.Status != 0 || !exists(w.Project, "out") {
			t.Errorf("%s: exit status %d\n%s", rules, r.Status, r.Output())
		}
		_ = os.Remove(filepath.Join(w.Project, "out"))
	}
}

// A run that left files where they are gone with the jail, or where nobody looks, says so
// once, whatever its exit status; caches and what nobody has named are left out.
func TestGoneFilesAreNamed(t *testing.T) {
	testenv.Requires(t, testenv.User|testenv.RootSlow)
	t.Parallel()
	w := testenv.NewWorld(t)
	private := w.Profile("extends: [cli]\nfilesystem: {home: private}\n")
	home := w.In(t)
	home.Project = w.Home
	w.Mkdir(filepath.Join(w.Project, "tree"))
	for _, c := range []struct {
		w      *testenv.World
		flags  []string
		script string
		says   string // "" for nothing
	}{
		{w, nil, "echo x >~/out", w.Home + "/out"},
		{w, nil, "echo x >~/out; exit 3", w.Home + "/out"},
		{home, nil, "echo x >out; echo y >more", w.Home + "/more\", \"" + w.Home + "/out\" are gone"},
		{home, nil, "mkdir ~/named", w.Home + "/named"},
		{w, nil, "f=/tmp/out; echo x >$f", "/tmp/out"},
		{w, nil, "dd if=/dev/zero of=/var/tmp/out count=1 2>/dev/null", "/var/tmp/out"},
		{w, nil, "mkdir /tmp/out.d; echo x >/tmp/out.d/a", "/tmp/out.d"},
		{w, nil, "echo x >/dev/shm/out", "/dev/shm/out"},
		{w, []string{"--tmpfs", "."}, "echo x >out", w.Project + "/out"},
		{w, []string{"--overlay", "."}, "echo x >tree/new", w.Project + "/tree"},
		{w, []string{"--overlay", "."}, "rmdir tree", w.Project + "/tree"},
		{home, []string{"--profile", private}, "echo x >out", ".local/state/jail/homes/test"},

		{w, nil, "true", ""},
		{home, nil, "true", ""},
		{home, []string{"--profile", private}, "echo again >out", ""},
		{w, nil, "d=/tm; mktemp -p ${d}p; mkdir ~/.cache; h=.history; echo x >~/$h; mkdir -p ~/g${h#.}", ""},
		{w, []string{"--overlay", "."}, "ls; cat tree/none 2>/dev/null; true", ""},
		{w, []string{"--write", "."}, "echo x >out; rm out", ""},
		{w, []string{"--tmpfs", "."}, "echo x >out; rm out", ""},
		{home, nil, "mkfifo ~/pipe", ""},
	} {
		flags := c.flags
		if len(flags) == 0 || flags[0] != "--profile" {
			flags = append([]string{"--profile", "default"}, flags...)
		}
		for _, kind := range []string{"new", "cached"} {
			r := c.w.Jail(slices.Concat([]string{"run"}, flags, []string{"sh", "-c", c.script})...)
			if kind == "cached" && flags[1] == private {
				break // it was there before
			}
			if got := strings.Count(r.Stderr, "jail: "); c.says == "" && got != 0 || c.says != "" && (got != 1 || !strings.Contains(r.Stderr, c.says)) {
				t.Errorf("%s, %q %q: %d lines, want one with %q\n%s", kind, flags, c.script, got, c.says, r.Output())
			}
			if want := strings.Contains(c.script, "exit 3"); (r.Status == 3) != want || !want && r.Status != 0 {
				t.Errorf("%q: exit status %d", c.script, r.Status)
			}
		}
	}
}
