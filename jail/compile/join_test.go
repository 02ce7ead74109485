package compile_test

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/launch"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/yaml"
	"github.com/jail-project/jail/registry"
	"github.com/jail-project/jail/seccomp/libseccomp"
	"github.com/jail-project/jail/terminal"
)

// TestEnteringIsNonDumpable enters a jail in which somebody watches for processes
// that come in: nothing of them can be opened, read or traced before they are the
// program. With the one guard of it taken out, all of that works. Landlock, which
// guards it once more, is off.
func TestEnteringIsNonDumpable(t *testing.T) {
	probe := filepath.Join(t.TempDir(), "probe")
	testenv.Must(t, testenv.BuildProbe(probe))
	name := filepath.Base(ownBinary(t)) // of the processes on their way in
	for _, guarded := range []bool{true, false} {
		got := watched(t, guarded, probe, "watch", "STOP", "no such text", name)
		if len(got.Early) == 0 != guarded || got.Processes == 0 {
			t.Errorf("guarded %v: %d processes came, and of those on their way in could be had: %v", guarded, got.Processes, got.Early)
		}
		if own := got.Exes[ownBinary(t)]; own == 0 != guarded {
			t.Errorf("guarded %v: %d times the launcher's binary was got hold of", guarded, own)
		}
		got = watched(t, guarded, probe, "seize", "STOP", name)
		if got.BeforeRun == 0 != guarded || got.Attached == 0 {
			t.Errorf("guarded %v: %d were traced, %d of them before they were the program", guarded, got.Attached, got.BeforeRun)
		}
	}
}

// TestEveryStepOfEnteringCanFail makes each step of the plan that enters fail
// in turn: that is reported, and the program never runs, less confined or not.
func TestEveryStepOfEnteringCanFail(t *testing.T) {
	dir := t.TempDir()
	canary := filepath.Join(dir, "canary")
	_, place := launched(t, dir, "", "/bin/sleep", "600")
	made, done := joined(t, place, "/bin/touch", canary)
	if status := runPlan(t, made); status != 0 || os.Remove(canary) != nil {
		t.Fatalf("status %d without a failure", status)
	}
	done()
	everyStepFails(t, canary, func() (*plan.Plan, func()) { return joined(t, place, "/bin/touch", canary) })
}

func everyStepFails(t *testing.T, canary string, join func() (made *plan.Plan, done func())) {
	t.Helper()
	made, done := join()
	done()
	for i := range made.Len() {
		made, done := join()
		op := made.Op(plan.Index(i))
		original := op.String()
		*op = plan.Op{Name: "close", Number: unix.SYS_CLOSE, Out: plan.NoSlot, Args: []plan.Arg{{Num: 1 << 20}}, Verb: op.Verb, Subject: op.Subject}
		process, failure := startJoined(made)
		if failure == nil {
			process.Wait()
			t.Errorf("%s: no failure", original)
		} else if d := failure.Diagnostic(); d.Summary == "" || failure.ExitStatus() != 125 {
			t.Errorf("%s: reported as %+v, status %d", original, d, failure.ExitStatus())
		}
		if os.Remove(canary) == nil {
			t.Errorf("%s: the program ran", original)
		}
		done()
	}
}

type caught struct {
	Processes, Attached, BeforeRun int
	Exes, Early                    map[string]int
}

func ownBinary(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

// watched starts a jail with a watcher, which act names, enters it some times,
// and returns what the watcher got hold of.
func watched(t *testing.T, guarded bool, act ...string) caught {
	t.Helper()
	dir := t.TempDir()
	for i := range act {
		act[i] = strings.Replace(act[i], "STOP", filepath.Join(dir, "stop"), 1)
	}
	process, place := launched(t, dir, "landlock: off\n", slices.Concat([]string{"/bin/sh", "-c", `"$@" >out 2>err`, "sh"}, act)...)
	time.Sleep(100 * time.Millisecond) // until somebody watches
	for range 20 {
		made, done := joined(t, place, "/bin/sleep", "0.03")
		pauseBeforeProgram(made)
		if !guarded {
			unguard(made)
		}
		if status := runPlan(t, made); status != 0 {
			t.Fatalf("status %d", status)
		}
		done()
	}
	if err := os.WriteFile(filepath.Join(dir, "stop"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	process.Wait()
	text, _ := os.ReadFile(filepath.Join(dir, "out"))
	var got caught
	if err := json.Unmarshal(text, &got); err != nil {
		problem, _ := os.ReadFile(filepath.Join(dir, "err"))
		t.Fatalf("%v\n%s%s", err, text, problem)
	}
	return got
}

// launched starts a jail that may write dir, with more lines in its profile,
// and registers it there.
func launched(t *testing.T, dir, more string, argv ...string) (*launch.Process, registry.Place) {
	t.Helper()
	if limit, err := os.ReadFile("/proc/sys/user/max_user_namespaces"); err != nil || strings.TrimSpace(string(limit)) == "0" {
		if os.Getenv("JAIL_TEST_REQUIRE") != "" {
			t.Fatal("this machine has no user namespaces")
		}
		t.Skip("this machine has no user namespaces")
	}
	profile := "filesystem: {read: [/usr, /bin, /lib, /lib64, " + filepath.Dir(dir) + "], write: [" + dir + "]}\nsyscalls: {default: allow}\n" + more
	store := policy.Store{Parse: yaml.Parse, Dirs: []policy.Dir{{Path: "/profiles", FS: fstest.MapFS{"test.yaml": {Data: []byte(profile)}}}}}
	p, _, problems := policy.Load(store, policy.Request{Name: "test"})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	host, err := host.Read(os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	host.Cwd = dir
	program, err := libseccomp.Compile(compile.FilterOf(p))
	if err != nil {
		t.Fatal(err)
	}
	c, problems := compile.Compile(p, host, compile.Command{Argv: argv, Filter: program})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	process, failure := launch.Start(c.Plan, nil, launch.Options{})
	if failure != nil {
		t.Fatal(failure)
	}
	t.Cleanup(func() { _ = process.Kill() })
	encoded, err := c.Entry(process.Sockets()).Encode()
	if err != nil {
		t.Fatal(err)
	}
	place := registry.Place{Runtime: filepath.Join(dir, "runtime")}
	if err := os.Mkdir(place.Runtime, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := registry.Register(place, &registry.Registration{Profile: "test", Init: registry.Process{PID: process.Init()}, Main: registry.Process{PID: process.Pid()}, Entry: encoded}); err != nil {
		t.Fatal(err)
	}
	return process, place
}

// joined makes the plan that enters the only jail, and what gives back the
// descriptors of it.
func joined(t *testing.T, place registry.Place, argv ...string) (made *plan.Plan, done func()) {
	t.Helper()
	return joinedFrom(t, place, nil, argv...)
}

// joinedFrom is joined for a caller with a terminal.
func joinedFrom(t *testing.T, place registry.Place, from *terminal.Terminal, argv ...string) (made *plan.Plan, done func()) {
	t.Helper()
	jails, refused, err := registry.Running(place)
	if err != nil || len(jails) != 1 {
		t.Fatalf("%d jails run, %v, %v", len(jails), refused, err)
	}
	entry, err := compile.DecodeEntry(jails[0].Entry)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := jails[0].OpenNamespaces()
	if err != nil {
		t.Fatal(err)
	}
	join := &compile.Join{Argv: argv, Terminal: from}
	for _, n := range opened {
		join.Namespaces = append(join.Namespaces, compile.JoinedNamespace{Kind: n.Kind, Flag: n.Flag, FD: n.FD})
	}
	return entry.Join(join), func() {
		for _, n := range opened {
			_ = unix.Close(n.FD)
		}
		jails[0].Close()
	}
}

// startJoined starts a made of entering, for a caller with a terminal if it was
// made for one.
func startJoined(made *plan.Plan) (*launch.Process, *launch.Failure) {
	var o launch.Options
	if made.Terminal {
		o.Terminal = callersTerminal()
	}
	return launch.Start(made, nil, o)
}

func runPlan(t *testing.T, made *plan.Plan) int {
	t.Helper()
	process, failure := startJoined(made)
	if failure != nil {
		t.Fatal(failure.Diagnostic())
	}
	return process.Wait()
}

// pauseBeforeProgram holds the process that enters for 40 ms before it
// becomes the program, so that a watcher has the time.
func pauseBeforeProgram(made *plan.Plan) {
	pause := binary.NativeEndian.AppendUint64(make([]byte, 8), 40_000_000)
	made.Program = slices.Insert(slices.Clone(made.Program), len(made.Program)-1, plan.Op{
		Name: "nanosleep", Number: unix.SYS_NANOSLEEP, Out: plan.NoSlot,
		Args: []plan.Arg{{Kind: plan.ArgBlock, Block: &plan.Block{Bytes: pause}}, {}},
	})
}

// unguard has the process that enters stay as readable as any other.
func unguard(made *plan.Plan) {
	for _, ops := range [][]plan.Op{made.Setup, made.Program} {
		for i := range ops {
			if ops[i].Name == "prctl" && ops[i].Args[0].Num == unix.PR_SET_DUMPABLE {
				ops[i].Args = []plan.Arg{{Num: unix.PR_SET_DUMPABLE}, {Num: 1}}
			}
		}
	}
}
