package score

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

func mountChecks() []Check {
	everywhere := func(id, doc string, weight int, good func(*mountFacts) bool, seen func(mountLine) bool) Check {
		return Check{
			ID: id, Doc: doc, Weight: weight, Range: 10,
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
				want := "true of every mount"
				if slices.ContainsFunc(f.mounts, func(m mountFacts) bool { return !good(&m) }) {
					want = "some mount is not so"
				}
				return askOne("the table of mounts", want, toRead("/proc/self/mountinfo"), func(answer string) string {
					lines := mountTable(answer)
					switch {
					case len(lines) == 0:
						return "no table"
					case slices.ContainsFunc(lines, func(l mountLine) bool { return !seen(l) }):
						return "some mount is not so"
					}
					return "true of every mount"
				})
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

// askMounts asks whether there are some mounts of a kind.
func askMounts(subject string, some bool, are func(mountLine) bool) []Question {
	return askWhether(subject, some, "some", "none", toRead("/proc/self/mountinfo"), func(answer string) bool {
		return slices.ContainsFunc(mountTable(answer), are)
	})
}

// writableCode: there is a place in every jail in which a program can write
// another and run it.
func writableCode() Check {
	const bad = unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOEXEC
	open := func(f *facts) bool {
		return slices.ContainsFunc(f.mounts, func(m mountFacts) bool { return m.attributes&bad == 0 })
	}
	return Check{
		ID: "writable-programs", Doc: "what the program writes cannot be executed", Weight: 5, Range: 10,
		Fix: "no profile can have it yet", Cost: "compilers, and programs that unpack others",
		assess: func(f *facts) outcome {
			return either(!open(f), 10, "nothing is both writable and executable", "some directories are both writable and executable",
				byJail("mounts have no noexec"))
		},
		ask: func(f *facts, _ *Outside) []Question {
			return askMounts("mounts that are writable and executable", open(f), func(l mountLine) bool {
				return l.has("rw") && !l.has("noexec")
			})
		},
	}
}

// mountLine is a line of mountinfo (proc_pid_mountinfo(5)).
type mountLine struct {
	device, point, options, propagation, kind, super string
}

func (l mountLine) has(option string) bool {
	return slices.Contains(strings.Split(l.options, ","), option)
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
		"own-program":  {"install jail where the user cannot write", "nothing"},
	})
}

func ownConfig(f *facts) []string { return present(f.Host.Own.Config, "/etc/jail") }
func ownState(f *facts) []string {
	return present(append([]string{f.Host.Own.State, f.Host.Own.Cache}, f.Host.Own.Runtime...)...)
}
func ownBinary(f *facts) []string { return present(f.Host.Own.Programs...) }

func present(paths ...string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return p == "" })
}
