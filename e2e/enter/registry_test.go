package enter

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// P4, from inside: the registrations are out of reach of a program that may write
// the directory they lie in, also before there is one; and of one that sees it.
func TestP4RecordsAreOutOfReach(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	run := filepath.Join(w.Root, "run")
	// The same script works on a directory that is no registration's.
	script := func(name string) string {
		return fmt.Sprintf("d='%s'; f() { mkdir -p $d && echo forged >$d/forged; }; f || { rm -rf $d; f; } || { mv $d $d.old; f; }",
			filepath.Join(run, name))
	}
	for _, c := range []struct {
		name  string
		flags []string
	}{
		{"before there is one", []string{"--write", run}},
		{"beside another jail's", []string{"--write", run}},
		{"from above", []string{"--write", w.Root}},
	} {
		r := w.Jail(append(append([]string{"run", "--profile", "default"}, c.flags...), "sh", "-c", script("jail"))...)
		if r.Status == 0 || r.Status == 125 {
			t.Errorf("%s: status %d\n%s", c.name, r.Status, r.Output())
		}
		if found := w.Registrations(); len(found) > 0 {
			t.Errorf("%s: there is %q", c.name, found)
		}
		if r := w.Jail(append(append([]string{"run", "--profile", "default"}, c.flags...), "sh", "-c", script("other"))...); r.Status != 0 || !testenv.Exists(filepath.Join(run, "other/forged")) {
			t.Errorf("%s: the test is void: status %d\n%s", c.name, r.Status, r.Output())
		}
		_ = os.RemoveAll(filepath.Join(run, "other"))
	}
	// Nor are they read: not even the names.
	j := w.Runs("--profile", "default", "sleep", "600")
	for _, flags := range [][]string{{"--read", run}, {"--read", w.Root}, {"--write", run}} {
		look := "ls -a '" + run + "/jail'; cat '" + run + "/jail/'*"
		if r := w.Jail(append(append([]string{"run", "--profile", "default"}, flags...), "sh", "-c", look)...); strings.Contains(r.Stdout, j.ID) {
			t.Errorf("%q: %s", flags, r.Output())
		}
	}
	if r := w.Host("ls", run+"/jail"); r.Stdout != j.ID+"\n" {
		t.Errorf("the test is void: outside there is %q", r.Stdout)
	}
}

// The directory is there and hidden before a jail shows what it lies in: one
// that starts later must not show itself to the first.
func TestP4RecordsOfLaterJails(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	first := w.Command(testenv.JailBin, "run", "--profile", "default", "--read", filepath.Join(w.Root, "run"), "--read", w.Project, "sh", "-c",
		fmt.Sprintf("while [ ! -e go ]; do sleep 0.02; done; ls -R '%s'; cat '%s'/jail/*", filepath.Join(w.Root, "run"), filepath.Join(w.Root, "run")))
	var out strings.Builder
	first.Stdout, first.Stderr = &out, &out
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	later := w.Runs("--profile", "default", "sleep", "600")
	w.Write(filepath.Join(w.Project, "go"), "")
	_ = first.Wait()
	if strings.Contains(out.String(), later.ID) || !strings.Contains(out.String(), "jail") {
		t.Errorf("the first jail sees %s", out.String())
	}
}

// P4: what is not a registration of the user's alone is not read, whatever it says.
func TestP4ForeignFiles(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	j := w.Runs("--profile", "default", "sleep", "600")
	dir := filepath.Join(w.Root, "run/jail")
	registration := filepath.Join(dir, j.ID)
	data := w.Read(registration)
	restore := func() {
		_ = os.RemoveAll(dir)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(registration, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	other := filepath.Join(w.Root, "elsewhere")
	for _, c := range []struct {
		name   string
		change func() error
	}{
		{"a link", func() error { return errors.Join(os.Rename(registration, other), os.Symlink(other, registration)) }},
		{"a file with two names", func() error { return os.Link(registration, other) }},
		{"a file that others can read", func() error { return os.Chmod(registration, 0o644) }},
		{"a damaged file", func() error { return os.WriteFile(registration, []byte(data[:len(data)-1]), 0o600) }},
		{"an empty file", func() error { return os.WriteFile(registration, nil, 0o600) }},
		{"a directory", func() error { return errors.Join(os.Remove(registration), os.Mkdir(registration, 0o700)) }},
		{"another name", func() error { return os.Rename(registration, filepath.Join(dir, "other-1")) }},
		{"a directory that others can look into", func() error { return os.Chmod(dir, 0o755) }},
		{"a link to a directory", func() error { return errors.Join(os.Rename(dir, other), os.Symlink(other, dir)) }},
	} {
		restore()
		if err := c.change(); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"enter", j.ID, "true"}, {"enter", "other-1", "true"}, {"stop", "--grace", "0s", j.ID}, {"stop", "--grace", "0s", "other-1"}, {"inspect", j.ID}} {
			if r := w.Jail(args...); r.Status != 125 || r.Stdout != "" {
				t.Errorf("%s: %q: status %d, %s", c.name, args, r.Status, r.Output())
			}
		}
		if r := w.Jail("ps"); r.Status == 0 || r.Stdout != "" {
			t.Errorf("%s: ps: status %d, %s", c.name, r.Status, r.Output())
		}
		_ = os.RemoveAll(other)
	}
	if !testenv.Exists(fmt.Sprintf("/proc/%d", j.Main)) {
		t.Error("the jail was ended")
	}
	restore()
	if r := j.Enter("true"); r.Status != 0 {
		t.Errorf("the test is void: with the registration as it was, %s", r.Output())
	}
}

// P6: the launcher is killed, and the numbers of the jail's processes are given
// to others: they are not taken for the jail. In a PID namespace with few
// numbers.
func TestP6NumbersGivenAgain(t *testing.T) {
	testenv.Requires(t, testenv.User|testenv.RootSlow)
	t.Parallel()
	w := testenv.NewWorld(t)
	script := `
set -eu
ok=0
echo 400 >/proc/sys/kernel/pid_max 2>/dev/null || { echo no-pid-max; exit 0; }
# The kernel gives numbers below 300 only once.
while [ "$(sh -c 'echo $$')" -lt 300 ]; do :; done
"$JAIL" run --profile default sleep 600 &
launcher=$!
i=0
while [ -z "$("$JAIL" ps --names)" ]; do i=$((i+1)); [ $i -lt 3000 ]; sleep 0.02; done
id=$("$JAIL" ps --names)
main=${id#default-}
first=$(awk '$1 == "PPid:" {print $2}' /proc/$main/status)
kill -KILL $launcher
wait $launcher 2>/dev/null || true
i=0
while [ -e /proc/$main ] || [ -e /proc/$first ]; do i=$((i+1)); [ $i -lt 3000 ]; sleep 0.02; done
# Give both numbers to others.
i=0
while ! { [ -e /proc/$main ] && [ -e /proc/$first ]; }; do
	i=$((i+1)); [ $i -lt 3000 ]
	sleep 601 &
	case $! in $main|$first) ;; *) kill -KILL $!; wait $! 2>/dev/null || true ;; esac
done
cp "$XDG_RUNTIME_DIR/jail/$id" "$XDG_RUNTIME_DIR/kept"
for verb in "stop --grace 0s $id" "enter $id true" "inspect $id" "ps --names"; do
	cp "$XDG_RUNTIME_DIR/kept" "$XDG_RUNTIME_DIR/jail/$id"
	status=0
	out=$("$JAIL" $verb 2>&1) || status=$?
	echo "$verb: $status: $out"
done
kill -0 $main && kill -0 $first && tr '\0' ' ' </proc/$main/cmdline && echo alive
kill -KILL $main $first
`
	w.Env = append(w.Env, "JAIL="+testenv.JailBin)
	r := w.Host("unshare", "--user", "--map-current-user", "--keep-caps", "--pid", "--fork", "--mount-proc", "sh", "-c", script)
	if strings.Contains(r.Stdout, "no-pid-max") {
		testenv.Missing(t, "this kernel has no pid_max of a PID namespace")
	}
	if r.Status != 0 || !strings.Contains(r.Stdout, "sleep 601 alive\n") {
		t.Fatalf("status %d\n%s", r.Status, r.Output())
	}
	for _, verb := range []string{"stop", "enter", "inspect"} {
		line := ""
		for l := range strings.Lines(r.Stdout) {
			if strings.HasPrefix(l, verb) {
				line = l
			}
		}
		if !strings.Contains(line, ": 125: ") || !strings.Contains(line, "no jail ") {
			t.Errorf("%s: %q", verb, line)
		}
	}
	if !strings.Contains(r.Stdout, "ps --names: 0: \n") {
		t.Errorf("ps: %s", r.Stdout)
	}
}
