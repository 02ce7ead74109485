package security

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jail-project/jail/internal/testenv"
)

func leakRows() []row {
	return []row{
		{
			id: "L1", what: "files of `/proc` about the host", try: procFiles,
			noNegative: "`/proc` is always the jail's own, with what is covered",
		},
		{
			id: "L2", what: "`/sys`", probe: []string{"list", "/sys", "/sys/class/net", "/sys/kernel", "/sys/fs/cgroup", "/sys/devices"},
			off: "the tree that shows nothing of it", wide: "filesystem: {read: [/sys]}\n",
			twice: []string{"/sys/fs/cgroup"},
		},
		{
			id: "L3", what: "names of the host: host name, machine, users, homes, logs", try: identity,
			off:   "the name space of host names, and the files of the jail's own",
			twice: []string{"homes of others"},
		},
		{
			id: "L4", what: "paths of the host in the list of mounts", probe: []string{"grep", "/proc/self/mountinfo", "{outside}", "profiles/test-", ".cache/jail/"},
			prepare: func(s *scene) { s.Mkdir(s.Home + "/.cache/jail") },
			off:     "the tree that shows only what is granted", wide: "filesystem: {read: [\"{outside}\"]}\n",
			noControl: "an ordinary process has no mounts of such names", noPeers: "they mount none of these",
		},
		{
			id: "L5", what: "telling what exists by what is said about it", try: oracles,
			off: "the tree that shows only what is granted", wide: "filesystem: {read: [\"{outside}\"]}\n",
		},
		{
			id: "L7", what: "process ids, user ids and control groups of the host", try: numbers,
			off: "the namespaces", wide: "namespaces: {pid: false, cgroup: false}\n",
		},
		{
			id: "L8", what: "core dumps with what a program held", probe: []string{"core"},
			off: "the limit", edits: "prlimit64:RLIMIT_CORE",
		},
	}
}

// about are the files of /proc that tell about the host.
var about = []string{
	"kallsyms", "config.gz", "interrupts", "keys", "key-users", "sched_debug", "timer_list", "kcore", "kmsg", "sysrq-trigger", "diskstats",
	"partitions", "modules", "slabinfo", "vmallocinfo", "kpagecount", "latency_stats", "net/unix", "net/tcp",
	"iomem", "ioports", "crypto", "misc", "devices", "consoles", "dma", "fb", "mtrr", "mdstat", "driver/rtc", "buddyinfo", "zoneinfo",
	"softirqs", "schedstat", "bootconfig", "bus/pci/devices", "asound/cards", "scsi/scsi", "sys/kernel/random/boot_id", "locks", "cmdline",
}

// procFiles: a file counts when it says inside what it says outside.
func procFiles(s *scene, a variant) *outcome {
	argv := []string{testenv.ProbeBin, "digest"}
	for _, name := range about {
		argv = append(argv, "/proc/"+name)
	}
	outside := s.run(argv...)
	inside := outside
	if a != control {
		inside = s.run(s.start(&row{}, a, argv...)...)
	}
	o := &outcome{parts: map[string]string{}, started: inside.started}
	for name := range outside.parts {
		open := outside.parts[name] == "open" && inside.parts[name] == "open" && outside.texts[name] != ""
		// What changes all the time is open when it can be read at all.
		o.set(name, open && (inside.texts[name] == outside.texts[name] || !strings.Contains(name, "/net/")))
	}
	return o
}

// identity looks for the names that only the host has.
func identity(s *scene, a variant) *outcome {
	r := &row{}
	if a == negative {
		r.wide = "namespaces: {uts: false}\nidentity: {machine-id: host}\nfilesystem: {read: [/etc/passwd, /var/log]}\n"
	}
	name, err := os.Hostname()
	if err != nil {
		s.T.Fatal(err)
	}
	id, _ := os.ReadFile("/etc/machine-id")
	all, _ := os.ReadFile("/etc/passwd")
	me, err := user.Current()
	if err != nil {
		s.T.Fatal(err)
	}
	o := s.run(s.start(r, a, "/bin/sh", "-c", `"$0" cwd; echo "host	$(cat /proc/sys/kernel/hostname)"; echo "machine	$(cat /etc/machine-id)"
		echo "users	$(wc -l </etc/passwd)"; echo "homes	$(ls /home | tr '\n' ' ')"; echo "logs	$(ls /var/log | wc -l)"; true`, testenv.ProbeBin)...)
	first := func(word string) string {
		if f := o.fields(word); len(f) > 0 {
			return f[0][0]
		}
		return ""
	}
	o.set("the host's name", first("host") == name)
	o.set("the machine id", len(id) > 1 && first("machine") == strings.TrimSpace(string(id)))
	o.set("the list of users", first("users") == strconv.Itoa(strings.Count(string(all), "\n")))
	o.set("logs", first("logs") != "0" && first("logs") != "")
	others := 0
	for home := range strings.FieldsSeq(first("homes")) {
		if home != filepath.Base(me.HomeDir) && home != "ann" {
			others++
		}
	}
	o.set("homes of others", others > 0)
	return o
}

// oracles: a file that is there and one that is not must give the same answer
// to every way to ask.
func oracles(s *scene, a variant) *outcome {
	r := &row{}
	if a == negative {
		r.wide = "filesystem: {read: [\"{outside}\"]}\n"
	}
	there, missing := s.outside+"/secret", s.outside+"/nothing"
	o := s.run(s.start(r, a, testenv.ProbeBin, "existence", there, missing)...)
	answers := map[string]map[string]string{}
	for _, f := range o.fields("answer") {
		if answers[f[0]] == nil {
			answers[f[0]] = map[string]string{}
		}
		answers[f[0]][f[1]] = f[2]
	}
	for way, about := range answers {
		o.set(way, about[there] != about[missing])
	}
	return o
}

// numbers of the host: pids beyond the own ones, its user ids, its groups.
func numbers(s *scene, a variant) *outcome {
	r := &row{}
	if a == negative {
		r.wide = "namespaces: {pid: false, cgroup: false}\n"
	}
	bystander(s)
	o := s.run(s.start(r, a, "/bin/sh", "-c", `"$0" stat /proc/`+s.names["{pid}"]+`; echo "group	$(cat /proc/self/cgroup | tr '\n' ' ')"; true`, testenv.ProbeBin)...)
	processes := o.parts["/proc/"+s.names["{pid}"]]
	o.parts = map[string]string{}
	o.set("a process outside", processes == "open")
	groups := ""
	if f := o.fields("group"); len(f) > 0 {
		groups = f[0][0]
	}
	own, _ := os.ReadFile("/proc/self/cgroup")
	below := false
	for line := range strings.Lines(string(own)) {
		_, path, _ := strings.Cut(strings.TrimSpace(line), "::")
		below = below || path != "/" && path != "" && strings.Contains(groups, path)
	}
	o.set("a control group's path", below)
	return o
}
