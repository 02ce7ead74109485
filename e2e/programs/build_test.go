package programs

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// Two projects as their authors released them, from Debian's source
// packages, are built and tested in a jail that a user's profile describes.
func TestBuildUpstreamProjects(t *testing.T) {
	testenv.Requires(t, testenv.Slow)
	t.Parallel()
	testenv.Need(t, "apt-get", "dpkg-source", "gcc", "g++", "make")
	for _, c := range []struct {
		source string
		steps  [][]string
		passed string // what the project's own tests print
	}{
		{"zlib", [][]string{{"sh", "./configure"}, {"make", "-j2"}, {"make", "test"}}, "*** zlib 64-bit test OK ***"},
		{"tinyxml2", [][]string{{"make", "-j2"}, {"make", "test"}}, ", Fail 0\n"},
	} {
		t.Run(c.source, func(t *testing.T) {
			t.Parallel()
			w := testenv.NewWorld(t)
			dsc := sourcePackage(w, c.source)
			w.Timeout = 3 * time.Minute
			w.Project = filepath.Join(w.Home, "src", c.source)
			w.Mkdir(filepath.Dir(w.Project))
			if out, err := w.Marked(exec.Command("dpkg-source", "-x", dsc, w.Project)).CombinedOutput(); err != nil {
				t.Fatalf("unpack: %v\n%s", err, out)
			}
			before, outside := w.Snap(w.Project), testenv.Snap(t, filepath.Join(w.Root, "run"), filepath.Join(w.Root, "run/jail"))
			profile := filepath.Join(w.Root, "profiles", "build.yaml")
			w.Write(profile, string(testenv.ReadFile(t, "testdata/build.yaml")))
			var last *testenv.Result
			for _, step := range c.steps {
				last = w.Succeeds(append([]string{"--profile", profile}, step...)...)
			}
			if !strings.Contains(last.Stdout, c.passed) {
				t.Errorf("the tests of %s printed\n%s", c.source, last.Output())
			}
			before.Unchanged(t)
			outside.Unchanged(t)
		})
	}
}

// sourcePackage returns the .dsc file of a Debian source package. It is
// downloaded once, by apt with lists of its own, which checks signatures.
func sourcePackage(w *testenv.World, name string) string {
	t := w.T
	t.Helper()
	dir := filepath.Join(testenv.WorkDir(), "sources")
	if have, _ := filepath.Glob(filepath.Join(dir, name+"_*.dsc")); len(have) > 0 {
		return have[0]
	}
	codename := ""
	for line := range strings.Lines(string(testenv.ReadFile(t, "/etc/os-release"))) {
		if v, ok := strings.CutPrefix(line, "VERSION_CODENAME="); ok {
			codename = strings.TrimSpace(v)
		}
	}
	for _, d := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	list := filepath.Join(dir, "sources.list")
	line := fmt.Sprintf("deb-src http://deb.debian.org/debian %s main\n", codename)
	if err := os.WriteFile(list, []byte(line), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"update"}, {"source", "--download-only", name}} {
		options := []string{
			"-q", "-o", "Dir::Etc::sourcelist=" + list, "-o", "Dir::Etc::sourceparts=-", "-o", "Dir::State::lists=" + dir + "/lists",
			"-o", "Dir::Cache=" + dir + "/cache", "-o", "Debug::NoLocking=1", "-o", "APT::Update::Post-Invoke::=true",
		}
		cmd := exec.Command("apt-get", append(options, args...)...)
		cmd.Dir = dir
		if out, err := w.Marked(cmd).CombinedOutput(); err != nil {
			t.Fatalf("apt-get %v: %v\n%s", args, err, out)
		}
	}
	have, _ := filepath.Glob(filepath.Join(dir, name+"_*.dsc"))
	if len(have) == 0 {
		t.Fatalf("apt-get source %s left no .dsc file in %s", name, dir)
	}
	return have[0]
}

// What a makefile does is done in the jail: it reaches no network, no secret
// and no file outside the project.
func TestBuildIsConfined(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "make", "python3")
	w := testenv.NewWorld(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go testenv.Accept(listener)
	w.Write(filepath.Join(w.Project, "Makefile"), fmt.Sprintf(`
call:
	python3 -c 'import socket; socket.create_connection(("127.0.0.1", %d), 5)'
steal:
	grep -q canary ~/.ssh/id_ed25519
leave:
	echo changed >>../Documents/diary.txt
`, listener.Addr().(*net.TCPAddr).Port))
	profile := filepath.Join(w.Root, "profiles", "build.yaml")
	w.Write(profile, string(testenv.ReadFile(t, "testdata/build.yaml")))
	common := []string{"--profile", profile}
	w.Variants("make call", common, nil, []string{"--network", "host"})
	w.Variants("make steal", common, nil, []string{"--read", filepath.Join(w.Home, ".ssh")})
	w.Variants("make leave", common, nil, []string{"--write", filepath.Join(w.Home, "Documents")})
	if got := strings.Count(w.Read(filepath.Join(w.Home, "Documents/diary.txt")), "changed"); got != 2 {
		t.Errorf("the diary was changed %d times, want once outside and once where it was granted", got)
	}
}
