package security

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// otherUser is a guard that a jail of root has besides.
const otherUser = "the program is another user there, which stops it as well"

func lifeRows() []row {
	return []row{
		{id: "R1", what: "a fork bomb", elsewhere: "TestR1"},
		{id: "R2", what: "memory without end", elsewhere: "TestR2"},
		{
			id: "R2b", what: "writable directories in memory without bounds", probe: []string{"unbounded"},
			noControl: "whether the host bounds its own is its business", noNegative: "every tmpfs of a plan has bounds; TestPlans compares them",
		},
		{id: "R3", what: "quotas that all processes of a user share", elsewhere: "TestR3"},
		{
			id: "R4", what: "outliving the launcher", try: orphan, off: "the step that ties the jail to its launcher", edits: "prctl:PR_SET_PDEATHSIG",
		},
		{
			id: "R4b", what: "outliving the shell that started the launcher", try: orphanOfShell,
			noNegative: "the launcher lives on and with it the jail, as any program started in the background does", noPeers: "row R4 asks them",
			noControl: "it is about the launcher",
		},
		{id: "R5", what: "a service of a jail that dies", elsewhere: "TestR5"},
		{id: "R6", what: "a step of the set-up that fails", elsewhere: "TestR6"},
		{id: "R7", what: "core dumps", elsewhere: "TestR7"},
		{id: "R8", what: "programs that do not want to end", elsewhere: "TestR8"},
		{
			id: "R9", what: "signals and priorities for processes outside", probe: []string{"strike", "{pid}"}, prepare: bystander,
			off: "the PID namespace and Landlock", wide: "namespaces: {pid: false}\nlandlock: off\n", twice: []string{"setpriority", "sched_setscheduler", "ioprio_set"},
			rootOff: otherUser,
		},
		{
			id: "R9b", what: "settings and limits of processes outside, where process ids are shared", probe: []string{"disturb", "{pid}"},
			prepare: bystander, oracle: disturbed, profile: "namespaces: {pid: false}\n",
			off: "the read-only `/proc`, Landlock and the filter", edits: "attributes,filter", rootOff: otherUser,
		},
		{
			id: "R10", what: "setting clocks", probe: []string{"calls", "clock_settime", "clock_adjtime", "settimeofday", "adjtimex"},
			off: "the syscall filter", wide: allCalls,
		},
		{id: "R11", what: "two launches of one profile at once", elsewhere: "TestNothingIsLeft"},
		{id: "R12", what: "a binary that is replaced while a jail runs", elsewhere: "TestR12"},
	}
}

// disturbed decides by what the host says of the process.
func disturbed(s *scene, o *outcome) {
	dir := "/proc/" + s.names["{pid}"] + "/"
	is := func(file, text string) bool {
		all, err := os.ReadFile(dir + file)
		if err != nil {
			s.T.Fatal(err)
		}
		return strings.Contains(string(all), text)
	}
	o.set("oom_score_adj", is("oom_score_adj", "777"))
	o.set("coredump_filter", is("coredump_filter", "00000001"))
	o.set("limits", is("limits", "Max open files            77 "))
}

// orphan kills the launcher and looks whether what it started is still there
// after two seconds.
func orphan(s *scene, a variant) *outcome {
	r := &row{edits: "prctl:PR_SET_PDEATHSIG"}
	name := filepath.Base(s.Root) + "-program" // the jail entered goes on
	line := s.start(r, a, testenv.ProbeBin, "sleep", name)
	if a == control {
		line = []string{"/bin/sh", "-c", `"$@"; true`, "sh", testenv.ProbeBin, "sleep", name}
	}
	s.beside(line...)
	_ = s.keep[len(s.keep)-1].Process.Kill()
	o := &outcome{parts: map[string]string{}, started: true}
	o.set("it lives on", survives(name))
	end(name)
	return o
}

// orphanOfShell kills a shell that started the launcher in the foreground: the
// jail ends with its launcher then, or lives with it.
func orphanOfShell(s *scene, a variant) *outcome {
	o := &outcome{parts: map[string]string{}, started: true}
	if !a.inside() {
		return o
	}
	name := filepath.Base(s.Root) + "-program"
	line := s.start(&row{}, a, testenv.ProbeBin, "sleep", name)
	s.beside(append([]string{"/bin/sh", "-c", `"$@"; true`, "sh"}, line...)...)
	_ = s.keep[len(s.keep)-1].Process.Kill()
	time.Sleep(200 * time.Millisecond)
	launchers, programs := 0, 0
	for _, p := range processes(name) {
		if strings.Contains(p.command, testenv.JailBin) {
			launchers++
			_ = syscall.Kill(p.pid, syscall.SIGKILL)
		} else {
			programs++
		}
	}
	o.set("a program without a launcher", launchers == 0 && programs > 0)
	o.set("a program after its launcher", survives(name))
	end(name)
	return o
}

type process struct {
	pid     int
	command string
}

// processes finds those with a text in their command line.
func processes(text string) []process {
	var found []process
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range all {
		command, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(command), text) {
			continue
		}
		found = append(found, process{atoi(filepath.Base(filepath.Dir(file))), string(command)})
	}
	return found
}

// survives waits for all processes with a text in their command line to go.
func survives(text string) bool {
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if len(processes(text)) == 0 {
			return false
		}
	}
	return true
}

func end(text string) {
	for _, p := range processes(text) {
		_ = syscall.Kill(p.pid, syscall.SIGKILL)
	}
}
