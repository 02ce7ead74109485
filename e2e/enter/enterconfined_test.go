package enter

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// kernelView is what the kernel says, outside, about a process.
type kernelView map[string]string

// viewOf reads what has to be equal for two processes that are confined
// alike.
func viewOf(pid int) kernelView {
	v := kernelView{}
	status := testenv.StatusOf(pid)
	for _, field := range []string{
		"Uid", "Gid", "Groups", "Umask", "NoNewPrivs", "Seccomp", "Seccomp_filters", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb",
		"SigBlk", "SigIgn", "Speculation_Store_Bypass", "SpeculationIndirectBranch", "Cpus_allowed", "Mems_allowed", "THP_enabled", "CoreDumping",
	} {
		v[field] = status[field]
	}
	for _, kind := range []string{"user", "mnt", "pid", "pid_for_children", "ipc", "uts", "cgroup", "net", "time", "time_for_children"} {
		v["ns/"+kind], _ = os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, kind))
	}
	for _, file := range []string{"limits", "cgroup", "oom_score_adj", "mountinfo", "environ", "uid_map", "gid_map", "setgroups", "personality"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
		if err != nil {
			text = []byte(err.Error())
		}
		v[file] = string(text)
	}
	for _, link := range []string{"cwd", "root"} {
		v[link], _ = os.Readlink(fmt.Sprintf("/proc/%d/%s", pid, link))
	}
	return v
}

// differences names what differs.
func (v kernelView) differences(other kernelView) []string {
	var names []string
	for name := range v {
		if v[name] != other[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// P5: an entered process is confined like the jail's program, field by field.
func TestP5Equal(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	control := w.Command("sleep", "600")
	if err := control.Start(); err != nil {
		t.Fatal(err)
	}
	defer control.Wait()
	defer control.Process.Kill()
	for _, flags := range [][]string{
		nil,
		nil, // once more, from a warm cache
		{"--user", "root"},
		{"--user", "nobody", "--hostname", "other"},
		{"--network", "host"},
		{"--keep-cap", "net_bind_service", "--keep-cap", "chown"},
		{"--share", "pid"},
		{"--share", "ipc", "--share", "uts", "--share", "cgroup"},
		{"--nested-userns", "--allow-syscall", "@sandbox"},
		processLimit("--open-files", "77", "--file-size", "1M"),
		{"--home", "private", "--env", "A=b", "--write", w.Project},
		{"--set", "syscalls.default=allow"},
		{"--set", "namespaces.time=true"},
	} {
		j := w.Runs(append(append([]string{"--profile", "default"}, flags...), "sleep", "600")...)
		cmd := w.Command(testenv.JailBin, "enter", j.ID, "sleep", "600")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		entered := 0
		if !testenv.Eventually(func() bool {
			for _, pid := range testenv.Descendants(cmd.Process.Pid) {
				if testenv.CommandLine(pid) == "sleep 600 " {
					entered = pid
				}
			}
			return entered != 0
		}) {
			t.Fatalf("with %q: the entered process is not found", flags)
		}
		first, second := viewOf(j.Main), viewOf(entered)
		if names := first.differences(second); len(names) > 0 {
			for _, name := range names {
				t.Errorf("with %q, %s:\n%q, and of the entered process\n%q", flags, name, first[name], second[name])
			}
		}
		// Negative control: of a process that is in no jail, nearly
		// all of it differs.
		outside := viewOf(control.Process.Pid)
		for _, name := range []string{"CapBnd", "NoNewPrivs", "Seccomp", "ns/user", "ns/mnt", "limits", "mountinfo", "oom_score_adj", "uid_map"} {
			if os.Getuid() != 0 && first[name] == outside[name] {
				t.Errorf("the test is void: %s is %q outside as well", name, outside[name])
			}
		}
		w.Succeeds("stop", "--grace", "0s", j.ID)
		_ = cmd.Wait()
		if status := cmd.ProcessState.ExitCode(); status != 128+9 || !j.Ends() {
			t.Errorf("the jail was killed, and jail enter exits with %d", status)
		}
	}
	w.NothingRuns(control)
}

// processLimit adds a limit on processes to flags. Root's are counted by
// control groups alone, which there need not be.
func processLimit(flags ...string) []string {
	if os.Getuid() == 0 {
		return flags
	}
	return append(flags, "--processes", "99")
}

// What can't be done in a jail can't be done by who enters it.
func TestEnterIsConfined(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	narrow := w.Runs("--profile", "default", "sleep", "600")
	wide := w.Runs("--profile", "default", "--read", w.Home, "--write", w.Project, "--network", "host", "--nested-userns", "--allow-syscall", "unshare", "sleep", "600")
	for _, script := range []string{
		"cat '" + filepath.Join(w.Home, "Documents/diary.txt") + "'",
		"echo x >'" + filepath.Join(w.Project, "written") + "'",
		"test $(tail -n +3 /proc/net/dev | wc -l) -gt 1",
		"unshare --user true",
	} {
		if r := w.Host("sh", "-c", script); r.Status != 0 {
			t.Fatalf("without jail, %q: %d\n%s", script, r.Status, r.Output())
		}
		if r := narrow.Enter("sh", "-c", script); r.Status == 0 || r.Status == 125 {
			t.Errorf("in the jail, %q: %d\n%s", script, r.Status, r.Output())
		}
		if r := wide.Enter("sh", "-c", script); r.Status != 0 {
			t.Errorf("in the wider jail, %q: %d\n%s", script, r.Status, r.Output())
		}
	}
}

// The profile may change while the jail runs; who enters is confined as the
// jail is.
func TestEnterAsLaunched(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	profile := w.Profile("extends: [cli]\nenvironment: {keep: [FIRST], set: {SET: old}}\n")
	j := w.Runs("--profile", profile, "sleep", "600")
	w.Profile("extends: [cli]\nfilesystem: {read: [~]}\nenvironment: {keep: [SECOND], set: {SET: new}}\nsyscalls: {default: allow}\n")
	w.Env = append(w.Env, "FIRST=1", "SECOND=2")
	if r := j.Enter("sh", "-c", "echo $FIRST,$SECOND,$SET; cat ~/"+testenv.Canaries[0]); r.Stdout != "1,,old\n" || r.Status != 1 {
		t.Errorf("status %d, %s", r.Status, r.Output())
	}
}
