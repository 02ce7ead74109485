package security

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
)

func descriptorRows() []row {
	const kept = "the step that closes descriptors"
	return []row{
		{
			id: "F1", what: "descriptors that the caller left open", probe: []string{"descriptors", "outside/secret"}, prepare: leaky,
			off: kept, edits: "close_range:CLOSE_RANGE_CLOEXEC",
		},
		{
			id: "F1b", what: "standard descriptors that are closed at the start", try: closedStandard,
			noNegative: "without descriptors to close nothing is in their place",
		},
		{
			id: "F2", what: "walking out through a directory that is open", probe: []string{"descriptors", "secret"},
			prepare: func(s *scene) {
				s.Mkdir(s.outside + "/deeper")
				for range 4 {
					s.files = append(s.files, s.open(s.outside+"/deeper"))
				}
			},
			off: kept, edits: "close_range:CLOSE_RANGE_CLOEXEC",
		},
		{
			id: "F3", what: "a working directory that is not granted", probe: []string{"cwd", "secret", "../outside/secret"},
			prepare: func(s *scene) { s.dir = s.outside },
			off:     "the rule that grants only the project", wide: "filesystem: {read: [\"{outside}\"]}\n",
			twice: []string{"../outside/secret"},
		},
		{
			id: "F3b", what: "a working directory that was deleted", try: deletedDirectory,
			noNegative: "a directory without a name can be granted to nobody",
		},
		{id: "F4", what: "opening standard input or output anew, with more rights", elsewhere: "TestF4"},
		{
			id: "F5", what: "two jails that look for each other", try: rendezvous, off: "the namespaces for network and System V objects, the private directories, and the socket guard",
			wide: "network: host\n", twice: []string{"an abstract socket", "a socket in /tmp", "a socket in /dev/shm", "a socket in /var/tmp"},
		},
		{
			id: "F6", what: "descriptors of the launcher's own", probe: []string{"descriptors"}, off: kept, edits: "close_range:CLOSE_RANGE_CLOEXEC",
			noControl: "without a launcher there are none", noPeers: "row F1 asks them",
		},
		{
			id: "F7", what: "the same over many launches with few descriptors", try: manyLaunches,
			noNegative: "row F1 has it", noControl: "without a launcher there is nothing to launch", noPeers: "row F1 asks them",
			noWarm: "all but the first of its launches are",
		},
	}
}

// leaky opens a file, a directory, a socket and other things for the command.
func leaky(s *scene) {
	file := s.open(s.outside + "/secret")
	dir := s.open(s.Home)
	add := func(fd int, err error, name string) {
		if err != nil {
			s.T.Fatal(err)
		}
		f := os.NewFile(uintptr(fd), name)
		s.T.Cleanup(func() { f.Close() })
		s.files = append(s.files, f)
	}
	s.files = append(s.files, file, dir)
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	add(fd, err, "socket")
	fd, err = unix.Eventfd(0, unix.EFD_CLOEXEC)
	add(fd, err, "eventfd")
	fd, err = unix.MemfdCreate("leak", unix.MFD_CLOEXEC)
	add(fd, err, "memfd")
	fd, err = unix.PidfdOpen(os.Getpid(), 0)
	add(fd, err, "pidfd")
	for len(s.files) < 61 {
		s.files = append(s.files, file, dir)
	}
}

// closedStandard starts the probe with some of 0, 1 and 2 closed: none of the
// launcher's may be in their place. Without jail, what the shell opens next is.
func closedStandard(s *scene, a variant) *outcome {
	o := &outcome{parts: map[string]string{}, started: true}
	seen := filepath.Join(s.Project, "seen")
	line := s.start(&row{}, a, "/bin/sh", "-c", `exec "$0" descriptors >'`+seen+`'`, testenv.ProbeBin)
	for _, closed := range []string{"<&-", "2>&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"} {
		outer := `"$@" ` + closed
		if a == control {
			outer = `exec ` + closed + `; exec 7<"` + s.outside + `/secret" <"` + s.outside + `/secret"; "$@"`
		}
		_ = os.Remove(seen)
		s.run(append([]string{"/bin/sh", "-c", outer, "sh"}, line...)...)
		text, err := os.ReadFile(seen)
		if err != nil {
			continue // refusing to start is fine
		}
		for _, f := range read(0, string(text), "").fields("standard") {
			fine := f[1] == "/dev/null" || f[1] == seen || strings.HasPrefix(f[1], "pipe:")
			if o.parts["descriptor "+f[0]] != "open" {
				o.set("descriptor "+f[0], !fine)
			}
		}
	}
	return o
}

// deletedDirectory starts in a directory that is gone.
func deletedDirectory(s *scene, a variant) *outcome {
	gone := filepath.Join(s.outside, "gone")
	line := s.start(&row{}, a, testenv.ProbeBin, "cwd")
	line = append([]string{"/bin/sh", "-c", `mkdir "$0" && cd "$0" && rmdir "$0" && exec "$@"`, gone}, line...)
	o := s.run(line...)
	if a == warm { // the cache entry of a launch in such a directory
		s.entries = s.kept()
		o = s.run(line...)
	}
	for _, f := range o.fields("cwd") {
		o.set("a directory that is no more", strings.Contains(f[0], "(deleted)") || strings.Contains(f[0], "unreachable"))
	}
	return o
}

// rendezvous starts a jail that listens everywhere and a second one, of
// another profile, that knocks everywhere.
func rendezvous(s *scene, a variant) *outcome {
	name := filepath.Base(s.Root)
	places := []string{"@" + name, "/tmp/" + name, "/dev/shm/" + name, "/var/tmp/" + name, strconv.Itoa(20000 + os.Getpid()%20000)}
	r := &row{}
	if a == negative {
		r.wide = "network: host\n" + anySocket + "filesystem:\n  write: [{path: \"{root}/run\"}]\n"
		places = []string{places[0], s.Root + "/run/socket", places[4]}
	}
	s.beside(s.start(r, a, append([]string{testenv.ProbeBin, "serve"}, places...)...)...)
	r.profile = "identity: {hostname: other}\n"
	o := s.run(s.start(r, a, append([]string{testenv.ProbeBin, "knock"}, places...)...)...)
	for _, p := range places {
		if strings.HasPrefix(p, "/") {
			_ = os.Remove(p)
		}
	}
	plain := map[string]string{}
	for name, result := range o.parts {
		switch {
		case strings.HasPrefix(name, "@"):
			plain["an abstract socket"] = result
		case strings.HasPrefix(name, "/"):
			plain["a socket in "+filepath.Dir(name)] = result
		default:
			plain["a port of the loopback interface"] = result
		}
	}
	o.parts = plain
	return o
}

// manyLaunches repeats row F1 with a limit on descriptors that leaves few.
func manyLaunches(s *scene, a variant) *outcome {
	o := &outcome{parts: map[string]string{}, started: true}
	if !a.inside() {
		return o
	}
	leaky(s)
	s.files = s.files[:12]
	o.set("a descriptor", false)
	launches := 100
	if *long {
		launches = 1000
	}
	line := s.start(&row{}, a, testenv.ProbeBin, "descriptors")
	limit := `ulimit -n 40; exec "$@"`
	if a == entered { // who enters gets the limits of the jail, and no higher hard ones than before
		limit = `ulimit -S -n 40; exec "$@"`
	}
	for range launches {
		got := s.run(append([]string{"/bin/sh", "-c", limit, "sh"}, line...)...)
		if !got.started {
			s.T.Fatalf("exit status %d\n%s", got.status, got.output())
		}
		if open := got.open(); len(open) > 0 {
			o.set("a descriptor", true)
			s.T.Errorf("%q", open)
		}
	}
	s.T.Logf("%d launches", launches)
	return o
}
