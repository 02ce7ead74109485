package score

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/score/probe"
)

func mountChecks() []Check {
	everywhere := func(id, doc string, weight int, good func(*mountFacts) bool, seen func(mountLine) bool) Check {
		return Check{
			ID: id, Doc: doc, Weight: weight, Range: 10, Fix: "every jail has it", Cost: "nothing",
			assess: func(f *facts) outcome {
				var odd []string
				for i := range f.mounts {
					if !good(&f.mounts[i]) {
						odd = append(odd, f.mounts[i].what)
					}
				}
				if len(odd) == 0 {
					return outcome{detail: "true of every mount"}
				}
				return outcome{badness: 10, detail: "not so: " + few(odd), by: []Cause{byJail("the attributes of mounts")}}
			},
			ask: func(f *facts, _ *Outside) []Question {
				want := "some mount is not so"
				if !anyOf(f.mounts, func(m *mountFacts) bool { return !good(m) }) {
					want = "true of every mount"
				}
				return []Question{{
					Subject: "the table of mounts", Want: want, Ask: probe.Question{Kind: probe.Read, Name: "/proc/self/mountinfo"},
					Reading: func(answer string) string {
						lines := mountTable(answer)
						for _, l := range lines {
							if !seen(l) {
								return "some mount is not so"
							}
						}
						if len(lines) == 0 {
							return "no table"
						}
						return "true of every mount"
					},
				}}
			},
		}
	}
	return []Check{
		everywhere("no-setuid", "programs of other users gain nothing by their set-user-id bit", 10,
			func(m *mountFacts) bool { return m.attributes&unix.MOUNT_ATTR_NOSUID != 0 },
			func(l mountLine) bool { return l.has("nosuid") }),
		everywhere("no-device-files", "no device can be reached by a file outside /dev", 10,
			func(m *mountFacts) bool { return m.specialised || m.attributes&unix.MOUNT_ATTR_NODEV != 0 },
			func(l mountLine) bool { return l.has("nodev") || strings.HasPrefix(l.point, "/dev/") }),
		everywhere("propagation", "mounts do not pass between host and jail", 10,
			func(m *mountFacts) bool { return m.private },
			func(l mountLine) bool { return l.propagation == "" }),
		everywhere("bounded-memory", "every file system in memory has a size and a number of files", 5,
			func(m *mountFacts) bool { return !m.memory || m.size },
			func(l mountLine) bool {
				return l.kind != "tmpfs" || !l.has("rw") || strings.HasPrefix(l.point, "/dev/") && l.point != "/dev/shm" ||
					strings.Contains(l.super, "size=") && strings.Contains(l.super, "nr_inodes=")
			}),
		writableCode(),
	}
}

func anyOf(list []mountFacts, is func(*mountFacts) bool) bool {
	for i := range list {
		if is(&list[i]) {
			return true
		}
	}
	return false
}

// writableCode: there is a place in every jail in which a program can write
// another and run it.
func writableCode() Check {
	const bad = unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOEXEC
	open := func(f *facts) bool { return anyOf(f.mounts, func(m *mountFacts) bool { return m.attributes&bad == 0 }) }
	return Check{
		ID: "writable-programs", Doc: "what the program writes cannot be executed", Weight: 5, Range: 10,
		Fix: "no profile can have it yet", Cost: "compilers, and programs that unpack others",
		assess: func(f *facts) outcome {
			return either(!open(f), 10, "nothing is both writable and executable", "some directories are both writable and executable",
				byJail("mounts have no noexec"))
		},
		ask: func(f *facts, _ *Outside) []Question {
			want := "none"
			if open(f) {
				want = "some"
			}
			return []Question{{
				Subject: "mounts that are writable and executable", Want: want,
				Ask: probe.Question{Kind: probe.Read, Name: "/proc/self/mountinfo"},
				Reading: func(answer string) string {
					for _, l := range mountTable(answer) {
						if l.has("rw") && !l.has("noexec") {
							return "some"
						}
					}
					return "none"
				},
			}}
		},
	}
}

// mountLine is a line of mountinfo (proc_pid_mountinfo(5)).
type mountLine struct {
	device, point, options, propagation, kind, super string
}

func (l mountLine) has(option string) bool {
	for o := range strings.SplitSeq(l.options, ",") {
		if o == option {
			return true
		}
	}
	return false
}

func mountTable(answer string) []mountLine {
	var out []mountLine
	for text := range strings.Lines(strings.TrimPrefix(answer, "=")) {
		left, right, ok := strings.Cut(strings.TrimSpace(text), " - ")
		l, r := strings.Fields(left), strings.Fields(right)
		if !ok || len(l) < 6 || len(r) < 3 {
			continue
		}
		out = append(out, mountLine{
			device: l[2], point: l[4], options: l[5], propagation: strings.Join(l[6:], " "), kind: r[0], super: r[2],
		})
	}
	return out
}

func ownChecks() []Check {
	return withRemedies([]Check{
		pathCheck("own-settings", "jail's own settings, and profiles, cannot be written", 30, integrity(), writes, ownConfig),
		pathCheck("own-state", "jail's caches and state are out of reach", 20, broad(), writes, ownState),
		pathCheck("own-program", "the program jail cannot be written", 20, integrity(), writes, ownBinary),
	}, map[string][2]string{
		"own-settings": {"leave them out", "programs that edit profiles"},
		"own-state":    {"every jail has it", "nothing"},
		"own-program":  {"install jail where the user cannot write", "nothing"},
	})
}

func ownConfig(f *facts) []string { return present(f.Host.Own.Config, "/etc/jail") }
func ownState(f *facts) []string {
	return present(append([]string{f.Host.Own.State, f.Host.Own.Cache}, f.Host.Own.Runtime...)...)
}
func ownBinary(f *facts) []string { return present(f.Host.Own.Programs...) }

func present(paths ...string) []string {
	var out []string
	for _, p := range paths {
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}
