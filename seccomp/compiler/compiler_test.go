package compiler

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/memfile"
	"github.com/jail-project/jail/seccomp"
	"github.com/jail-project/jail/seccomp/libseccomp"
)

// TestMain plays jail-filter when it is started under that name. The first
// name in the filter's deny list says how.
func TestMain(m *testing.M) {
	if os.Args[0] != "jail-filter" {
		os.Exit(m.Run())
	}
	request, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	f, err := seccomp.DecodeFilter(request)
	if err != nil {
		panic(err)
	}
	program, err := libseccomp.Compile(f)
	if err != nil {
		panic(err)
	}
	answer := seccomp.EncodeProgram(f, program)
	switch f.Deny[0].Name {
	case "exit":
		fmt.Fprintln(os.Stderr, "too many rules")
		os.Exit(1)
	case "exit_group":
		os.Exit(3)
	case "kill":
		_ = unix.Kill(os.Getpid(), unix.SIGKILL)
	case "pause":
		time.Sleep(time.Minute)
	case "uname":
		fmt.Fprint(os.Stderr, describe())
		os.Exit(1)
	case "write":
		answer = make([]byte, seccomp.MaxRecord+1)
	case "writev":
		fmt.Fprint(os.Stderr, strings.Repeat("x", maxMessage+1))
		os.Exit(1)
	case "truncate":
		answer = answer[:len(answer)-1]
	case "flock":
		answer[len(answer)-9] ^= 1
	case "rename":
		f.Default = seccomp.Kill
		answer = seccomp.EncodeProgram(f, program)
	}
	_, _ = os.Stdout.Write(answer)
}

// describe tells what a started program was given.
func describe() string {
	dir, _ := os.Getwd()
	links := ""
	entries, err := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		link, _ := os.Readlink("/proc/self/fd/" + e.Name())
		links += " " + link
	}
	return fmt.Sprintf("%q %q %q %v%s", os.Args, os.Environ(), dir, err, links)
}

// filter is one whose compiler behaves in some way.
func filter(behaviour string) seccomp.Filter {
	return seccomp.Filter{
		Default: seccomp.Allow, Deny: []seccomp.Rule{{Name: behaviour, Action: seccomp.Errno}}, Arches: []string{"native"},
	}
}

// withSelf is a compiler that has this test in the place of jail-filter.
func withSelf(t *testing.T) compiler {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{programFile: {Data: text}, versionFile: {Data: []byte("test 1\n")}}
	return compiler{built: files, limit: 10 * time.Second}
}

// demand has a filter compiled and compares with the library.
func demand(t *testing.T, c compiler) {
	t.Helper()
	f := filter("ptrace")
	got, err := c.compile(f)
	if err != nil {
		t.Fatal(err)
	}
	if want, err := libseccomp.Compile(f); err != nil || !bytes.Equal(got, want) {
		t.Errorf("another program than that of the filter (%v)", err)
	}
}

func TestCompile(t *testing.T) { demand(t, withSelf(t)) }

func TestAnswersThatCannotBeUsed(t *testing.T) {
	c := withSelf(t)
	for behaviour, want := range map[string]string{
		"exit":       "too many rules",
		"exit_group": "run jail-filter: exit status 3",
		"kill":       "run jail-filter: signal: killed",
		"write":      "run jail-filter",
		"writev":     "run jail-filter",
		"truncate":   "cannot be used: the stored syscall filter is damaged",
		"flock":      "cannot be used: the stored syscall filter is damaged",
		"rename":     "cannot be used: the stored syscall filter is damaged",
	} {
		t.Run(behaviour, func(t *testing.T) {
			if program, err := c.compile(filter(behaviour)); program != nil || err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%d instructions, %v, want %q", program.Len(), err, want)
			}
		})
	}
	c.limit = time.Second
	begin := time.Now()
	if _, err := c.compile(filter("pause")); err == nil || err.Error() != "jail-filter was ended after 1s" {
		t.Errorf("a program without end: %v", err)
	}
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestWhatTheProgramIsGiven leaves a descriptor open and an environment set,
// neither of which may arrive.
func TestWhatTheProgramIsGiven(t *testing.T) {
	t.Setenv("LD_PRELOAD_X", "secret")
	path := filepath.Join(t.TempDir(), "secret")
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CREAT, 0o600) // without O_CLOEXEC
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	_, err = withSelf(t).compile(filter("uname"))
	if err == nil || !strings.HasPrefix(err.Error(), `["jail-filter"] [] "/" <nil> pipe:`) {
		t.Fatalf("%v", err)
	}
	for _, leaked := range []string{"secret", "memfd"} {
		if strings.Contains(err.Error(), leaked) {
			t.Errorf("the program has an open descriptor for %s: %v", leaked, err)
		}
	}
}

// TestMemoryFileIsSealed tries to change a program after it was checked.
func TestMemoryFileIsSealed(t *testing.T) {
	file, err := memfile.Executable("jail-filter", []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt([]byte("x"), 0); !errors.Is(err, unix.EPERM) {
		t.Errorf("write: %v", err)
	}
	if err := file.Truncate(0); !errors.Is(err, unix.EPERM) {
		t.Errorf("truncate: %v", err)
	}
	if _, err := unix.FcntlInt(file.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_FUTURE_WRITE); !errors.Is(err, unix.EPERM) {
		t.Errorf("further seals: %v", err)
	}
}

// TestFiles uses files in the place of the embedded program.
func TestFiles(t *testing.T) {
	self := withSelf(t)
	text := self.built.(fstest.MapFS)[programFile].Data
	dir := t.TempDir()
	place := func(name string) string { return filepath.Join(dir, name) }
	put := func(name string, mode os.FileMode) string {
		if err := errors.Join(os.WriteFile(place(name), text, 0o700), os.Chmod(place(name), mode)); err != nil {
			t.Fatal(err)
		}
		return place(name)
	}
	if err := errors.Join(
		os.Mkdir(place("directory"), 0o755), unix.Mkfifo(place("fifo"), 0o755), os.Symlink(put("good", 0o755), place("link")),
	); err != nil {
		t.Fatal(err)
	}
	none := place("none")
	for _, path := range []string{place("good"), place("link")} {
		c := compiler{built: fstest.MapFS{}, files: []string{none, path}, limit: self.limit}
		demand(t, c)
		version := c.version()
		if !strings.HasPrefix(version, path+" ") {
			t.Errorf("the version is %q", version)
		}
		put("good", 0o755)
		if again := c.version(); again == version {
			t.Errorf("the version of another file is still %q", version)
		}
	}
	bad := map[string]string{
		place("directory"): "no regular file", place("fifo"): "no regular file",
		put("group", 0o775): "others can write", put("all", 0o757): "others can write",
		put("not executable", 0o600): "permission denied",
		place("good") + "/below":     "not a directory",
	}
	if os.Geteuid() == 0 {
		bad[put("foreign", 0o755)] = "another user"
		if err := os.Chown(place("foreign"), 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range bad {
		c := compiler{built: fstest.MapFS{}, files: []string{path}, limit: self.limit}
		if program, err := c.compile(filter("ptrace")); program != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
		if version := c.version(); version != "" && want != "permission denied" {
			t.Errorf("%s: version %q", path, version)
		}
	}
}

// TestNothing shows the message of a binary without a compiler, also when there
// is one in the current directory and along PATH.
func TestNothing(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "jail-filter"), withSelf(t).built.(fstest.MapFS)[programFile].Data, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	t.Chdir(dir)
	c := compiler{built: fstest.MapFS{}, files: []string{"/nowhere/jail-filter"}, limit: time.Second}
	if _, err := c.compile(filter("ptrace")); err == nil ||
		!strings.Contains(err.Error(), "none at /nowhere/jail-filter: build jail with `make build`") {
		t.Errorf("%v", err)
	}
	if version := c.version(); version != "" {
		t.Errorf("version %q", version)
	}
}

// TestOwn pins where this binary's compiler is looked for.
func TestOwn(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Dir(self) + "/jail-filter", "/usr/libexec/jail/jail-filter"}
	if got := own().files; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := withSelf(t).version(); got != "test 1" {
		t.Errorf("the embedded version is %q", got)
	}
}
