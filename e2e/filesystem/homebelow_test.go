package filesystem

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// A home below what the shipped profiles show of the system is no part of the system. It is
// mounted there in a namespace of the test's own.
func TestHomeBelowTheSystemsDirectories(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	testenv.Need(t, "unshare", "mount")
	w := testenv.NewWorld(t)
	people := filepath.Join(w.Root, "people")
	for _, file := range []string{"ann/secret", "ann/.profile", "ann/project/file", "ann/deep/er/file"} {
		w.Write(filepath.Join(people, file), w.Canary+"\n")
	}
	if err := os.Symlink("/usr/src/ann", filepath.Join(w.Root, "link")); err != nil {
		t.Fatal(err)
	}
	mine := w.Profile("extends: [base]\nfilesystem: {read: [/usr]}\n")
	unshare := []string{"unshare", "--mount"}
	if os.Getuid() != 0 {
		unshare = []string{"unshare", "--user", "--map-current-user", "--keep-caps", "--mount"}
	}
	// The way out of the test's namespace is the shell's: what it prints is what was read.
	run := func(home, command string) *testenv.Result {
		script := "mount --bind " + people + " /usr/src && export HOME=" + home + " && cd / && " + command
		return w.Host(append(unshare, "sh", "-c", script)...)
	}
	jail := testenv.JailBin + " run "
	for _, c := range []struct{ name, home, flags, file string }{
		{"a file", "/usr/src/ann", "--profile base", "/usr/src/ann/secret"},
		{"what a shell starts", "/usr/src/ann", "--profile base", "/usr/src/ann/.profile"},
		{"by a link", w.Root + "/link", "--profile base", "/usr/src/ann/secret"},
		{"beside a grant in it", "/usr/src/ann", "--profile base --read /usr/src/ann/project", "/usr/src/ann/secret"},
		{"in a directory of it", "/usr/src/ann", "--profile base --write /usr/src/ann/project", "/usr/src/ann/deep/er/file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			read := "cat " + c.file
			if r := run(c.home, read); !strings.Contains(r.Stdout, w.Canary) {
				t.Fatalf("without jail it can't be read: the test is void\n%s", r.Output())
			}
			if r := run(c.home, jail+c.flags+" "+read); strings.Contains(r.Stdout, w.Canary) {
				t.Errorf("it can be read\n%s", r.Output())
			}
			open := strings.Replace(c.flags, "--profile base", "--profile "+mine, 1)
			if r := run(c.home, jail+open+" "+read); !strings.Contains(r.Stdout, w.Canary) {
				t.Errorf("where the user's own profile shows /usr it can't be read\n%s", r.Output())
			}
		})
	}
	for _, flags := range []string{"--read /usr/src/ann/secret", "--read /usr/src/ann", "--read /usr", "--write /usr/src/ann"} {
		if r := run("/usr/src/ann", jail+"--profile base "+flags+" cat /usr/src/ann/secret"); !strings.Contains(r.Stdout, w.Canary) {
			t.Errorf("with %s it can't be read\n%s", flags, r.Output())
		}
	}
	if r := run("/usr/src/ann", jail+"--profile base --write /usr/src/ann/project sh -c 'cat /usr/src/ann/project/file && ls -A /usr/src/ann'"); r.Status != 0 || strings.TrimSpace(r.Stdout) != w.Canary+"\nproject" {
		t.Errorf("the home around a project\n%s", r.Output())
	}
}
