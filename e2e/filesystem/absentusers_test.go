package filesystem

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// jailOf is a jail of some user that waits to be told to make what starts
// later.
type jailOf struct {
	t   *testing.T
	cmd *testenv.Command
	in  io.WriteCloser
	out *bufio.Reader
}

// makesLater starts a jail of the user with that id, with the project to write.
func makesLater(w *testenv.World, user uint32, bin, home string, args ...string) *jailOf {
	w.T.Helper()
	argv := append([]string{bin, "run", "--write", w.Project}, args...)
	cmd := w.Command(append(argv, "sh", "-c", "echo; read x; echo x >HEAD; mkdir .git; echo; sleep 60")...)
	cmd.Env = append(cmd.Env, "HOME="+home, "XDG_RUNTIME_DIR=")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	testenv.Must(w.T, err)
	out, err := cmd.StdoutPipe()
	testenv.Must(w.T, err)
	testenv.Must(w.T, cmd.Start())
	j := &jailOf{w.T, cmd, in, bufio.NewReader(out)}
	j.heard()
	return j
}

func (j *jailOf) heard() {
	j.t.Helper()
	_, err := j.out.ReadString('\n')
	testenv.Must(j.t, err)
}

// make has the program try, and tells whether it made anything on the host.
func (j *jailOf) make(dir string) bool {
	j.t.Helper()
	_, err := io.WriteString(j.in, "\n")
	testenv.Must(j.t, err)
	j.heard()
	return !testenv.Within(3*time.Second, func() bool { return !anyMade(dir) })
}

// anyMade tells whether anything of what the program makes is there.
func anyMade(dir string) bool {
	return testenv.Exists(filepath.Join(dir, "HEAD")) || testenv.Exists(filepath.Join(dir, ".git"))
}

func (j *jailOf) end(how os.Signal) {
	j.t.Helper()
	testenv.Must(j.t, j.cmd.Process.Signal(how))
	_ = j.cmd.Wait()
}

// N6: jails of root and of a user in one directory: a name that both keep free is still
// kept free by the one when the other ends, in whatever way.
func TestN6AbsentBesideAnotherUser(t *testing.T) {
	testenv.Requires(t, testenv.Root)
	t.Parallel()
	const user = 54321
	w := testenv.NewWorld(t)
	at, err := os.MkdirTemp("/var/tmp", "jail-test.") //nolint:usetesting // who is not root can't pass root's directories
	testenv.Must(t, err)
	t.Cleanup(func() { testenv.RemoveAll(at) })
	w.Project = filepath.Join(at, "project")
	open := filepath.Join(at, "open.yaml")
	homes := map[uint32]string{0: w.Home, user: filepath.Join(at, "home")}
	w.Write(open, "extends: [default]\nfilesystem: {startup: {automatic: report}}\n")
	w.Mkdir(w.Project)
	w.Mkdir(homes[user])
	testenv.Must(t, os.Chown(homes[user], user, user))
	testenv.Must(t, os.Chmod(at, 0o755))
	testenv.Must(t, os.Chmod(w.Project, 0o777))
	bin := w.InstallJail(filepath.Join(at, "program"))
	for _, who := range [][2]uint32{{0, user}, {user, 0}} {
		for _, how := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
			one := makesLater(w, who[0], bin, homes[who[0]], "--profile", "default")
			other := makesLater(w, who[1], bin, homes[who[1]], "--profile", "default")
			one.end(how)
			if other.make(w.Project) {
				t.Errorf("when the jail of user %d ended by %v, what the jail of user %d blocks could be made", who[0], how, who[1])
			}
			other.end(syscall.SIGTERM)
			left, err := os.ReadDir(w.Project)
			testenv.Must(t, err)
			for _, e := range left { // of another file system than the quarantine
				if !strings.Contains(e.Name(), ".taken-") {
					t.Errorf("left by users %d: %s", who, e.Name())
				}
				testenv.Must(t, os.RemoveAll(filepath.Join(w.Project, e.Name())))
			}
		}
		unguarded := makesLater(w, who[0], bin, homes[who[0]], "--profile", open)
		if !unguarded.make(w.Project) {
			t.Error("with automatic: report, nothing could be made")
		}
		unguarded.end(syscall.SIGTERM)
		for _, name := range []string{"HEAD", ".git"} {
			testenv.Must(t, os.RemoveAll(filepath.Join(w.Project, name)))
		}
	}
}
