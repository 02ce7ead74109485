package security

import (
	"maps"
	"os"
	"strconv"
	"strings"

	"github.com/jail-project/jail/internal/testenv"
)

func namespaceRows() []row {
	return []row{
		{
			id: "N1", what: "user namespaces inside", probe: []string{"userns"},
			off:  "the filter, for 32-bit calls too, and the limit on user namespaces",
			wide: "syscalls: {default: allow, architectures: [native, x86]}\nnamespaces: {user: true}\n",
		},
		{
			id: "N1b", what: "the same with the filter off: the limit alone", probe: []string{"userns"}, profile: allABIs,
			oracle: func(_ *scene, o *outcome) { delete(o.parts, "setns") }, // it needs no namespace, only a descriptor
			off:    "the limit on user namespaces", wide: "syscalls: {default: allow, architectures: [native, x86]}\nnamespaces: {user: true}\n",
		},
		{
			id: "N2", what: "clone3, whose flags no filter sees: ENOSYS, and threads work", probe: []string{"threads"}, oracle: threads,
			off: "the syscall filter", wide: allCalls,
		},
		{
			id: "N4", what: "capabilities and privileges by execve, in every thread and the init", probe: []string{"status"},
			oracle: privileges, off: "the steps that drop them", edits: "capset,prctl:PR_CAPBSET_DROP,prctl:PR_SET_NO_NEW_PRIVS,prctl:PR_SET_SECUREBITS",
			wide:      "identity: {user: root}\nsyscalls: {default: allow}\n",
			noControl: "an ordinary user has no capability to begin with",
		},
		{
			id: "N5", what: "changing groups in the new user namespace", probe: []string{"read", "/proc/self/setgroups"}, oracle: setgroups,
			noNegative: "the kernel lets an ordinary user map a group in no other order",
			noPeers:    "it is about namespaces made without privileges", asRoot: "it is about namespaces made without privileges",
		},
		{
			id: "N7", what: "control groups that can be written or mounted", try: cgroupWrites,
			noControl:  "an ordinary user may write no control group here",
			noNegative: "an ordinary user may write no control group here",
		},
		{
			id: "N10", what: "namespaces of processes outside", probe: []string{"namespaces-of", "{pid}"}, prepare: bystander,
			noNegative: "without a PID namespace, what is outside belongs to another user namespace: the kernel refuses",
		},
		{
			id: "N11", what: "set-id files for the host, by every call that gives a mode", probe: setIDProbe, oracle: setIDFiles,
			off: "the filter's refusal of set-id modes", wide: "syscalls: {restrict-suid-sgid: false}\n",
		},
		{
			id: "N11b", what: "the same by 32-bit programs, and with every call allowed", probe: setIDProbe, oracle: setIDFiles, only32: true,
			profile: allABIsButSetID, off: "the filter's refusal of set-id modes", wide: allABIs,
		},
		{id: "N3", what: "supplementary groups: what only they open is not granted, and they are gone where the profile drops them", elsewhere: "TestN3"},
		{id: "N6", what: "starting as root", elsewhere: "TestN6"},
		{
			id: "N8", what: "starting weaker on a host without user namespaces", try: withoutNamespaces, off: "nothing: there are user namespaces",
			noEnter: "who enters makes none", noPeers: "bubblewrap does with fewer, and firejail is setuid",
		},
		{id: "N9", what: "inside another sandbox", elsewhere: "TestN9"},
	}
}

// withoutNamespaces starts where no user namespace can be made: the program
// must not have run, and the message has to name the remedy.
func withoutNamespaces(s *scene, a variant) *outcome {
	if a == firejail {
		return &outcome{parts: map[string]string{}} // setuid programs can't run there
	}
	ran := s.Project + "/ran"
	s.through = []string{"unshare", "-Ur"}
	line := s.start(&row{}, a, "/usr/bin/touch", ran)
	script := `echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"`
	if a == negative {
		script = `exec "$@"`
	}
	_ = os.Remove(ran)
	got := s.run(append([]string{"unshare", "-Ur", "/bin/sh", "-c", script, "sh"}, line...)...)
	if a.inside() && (got.status != 125 || !strings.Contains(got.stderr, "/proc/sys/user/max_user_namespaces")) {
		s.T.Errorf("%s: exit status %d and no remedy\n%s", a, got.status, got.output())
	}
	_, err := os.Lstat(ran)
	got.parts = map[string]string{}
	got.set("it ran", err == nil)
	return got
}

// bystander is a process outside, of the same user.
func bystander(s *scene) {
	s.beside(testenv.ProbeBin, "sleep")
	s.names["{pid}"] = strconv.Itoa(s.keep[len(s.keep)-1].Process.Pid)
}

// threads: the kernel answering clone3 is what is looked for; a libc that
// can't make threads would be worse.
func threads(s *scene, o *outcome) {
	if f := o.fields("thread"); o.started && (len(f) != 1 || f[0][0] != "0") {
		s.T.Errorf("no thread: %s", o.output())
	}
	if strings.HasPrefix(o.parts["clone3"], "E") && o.parts["clone3"] != "ENOSYS" && s.variant != firejail {
		s.T.Errorf("clone3 gives %s, on which no libc falls back", o.parts["clone3"])
	}
}

// privileges reads the lines of status: what is not zero is a capability.
func privileges(_ *scene, o *outcome) {
	for _, f := range o.fields("status") {
		if len(f) < 3 {
			continue
		}
		who, key, value := f[0], f[1], f[2]
		switch {
		case strings.HasPrefix(key, "Cap"):
			if strings.Trim(value, "0") != "" {
				o.set(who+" "+key, true)
			} else if o.parts[who+" "+key] == "" {
				o.set(who+" "+key, false)
			}
		case key == "NoNewPrivs":
			o.set(who+" "+key, value != "1" || o.parts[who+" "+key] == "open")
		}
	}
}

// setgroups must be off for good.
func setgroups(_ *scene, o *outcome) {
	text := o.texts["/proc/self/setgroups"]
	o.parts = map[string]string{}
	o.set("setgroups", text != "deny")
}

// cgroupWrites tries to make a group in every hierarchy that can be seen.
func cgroupWrites(s *scene, a variant) *outcome {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		s.T.Fatal(err)
	}
	argv := []string{testenv.ProbeBin, "write"}
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 2 && strings.HasPrefix(f[2], "cgroup") {
			argv = append(argv, f[1]+"/cgroup.procs", f[1]+"/release_agent", f[1]+"/jail-test")
		}
	}
	o := s.run(s.start(&row{}, a, argv...)...)
	mount := s.run(s.start(&row{}, a, testenv.ProbeBin, "mount-cgroup")...)
	maps.Copy(o.parts, mount.parts)
	return o
}
