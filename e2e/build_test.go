package e2e

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Two projects as their authors released them, from Debian's source
// packages, are built and tested in a jail that a user's profile describes.
func TestBuildUpstreamProjects(t *testing.T) {
	need(t, "apt-get", "dpkg-source", "gcc", "g++", "make")
	for _, c := range []struct {
		source string
		steps  [][]string
		passed string // what the project's own tests print
	}{
		{"zlib", [][]string{{"sh", "./configure"}, {"make", "-j2"}, {"make", "test"}}, "*** zlib 64-bit test OK ***"},
		{"tinyxml2", [][]string{{"make", "-j2"}, {"make", "test"}}, ", Fail 0\n"},
	} {
		t.Run(c.source, func(t *testing.T) {
			dsc := sourcePackage(t, c.source)
			w := newWorld(t)
			w.timeout = 3 * time.Minute
			w.project = filepath.Join(w.home, "src", c.source)
			w.mkdir(filepath.Dir(w.project))
			if out, err := exec.Command("dpkg-source", "-x", dsc, w.project).CombinedOutput(); err != nil {
				t.Fatalf("unpack: %v\n%s", err, out)
			}
			before, outside := w.snap(w.project), snap(t, filepath.Join(w.root, "run"), filepath.Join(w.root, "run/jail"))
			profile := filepath.Join(w.root, "profiles", "build.yaml")
			w.write(profile, string(readFile(t, "testdata/build.yaml")))
			var last *result
			for _, step := range c.steps {
				last = w.succeeds(append([]string{"--profile", profile}, step...)...)
			}
			if !strings.Contains(last.stdout, c.passed) {
				t.Errorf("the tests of %s printed\n%s", c.source, last.output())
			}
			before.unchanged(t)
			outside.unchanged(t)
		})
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sourcePackage returns the .dsc file of a Debian source package. It is
// downloaded once, by apt with lists of its own, which checks signatures.
func sourcePackage(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(workDir(), "sources")
	if have, _ := filepath.Glob(filepath.Join(dir, name+"_*.dsc")); len(have) > 0 {
		return have[0]
	}
	codename := ""
	for line := range strings.Lines(string(readFile(t, "/etc/os-release"))) {
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
		if out, err := cmd.CombinedOutput(); err != nil {
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
	need(t, "make", "python3")
	w := newWorld(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go accept(listener)
	w.write(filepath.Join(w.project, "Makefile"), fmt.Sprintf(`
call:
	python3 -c 'import socket; socket.create_connection(("127.0.0.1", %d), 5)'
steal:
	grep -q canary ~/.ssh/id_ed25519
leave:
	echo changed >>../Documents/diary.txt
`, listener.Addr().(*net.TCPAddr).Port))
	profile := filepath.Join(w.root, "profiles", "build.yaml")
	w.write(profile, string(readFile(t, "testdata/build.yaml")))
	common := []string{"--profile", profile}
	w.arms("make call", common, nil, []string{"--network", "host"})
	w.arms("make steal", common, nil, []string{"--read", filepath.Join(w.home, ".ssh")})
	w.arms("make leave", common, nil, []string{"--write", filepath.Join(w.home, "Documents")})
	if got := strings.Count(w.read(filepath.Join(w.home, "Documents/diary.txt")), "changed"); got != 2 {
		t.Errorf("the diary was changed %d times, want once outside and once where it was granted", got)
	}
}

func accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = io.WriteString(c, "hello")
		_ = c.Close()
	}
}
