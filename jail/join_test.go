package jail_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/yaml"
	"github.com/jail-project/jail/registry"
	"github.com/jail-project/jail/seccomp/libseccomp"
)

// TestEnteringIsOpaque enters a jail in which somebody watches for processes
// that come in: nothing of them can be opened, read or traced before they are the
// program. With the one guard of it taken out, all of that works.
func TestEnteringIsOpaque(t *testing.T) {
	if limit, err := os.ReadFile("/proc/sys/user/max_user_namespaces"); err != nil || strings.TrimSpace(string(limit)) == "0" {
		if os.Getenv("JAIL_TEST_REQUIRE") != "" {
			t.Fatal("this machine has no user namespaces")
		}
		t.Skip("this machine has no user namespaces")
	}
	probe := filepath.Join(t.TempDir(), "probe")
	build := exec.Command("go", "build", "-o", probe, "../e2e/testdata/probe")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, guarded := range []bool{true, false} {
		got := watched(t, guarded, probe, "watch", "STOP", "no such text", "jail.test")
		if len(got.Early) == 0 != guarded || got.Processes == 0 {
			t.Errorf("guarded %v: %d processes came, and of those on their way in could be had: %v", guarded, got.Processes, got.Early)
		}
		if own := got.Exes[ownBinary(t)]; own == 0 != guarded {
			t.Errorf("guarded %v: %d times the launcher's binary was got hold of", guarded, own)
		}
		got = watched(t, guarded, probe, "seize", "STOP", "jail.test")
		if got.BeforeRun == 0 != guarded || got.Attached == 0 {
			t.Errorf("guarded %v: %d were traced, %d of them before they were the program", guarded, got.Attached, got.BeforeRun)
		}
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
	profile := "filesystem: {read: [/usr, /bin, /lib, /lib64, " + filepath.Dir(act[0]) + "], write: [" + dir + "]}\nsyscalls: {default: allow}\n"
	store := policy.Store{Parse: yaml.Parse, Dirs: []policy.Dir{{Path: "/profiles", FS: fstest.MapFS{"test.yaml": {Data: []byte(profile)}}}}}
	p, _, problems := policy.Load(store, policy.Request{Name: "test"})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	host, err := jail.ReadHost(os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	host.Cwd = dir
	for i := range act {
		act[i] = strings.Replace(act[i], "STOP", filepath.Join(dir, "stop"), 1)
	}
	argv := append([]string{"/bin/sh", "-c", `"$@" >out 2>err`, "sh"}, act...)
	c, problems := jail.Compile(p, host, jail.Command{Argv: argv})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	program, err := libseccomp.Compile(*c.Plan.Filter)
	if err != nil {
		t.Fatal(err)
	}
	c.Plan.SetFilterProgram(program)
	process, failure := jail.Start(c.Plan, nil)
	if failure != nil {
		t.Fatal(failure)
	}
	t.Cleanup(func() { _ = process.Kill() })
	encoded, err := c.Plan.Entry().Encode()
	if err != nil {
		t.Fatal(err)
	}
	place := registry.Place{Runtime: filepath.Join(dir, "runtime")}
	if err := os.Mkdir(place.Runtime, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := registry.Register(place, &registry.Launch{Profile: "test", First: process.First(), Main: process.Pid(), Entry: encoded}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // until somebody watches
	for range 20 {
		enterOnce(t, place, guarded)
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

// enterOnce enters with a program that ends soon, and waits a moment before
// it is executed, so that a watcher has the time.
func enterOnce(t *testing.T, place registry.Place, guarded bool) {
	t.Helper()
	jails, _, err := registry.Running(place)
	if err != nil || len(jails) != 1 {
		t.Fatalf("%d jails run, %v", len(jails), err)
	}
	defer jails[0].Close()
	entry, err := jail.DecodeEntry(jails[0].Entry)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := jails[0].OpenNamespaces()
	if err != nil {
		t.Fatal(err)
	}
	join := &jail.Join{Argv: []string{"/bin/sleep", "0.03"}}
	for _, n := range opened {
		defer unix.Close(n.FD)
		join.Namespaces = append(join.Namespaces, jail.JoinedNamespace{Kind: n.Kind, Flag: n.Flag, FD: n.FD})
	}
	plan := entry.Join(join)
	pause := bytes.Clone([]byte{15: 0})
	pause[8], pause[9], pause[10], pause[11] = 0x00, 0x5a, 0x62, 0x02 // 40 ms, in nanoseconds
	last := len(plan.Program) - 1
	plan.Program = append(plan.Program[:last:last], jail.Op{
		Name: "nanosleep", Number: unix.SYS_NANOSLEEP, Out: jail.NoSlot,
		Args: []jail.Arg{{Kind: jail.ArgBlock, Block: &jail.Block{Bytes: pause}}, {}},
	}, plan.Program[last])
	if !guarded {
		for _, ops := range [][]jail.Op{plan.Setup, plan.Program} {
			for i := range ops {
				if ops[i].Name == "prctl" && ops[i].Args[0].Num == unix.PR_SET_DUMPABLE {
					ops[i].Args = []jail.Arg{{Num: unix.PR_SET_DUMPABLE}, {Num: 1}}
				}
			}
		}
	}
	process, failure := jail.Start(plan, nil)
	if failure != nil {
		t.Fatal(failure.Diagnostic())
	}
	if status := process.Wait(); status != 0 {
		t.Fatalf("status %d", status)
	}
}
