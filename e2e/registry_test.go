package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// P4, from inside: the records are out of reach of a program that may write
// the directory they lie in, also before there is one; and of one that sees it.
func TestP4RecordsAreOutOfReach(t *testing.T) {
	w := newWorld(t)
	run := filepath.Join(w.root, "run")
	// The same script works on a directory that is no record's.
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
		{"from above", []string{"--write", w.root}},
	} {
		r := w.jail(append(append([]string{"run", "--profile", "default"}, c.flags...), "sh", "-c", script("jail"))...)
		if r.status == 0 || r.status == 125 {
			t.Errorf("%s: status %d\n%s", c.name, r.status, r.output())
		}
		if found := w.records(); len(found) > 0 {
			t.Errorf("%s: there is %q", c.name, found)
		}
		if r := w.jail(append(append([]string{"run", "--profile", "default"}, c.flags...), "sh", "-c", script("other"))...); r.status != 0 || !exists(filepath.Join(run, "other/forged")) {
			t.Errorf("%s: the test is void: status %d\n%s", c.name, r.status, r.output())
		}
		_ = os.RemoveAll(filepath.Join(run, "other"))
	}
	// Nor are they read: not even the names.
	j := w.runs("--profile", "default", "sleep", "600")
	for _, flags := range [][]string{{"--read", run}, {"--read", w.root}, {"--write", run}} {
		look := "ls -a '" + run + "/jail'; cat '" + run + "/jail/'*"
		if r := w.jail(append(append([]string{"run", "--profile", "default"}, flags...), "sh", "-c", look)...); strings.Contains(r.stdout, j.id) {
			t.Errorf("%q: %s", flags, r.output())
		}
	}
	if r := w.host("ls", run+"/jail"); r.stdout != j.id+"\n" {
		t.Errorf("the test is void: outside there is %q", r.stdout)
	}
}

// The directory is there and hidden before a jail shows what it lies in: one
// that starts later must not record itself in the sight of the first.
func TestP4RecordsOfLaterJails(t *testing.T) {
	w := newWorld(t)
	first := w.command(jailBin, "run", "--profile", "default", "--read", filepath.Join(w.root, "run"), "sh", "-c",
		fmt.Sprintf("sleep 0.7; ls -R '%s'; cat '%s'/jail/*", filepath.Join(w.root, "run"), filepath.Join(w.root, "run")))
	var out strings.Builder
	first.Stdout, first.Stderr = &out, &out
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	later := w.runs("--profile", "default", "sleep", "600")
	_ = first.Wait()
	if strings.Contains(out.String(), later.id) || !strings.Contains(out.String(), "jail") {
		t.Errorf("the first jail sees %s", out.String())
	}
}

// P4: what is not a record of the user's alone is not read, whatever it says.
func TestP4ForeignFiles(t *testing.T) {
	w := newWorld(t)
	j := w.runs("--profile", "default", "sleep", "600")
	dir := filepath.Join(w.root, "run/jail")
	record := filepath.Join(dir, j.id)
	data := w.read(record)
	restore := func() {
		_ = os.RemoveAll(dir)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(record, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	other := filepath.Join(w.root, "elsewhere")
	for _, c := range []struct {
		name   string
		change func() error
	}{
		{"a link", func() error { return firstError(os.Rename(record, other), os.Symlink(other, record)) }},
		{"a file with two names", func() error { return os.Link(record, other) }},
		{"a file that others can read", func() error { return os.Chmod(record, 0o644) }},
		{"a damaged file", func() error { return os.WriteFile(record, []byte(data[:len(data)-1]), 0o600) }},
		{"an empty file", func() error { return os.WriteFile(record, nil, 0o600) }},
		{"a directory", func() error { return firstError(os.Remove(record), os.Mkdir(record, 0o700)) }},
		{"another name", func() error { return os.Rename(record, filepath.Join(dir, "other-1")) }},
		{"a directory that others can look into", func() error { return os.Chmod(dir, 0o755) }},
		{"a link to a directory", func() error { return firstError(os.Rename(dir, other), os.Symlink(other, dir)) }},
	} {
		restore()
		if err := c.change(); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"enter", j.id, "true"}, {"enter", "other-1", "true"}, {"stop", "--grace", "0s", j.id}, {"stop", "--grace", "0s", "other-1"}, {"inspect", j.id}} {
			if r := w.jail(args...); r.status != 125 || r.stdout != "" {
				t.Errorf("%s: %q: status %d, %s", c.name, args, r.status, r.output())
			}
		}
		if r := w.jail("ps"); r.status == 0 || r.stdout != "" {
			t.Errorf("%s: ps: status %d, %s", c.name, r.status, r.output())
		}
		_ = os.RemoveAll(other)
	}
	if !exists(fmt.Sprintf("/proc/%d", j.main)) {
		t.Error("the jail was ended")
	}
	restore()
	if r := j.enter("true"); r.status != 0 {
		t.Errorf("the test is void: with the record as it was, %s", r.output())
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

// P6: the launcher is killed, and the numbers of the jail's processes are given
// to others: they are not taken for the jail. In a PID namespace with few
// numbers.
func TestP6NumbersGivenAgain(t *testing.T) {
	w := newWorld(t)
	script := `
set -eu
ok=0
echo 400 >/proc/sys/kernel/pid_max 2>/dev/null || { echo no-pid-max; exit 0; }
# The kernel gives numbers below 300 only once.
while [ "$(sh -c 'echo $$')" -lt 300 ]; do :; done
"$JAIL" run --profile default sleep 600 &
launcher=$!
i=0
while [ -z "$("$JAIL" ps --names)" ]; do i=$((i+1)); [ $i -lt 200 ]; sleep 0.02; done
id=$("$JAIL" ps --names)
main=${id#default-}
first=$(awk '$1 == "PPid:" {print $2}' /proc/$main/status)
kill -KILL $launcher
wait $launcher 2>/dev/null || true
i=0
while [ -e /proc/$main ] || [ -e /proc/$first ]; do i=$((i+1)); [ $i -lt 200 ]; sleep 0.02; done
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
	w.env = append(w.env, "JAIL="+jailBin)
	r := w.host("unshare", "--user", "--map-current-user", "--keep-caps", "--pid", "--fork", "--mount-proc", "sh", "-c", script)
	if strings.Contains(r.stdout, "no-pid-max") {
		if os.Getenv("JAIL_TEST_REQUIRE") != "" {
			t.Fatal("this kernel has no pid_max of a PID namespace")
		}
		t.Skip("this kernel has no pid_max of a PID namespace")
	}
	if r.status != 0 || !strings.Contains(r.stdout, "sleep 601 alive\n") {
		t.Fatalf("status %d\n%s", r.status, r.output())
	}
	for _, verb := range []string{"stop", "enter", "inspect"} {
		line := ""
		for l := range strings.Lines(r.stdout) {
			if strings.HasPrefix(l, verb) {
				line = l
			}
		}
		if !strings.Contains(line, ": 125: ") || !strings.Contains(line, "no jail ") {
			t.Errorf("%s: %q", verb, line)
		}
	}
	if !strings.Contains(r.stdout, "ps --names: 0: \n") {
		t.Errorf("ps: %s", r.stdout)
	}
}
