package e2e

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// jailOf is a jail of some user that waits to be told to make what starts
// later.
type jailOf struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// makesLater starts a jail of the user with that id, with the project to write.
func (w *world) makesLater(user uint32, bin, home string, args ...string) *jailOf {
	w.t.Helper()
	argv := append([]string{bin, "run", "--write", w.project}, args...)
	cmd := w.command(append(argv, "sh", "-c", "echo; read x; echo x >.envrc; mkdir .vscode; echo; sleep 60")...)
	cmd.Env = append(cmd.Env, "HOME="+home, "XDG_RUNTIME_DIR=")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(w.t, err)
	out, err := cmd.StdoutPipe()
	must(w.t, err)
	must(w.t, cmd.Start())
	j := &jailOf{w.t, cmd, in, bufio.NewReader(out)}
	j.heard()
	return j
}

func (j *jailOf) heard() {
	j.t.Helper()
	_, err := j.out.ReadString('\n')
	must(j.t, err)
}

// make has the program try, and tells whether it made anything on the host.
func (j *jailOf) make(dir string) bool {
	j.t.Helper()
	_, err := io.WriteString(j.in, "\n")
	must(j.t, err)
	j.heard()
	made := false
	for _, name := range []string{".envrc", ".vscode"} {
		path := filepath.Join(dir, name)
		made = made || exists(path) && !standsIn(path)
	}
	return made
}

func (j *jailOf) end(how os.Signal) {
	j.t.Helper()
	must(j.t, j.cmd.Process.Signal(how))
	_ = j.cmd.Wait()
}

// N6: jails of root and of a user in one directory: what one of them keeps
// absent stays so when the other ends, in whatever way, and who ends last leaves
// nothing.
func TestN6AbsentBesideAnotherUser(t *testing.T) {
	const user = 54321
	w := newWorld(t)
	at, err := os.MkdirTemp("/var/tmp", "jail-test.") //nolint:usetesting // who is not root can't pass root's directories
	must(t, err)
	t.Cleanup(func() { removeAll(at) })
	w.project = filepath.Join(at, "project")
	bin, open := filepath.Join(at, "jail"), filepath.Join(at, "open.yaml")
	homes := map[uint32]string{0: w.home, user: filepath.Join(at, "home")}
	w.write(open, "extends: [default]\nfilesystem: {absent: open}\n")
	w.mkdir(w.project)
	w.mkdir(homes[user])
	must(t, os.Chown(homes[user], user, user))
	must(t, os.Chmod(at, 0o755))
	must(t, os.Chmod(w.project, 0o777))
	w.host("cp", jailBin, bin)
	for _, who := range [][2]uint32{{0, user}, {user, 0}} {
		for _, how := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
			one := w.makesLater(who[0], bin, homes[who[0]], "--profile", "default")
			other := w.makesLater(who[1], bin, homes[who[1]], "--profile", "default")
			one.end(how)
			if how == syscall.SIGKILL { // the next launch of the same user clears up
				w.makesLater(who[0], bin, homes[who[0]], "--profile", "default").end(syscall.SIGTERM)
			}
			if !standsIn(filepath.Join(w.project, ".envrc")) || other.make(w.project) {
				t.Errorf("when the jail of user %d ended by %v, what user %d keeps absent could be made", who[0], how, who[1])
			}
			other.end(syscall.SIGTERM)
			if left, err := os.ReadDir(w.project); err != nil || len(left) != 0 {
				t.Errorf("left by users %d: %v, %v", who, left, err)
			}
			for _, name := range []string{".envrc", ".vscode"} {
				must(t, os.RemoveAll(filepath.Join(w.project, name)))
			}
		}
		unguarded := w.makesLater(who[0], bin, homes[who[0]], "--profile", open)
		if !unguarded.make(w.project) {
			t.Error("with absent: open, nothing could be made")
		}
		unguarded.end(syscall.SIGTERM)
		for _, name := range []string{".envrc", ".vscode"} {
			must(t, os.RemoveAll(filepath.Join(w.project, name)))
		}
	}
}
