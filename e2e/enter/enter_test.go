package enter

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

func TestEnter(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	j := w.Runs("--profile", "default", "--read", testenv.BinDir, "sh", "-c", "echo the same >/tmp/file; exec sleep 600")
	for _, c := range []struct {
		args []string
		want int
		out  string
	}{
		{[]string{"true"}, 0, ""},
		{[]string{"sh", "-c", "exit 77"}, 77, ""},
		{[]string{"sh", "-c", "kill -9 $$"}, 128 + 9, ""},
		{[]string{"--", "echo", "--json", "-x"}, 0, "--json -x\n"},
		{[]string{"no-such-program"}, 127, ""},
		{[]string{"/no/such/program"}, 127, ""},
		{[]string{"/etc/passwd"}, 126, ""},
		{[]string{"/usr"}, 126, ""},
		{[]string{"cat", "/tmp/file"}, 0, "the same\n"},
		{[]string{"sh", "-c", "tail -n +3 /proc/net/dev | cut -d: -f1"}, 0, "    lo\n"},
		{[]string{"pwd"}, 0, w.Project + "\n"},
		{[]string{"sh", "-c", "echo $$ $PPID"}, 0, ""},
	} {
		r := j.Enter(c.args...)
		if r.Status != c.want || c.out != "" && r.Stdout != c.out {
			t.Errorf("%q: status %d, want %d\n%s", c.args, r.Status, c.want, r.Output())
		}
		if (c.want == 126 || c.want == 127) && !strings.HasPrefix(r.Stderr, "jail: error: ") {
			t.Errorf("%q: %s", c.args, r.Stderr)
		}
	}
	// Another program has a directory of PATH that comes first.
	w.Env = append(w.Env, "PATH=/no/such/dir:/etc/passwd:"+os.Getenv("PATH"))
	if r := j.Enter("echo", "found"); r.Stdout != "found\n" {
		t.Errorf("status %d, %s", r.Status, r.Output())
	}
	// Without a program it is the user's shell, if the jail has it.
	w.Stdin = "readlink /proc/$$/exe; exit 5\n"
	for _, c := range []struct{ shell, want string }{
		{"/bin/bash", "bash"}, {filepath.Join(w.Home, "no-shell"), "sh"}, {"", "sh"}, {"sh", "sh"},
	} {
		w.Env = append(w.Env, "SHELL="+c.shell)
		shell, err := filepath.EvalSymlinks("/bin/" + c.want)
		if err != nil {
			t.Fatal(err)
		}
		if r := j.Enter(); r.Status != 5 || r.Stdout != shell+"\n" && r.Stdout != "/bin/"+c.want+"\n" {
			t.Errorf("the shell %q: status %d, %s", c.shell, r.Status, r.Output())
		}
	}
	// A signal reaches the entered program, which may handle it.
	w.Stdin = ""
	cmd := w.Command(testenv.JailBin, "enter", j.ID, "sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.02; done")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != 9 {
		t.Errorf("after SIGTERM: %v", cmd.ProcessState)
	}
	// It dies with who entered.
	cmd = w.Command(testenv.JailBin, "enter", j.ID, "sleep", "601")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	entered := func() bool { return strings.Contains(j.Enter("sh", "-c", "cat /proc/*/cmdline").Stdout, "601") }
	if !testenv.Eventually(entered) {
		t.Error("the entered program does not run")
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if !testenv.Eventually(func() bool { return !entered() }) {
		t.Error("the entered program outlived who entered")
	}
}

// E1 and F1 for who enters: exactly the kept variables, and no descriptor but
// the standard ones.
func TestEnterLeaksNothing(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	j := w.Runs("--profile", "default", "--read", testenv.BinDir, "sleep", "600")
	file, err := os.Open(filepath.Join(w.Home, testenv.Canaries[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	dir, err := os.Open("/")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for i := range 300 {
		w.Env = append(w.Env, fmt.Sprintf("CANARY_%d_TOKEN=%s", i, w.Canary))
	}
	probe := func(argv ...string) *testenv.Facts {
		cmd := w.Command(argv...)
		cmd.ExtraFiles = []*os.File{dir, file, nil, dir}
		return testenv.ParseFacts(t, w.Finish(cmd).Stdout)
	}
	outside, inside := probe(testenv.ProbeBin), probe(testenv.JailBin, "enter", j.ID, testenv.ProbeBin)
	launched := w.Probe("--profile", "default")
	if len(outside.Env) < 300 || len(outside.Descriptors) < 6 {
		t.Fatalf("outside there are %d variables, the descriptors %v; the test is void", len(outside.Env), outside.Descriptors)
	}
	slices.Sort(inside.Env)
	slices.Sort(launched.Env)
	if !slices.Equal(inside.Env, launched.Env) {
		t.Errorf("entered, the environment is %q, launched %q", inside.Env, launched.Env)
	}
	if len(inside.Descriptors) != 3 {
		t.Errorf("entered, the descriptors are %v", inside.Descriptors)
	}
}

// P8: there is no entry point of jail's own that somebody could call by hand.
func TestP8NoHiddenVerbs(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	for _, name := range []string{"__init", "__child", "child", "reaper", "joiner", "_enter", "setns"} {
		if r := w.Jail(name); r.Status != 127 {
			t.Errorf("jail %s: status %d, %s", name, r.Status, r.Output())
		}
		cmd := w.Command(testenv.JailBin, "true")
		cmd.Args[0] = name // nor by the name that it is called by
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("as %s: %v, %s", name, err, out)
		}
	}
	for _, args := range [][]string{{"enter"}, {"enter", ""}, {"enter", "--"}, {"stop"}, {"inspect"}, {"stop", "--grace", "-1s", "x"}} {
		if r := w.Jail(args...); r.Status != 125 {
			t.Errorf("%q: status %d, %s", args, r.Status, r.Output())
		}
	}
	w.NothingRuns()
}

// Who has other groups than the launcher had can't enter: they can't be given
// up inside.
func TestEnterWithOtherGroups(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	if os.Getuid() != 0 {
		w := testenv.NewWorld(t)
		j := w.Runs("--profile", "default", "sleep", "600")
		// The registration of a launcher with other groups, which an ordinary user
		// can't have in a test: the number of groups is changed in the registration.
		registration := filepath.Join(w.Root, "run/jail", j.ID)
		if r := j.Enter("id", "-G"); r.Status != 0 || r.Stdout != groupsOf(t) {
			t.Errorf("status %d: %s, want %s", r.Status, r.Output(), groupsOf(t))
		}
		if info, err := os.Stat(registration); err != nil || info.Mode() != 0o600 {
			t.Errorf("the registration is %v, %v", info, err)
		}
		return
	}
	w := testenv.NewWorld(t)
	j := w.Runs("--profile", "default", "sleep", "600")
	cmd := w.Command(testenv.JailBin, "enter", j.ID, "true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 0, Gid: 0, Groups: []uint32{4242}}}
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "groups") {
		t.Errorf("%v: %s", err, out)
	}
}

// groupsOf is what id -G prints in a jail: the one mapped group, and the
// overflow group for all others.
func groupsOf(t *testing.T) string {
	t.Helper()
	groups, err := os.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	out := []string{strconv.Itoa(os.Getgid())}
	for _, g := range groups {
		if g != os.Getgid() && !slices.Contains(out, "65534") {
			out = append(out, "65534")
		}
	}
	return strings.Join(out, " ") + "\n"
}
