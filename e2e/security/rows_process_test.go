package security

import (
	"os"
	"strings"

	"github.com/jail-project/jail/internal/testenv"
)

func processRows() []row {
	return []row{
		{id: "P1", what: "overwriting the launcher's binary", elsewhere: "TestP1"},
		{id: "P3", what: "tracing a process that enters a jail", elsewhere: "TestP3"},
		{id: "P4", what: "forged registrations of running jails", elsewhere: "TestP4"},
		{id: "P5", what: "a process that enters, weaker than the first", elsewhere: "TestP5"},
		{id: "P6", what: "a process id that was used again", elsewhere: "TestP6"},
		{id: "P7", what: "files from inside that the launcher reads", elsewhere: "TestP7"},
		{
			id: "P2", what: "looking into the jail's init", try: lookIntoInit,
			off: "the step that makes it unreadable, and the filter", wide: allCalls, edits: "prctl:PR_SET_DUMPABLE",
			rootOff: "giving root's ids up takes the step",
			// Its copy of the launcher's memory was overwritten, and its
			// descriptors closed.
			twice: []string{"environ", "cmdline", "fd", "pidfd_getfd"},
		},
		{
			id: "P8", what: "parts of jail called by hand", try: byHand, noControl: "without jail there are none",
			noNegative: "there are no such parts", noPeers: "it is about jail's own verbs",
			noWarm: "no jail is made", noEnter: "no jail is made",
		},
		{
			id: "P9", what: "another exit status than the program's own", try: forgery,
			noNegative: "the init has no descriptor to take, and ends with the program's status",
		},
		{
			id: "L6", what: "the launcher's command line and environment in `/proc`", probe: []string{"search", "{canary}"},
			prepare: func(s *scene) {
				s.Env = append(s.Env, "SECRET_TOKEN="+s.Canary)
				s.names["{canary}"] = s.Canary[:len(s.Canary)-1]
				s.beside("/bin/sh", "-c", "echo ready; sleep 60 # "+s.Canary)
			},
			off: "the PID namespace", wide: "namespaces: {pid: false}\n", twice: []string{"environ"},
		},
	}
}

// lookIntoInit: without a jail, the process that started the probe is the one
// to look into.
func lookIntoInit(s *scene, a variant) *outcome {
	r := &row{}
	if a == negative {
		r.wide, r.edits = allCalls, "prctl:PR_SET_DUMPABLE"
	}
	s.Env = append(s.Env, "SECRET_TOKEN="+s.Canary)
	if a == control {
		// The shell stays, since it has something to do afterwards.
		return s.run("/bin/sh", "-c", `"$@"; true`, "sh", testenv.ProbeBin, "process", "parent")
	}
	return s.run(s.start(r, a, testenv.ProbeBin, "process", "1")...)
}

// byHand calls what other tools use for themselves.
func byHand(s *scene, a variant) *outcome {
	o := &outcome{parts: map[string]string{}, started: true}
	if !a.inside() {
		return o
	}
	canary := s.Project + "/ran"
	for _, verb := range []string{"__init", "init", "child", "exec", "supervisor", "_", "--init", "re-exec"} {
		s.run(testenv.JailBin, verb, "touch", canary)
		s.run("/bin/sh", "-c", `exec -a "$0" "$@"`, verb, testenv.JailBin, "run", "--profile", "no-such-profile", "touch", canary)
	}
	_, err := os.Lstat(canary)
	o.set("the command ran", err == nil)
	return o
}

// forgery: the probe ends with 7 after it tried to make the launcher believe
// otherwise.
func forgery(s *scene, a variant) *outcome {
	target := "first"
	if a == control {
		// Without a jail, the parent is what reports the status.
		o := s.run("/bin/sh", "-c", `"$@"; exit $?`, "sh", testenv.ProbeBin, "forge", "7", "parent")
		o.parts = map[string]string{}
		o.set("another status", o.status != 7)
		return o
	}
	o := s.run(s.start(&row{}, a, testenv.ProbeBin, "forge", "7", target)...)
	ended := strings.Contains(o.stdout, "part\tkill")
	open := o.status != 7
	o.parts = map[string]string{}
	o.set("another status", open || !ended)
	return o
}
