package score

import (
	"path"
	"slices"
	"strings"

	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy/paths"
	"github.com/jail-project/jail/score/probe"
)

// reach is what a program gets of a path of the host.
type reach int

const (
	none    reach = iota // another thing stands there, or nothing
	layered              // it reads the host's; what it writes goes elsewhere
	reads
	writes
)

func (r reach) String() string {
	return [...]string{reachNone, reachOverlay, reachRead, reachWrite}[r]
}

// reachOf tells what the jail gets of a path of the host: the most, if several paths of
// the jail lead there.
func (f *facts) reachOf(p string) (reach, fstree.Explanation) {
	most, by := none, fstree.Explanation{}
	for _, inside := range f.View.Outside(p) {
		if r, e := f.reachAt(inside); by.Path == "" || r > most {
			most, by = r, e
		}
	}
	return most, by
}

// reachAt looks a path of the jail up in the view.
func (f *facts) reachAt(inside string) (reach, fstree.Explanation) {
	e := f.View.Explain(inside)
	if slices.Contains(f.soon, f.View.HostPath(e.Real)) {
		return none, e
	}
	switch e.Visibility {
	case fstree.Layered:
		return layered, e
	case fstree.ReadOnly, fstree.Socket: // whether it can be connected to is another matter: services
		return reads, e
	case fstree.Writable:
		return writes, e
	}
	return none, e
}

// levels is the badness of each reach.
type levels [writes + 1]int

// The kinds of checks about paths.
func secret() levels    { return levels{0, 7, 7, 10} } // reading is what it is about
func integrity() levels { return levels{0, 0, 0, 10} } // writing is
func broad() levels     { return levels{0, 4, 5, 10} } // both are

// memberCheck makes a check of what is reached of a long list of paths. A few
// of them were granted one by one, for what the program does.
func memberCheck(id, doc string, weight int, bad levels, escape reach, paths func(*facts) []string) Check {
	const some = 4
	c := pathCheck(id, doc, weight, bad, escape, paths)
	assess := c.assess
	c.assess = func(f *facts) outcome {
		o := assess(f)
		if o.named <= some {
			o.badness /= 2
		}
		return o
	}
	return c
}

// pathCheck makes a check of what is reached of some paths: the worst counts.
// escape is the first reach that is an equivalent of an escape.
func pathCheck(id, doc string, weight int, bad levels, escape reach, paths func(*facts) []string) Check {
	return Check{
		ID: id, Doc: doc, Weight: weight, Range: 10,
		assess: func(f *facts) outcome {
			worst, o := none, outcome{detail: "nothing of it is exposed"}
			var named []string
			list := paths(f)
			if len(list) == 0 {
				return outcome{state: NotApplicable, detail: "there is nothing of the kind on this host"}
			}
			for _, p := range list {
				r, e := f.reachOf(p)
				if bad[r] > 0 {
					named = append(named, p)
				}
				if r > worst {
					worst, o.by = r, pathCause(&e)
				}
			}
			o.badness, o.escape = bad[worst], escape != none && worst >= escape
			if o.named = len(named); o.badness > 0 {
				o.detail = "can be " + worst.String() + ": " + few(named)
			}
			return o
		},
		ask: func(f *facts, out *Outside) []Question {
			var all []Question
			for _, p := range paths(f) {
				for _, inside := range f.insides(p) {
					r := none
					if len(f.View.Outside(p)) > 0 {
						r, _ = f.reachAt(inside)
					}
					all = append(all, askPath(inside, p, r.String(), out)...)
				}
			}
			return all
		},
	}
}

// insides are the paths of the jail at which a path of the host is asked about: where it
// is, or, if it is nowhere, where it would be.
func (f *facts) insides(p string) []string {
	inside := f.View.Outside(p)
	// An overlay has inodes of its own: nothing tells whose files are below.
	if len(inside) == 0 && f.View.Explain(p).Visibility != fstree.Layered {
		inside = []string{p}
	}
	return inside
}

// newFilesCheck is about files that do not exist. Whether one could be made is
// asked of the directory that it would be made in, or below. Nothing in the jail says that
// the launcher keeps a name free, so that is not asked for.
func newFilesCheck() Check {
	list := members(false, paths.AutomaticStartup()...)
	c := memberCheck("new-startup-files", "files that would run later outside cannot be made", 25, integrity(), none, list)
	c.ask = func(f *facts, out *Outside) []Question {
		var all []Question
		for _, p := range list(f) {
			r, e := f.reachOf(p)
			if e.Visibility == fstree.Blocked {
				continue
			}
			for _, inside := range f.insides(p) {
				all = append(all, askNew(inside, p, r == writes, out)...)
			}
		}
		return all
	}
	return c
}

// askNew asks whether a file could be made at a path of the host, which has another one
// in the jail.
func askNew(inside, p string, makeable bool, out *Outside) []Question {
	for dir := path.Dir(p); ; dir = path.Dir(dir) {
		if device, inode, ok := out.Inode(dir); ok {
			ask := probe.Question{Kind: probe.New, Name: inside}
			return askWhether(p, makeable, "can be made", "cannot be made", ask, func(answer string) bool {
				return reachOf(answer, device, inode) == reachWrite
			})
		}
		if dir == "/" {
			return nil
		}
	}
}

// fixed are paths that are the same everywhere.
func fixed(paths ...string) func(*facts) []string { return func(*facts) []string { return paths } }

// below are paths in a directory of the host's, "" for one that it lacks.
func below(dir func(*host.Host) string, names ...string) func(*facts) []string {
	return func(f *facts) []string {
		at := dir(f.Host)
		if at == "" {
			return nil
		}
		var out []string
		for _, n := range names {
			out = append(out, path.Join(at, n))
		}
		return out
	}
}

func homeOf(h *host.Host) string    { return h.Home }
func runtimeOf(h *host.Host) string { return h.Dirs["XDG_RUNTIME_DIR"] }
func cwdOf(h *host.Host) string     { return h.Cwd }

// members are the paths of rules and groups that exist on the host, or those that do
// not and have no pattern in them.
func members(existing bool, written ...string) func(*facts) []string {
	return func(f *facts) []string {
		var out []string
		for _, w := range written {
			for _, p := range fstree.Paths(f.Policy, f.Host, programOf(f.Plan.Argv), w) {
				if exists := f.Host.Files.Kind(p) != host.KindMissing; exists == existing && (exists || !paths.IsGlob(p)) {
					out = append(out, p)
				}
			}
		}
		return out
	}
}

// personal are the user's own directories.
func personal(f *facts) []string {
	var out []string
	for _, name := range [...]string{"DESKTOP", "DOCUMENTS", "DOWNLOADS", "MUSIC", "PICTURES", "VIDEOS", "PUBLICSHARE", "TEMPLATES"} {
		if dir := f.Host.Dirs[name]; dir != "" {
			out = append(out, dir)
		}
	}
	return out
}

func fileChecks() []Check {
	all := []Check{
		pathCheck("home", "the home directory is out of reach", 40, levels{0, 4, 5, 10}, writes, below(homeOf, "")),
		pathCheck("personal-files", "the user's documents, pictures and the like are out of reach", 15, broad(), none, personal),
		memberCheck("secrets", "keys, tokens and histories (@secrets) are out of reach", 40, secret(), none, members(true, "@secrets")),
		memberCheck("startup-files", "files that run later outside (@startup) cannot be changed", 40, integrity(), writes, members(true, paths.AutomaticStartup()...)),
		newFilesCheck(),
		pathCheck("whole-root", "the root directory as a whole is not shown", 20, broad(), none, fixed("/")),
		pathCheck("system-files", "the system's programs and settings cannot be written", 20, integrity(), none,
			fixed("/usr", "/etc", "/bin", "/sbin", "/lib", "/lib64", "/boot", "/opt", "/var", "/srv")),
		pathCheck("system-secrets", "the system's secrets are out of reach", 10, secret(), none,
			fixed("/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/ssh", "/root", "/var/lib/systemd")),
		pathCheck("accounts", "the host's list of users is out of reach", 5, secret(), none, fixed("/etc/passwd")),
		pathCheck("logs", "the system's logs are out of reach", 5, secret(), none, fixed("/var/log")),
		pathCheck("media", "other file systems are out of reach", 5, broad(), none, fixed("/mnt", "/media", "/run/media")),
		pathCheck("temporary-files", "/tmp and /var/tmp are the jail's own", 15, broad(), none, fixed("/tmp", "/var/tmp")),
		pathCheck("shared-memory", "/dev/shm is the jail's own", 5, broad(), none, fixed("/dev/shm")),
		pathCheck("runtime-directory", "the user's directory of sockets is out of reach", 15, broad(), none, below(runtimeOf, "")),
		pathCheck("sysfs", "/sys is out of reach", 5, broad(), none, fixed("/sys")),
		pathCheck("project", "the current directory cannot be written", 5, integrity(), none, below(cwdOf, "")),
		anythingWritable(),
	}
	remedies := map[string][2]string{
		"home":              {"filesystem: {home: empty}, or name the directories that are needed", "settings and files of the home that are not named are gone"},
		"personal-files":    {"grant one of them, or filesystem: {arguments: read}", "the program finds only what it is given"},
		"secrets":           {`filesystem: {hide: ["@secrets"]}`, "programs that log in need their key granted by name"},
		"startup-files":     {"leave @startup out of write, or filesystem: {overlay: ...}", "installers cannot change settings of shells and tools"},
		"new-startup-files": {"leave filesystem.startup at its defaults, or write to a directory that nothing outside runs files from", "the same, for files that do not exist yet"},
		"whole-root":        {"extend base, which names what programs need", "what is not named is gone"},
		"system-files":      {"grant them with read instead of write", "nothing can be installed for the system"},
		"system-secrets":    {`filesystem: {hide: ["@secrets"]}`, "nothing that an ordinary program does"},
		"accounts":          {"leave /etc/passwd out: a list with the caller's account takes its place", "names of other users show as numbers"},
		"logs":              {"leave /var/log out", "programs that read logs"},
		"media":             {"grant the directory that is meant", "other disks are not seen"},
		"temporary-files":   {`filesystem: {tmpfs: [{path: /tmp, mode: "1777"}]}`, "files are not passed on through /tmp"},
		"shared-memory":     {"leave /dev/shm out", "memory is not shared with programs outside"},
		"runtime-directory": {"filesystem: {tmpfs: [\"${XDG_RUNTIME_DIR}\"]}", "services of the session are gone but for those that are named"},
		"sysfs":             {"leave /sys out", "hardware cannot be listed"},
		"project":           {"grant it with read, or filesystem: {overlay: [\"${CWD}\"]}", "changes are lost, or kept in a layer"},
		"writable-files":    {"grant with read, or use filesystem.overlay", "changes are lost, or kept in a layer"},
	}
	return withRemedies(all, remedies)
}

func withRemedies(all []Check, remedies map[string][2]string) []Check {
	for i := range all {
		r := remedies[all[i].ID]
		all[i].Fix, all[i].Cost = r[0], r[1]
	}
	return all
}

// anythingWritable: no file of the host can be changed at all.
func anythingWritable() Check {
	return Check{
		ID: "writable-files", Doc: "no file of the host can be changed", Weight: 10, Range: 10,
		assess: func(f *facts) outcome {
			var named []string
			o := outcome{badness: 5}
			for _, e := range f.View.Explanations() {
				if e.Visibility != fstree.Writable || strings.HasPrefix(e.Real, "/dev/") {
					continue
				}
				if named = append(named, f.View.HostPath(e.Real)); len(named) == 1 {
					o.by = pathCause(&e)
				}
			}
			if len(named) == 0 {
				return outcome{detail: "everything of the host is read-only"}
			}
			if o.detail = "can be written: " + few(named); len(named) > 3 {
				o.badness = 10
			}
			return o
		},
		ask: func(f *facts, out *Outside) []Question {
			some := false
			var all []Question
			for _, e := range f.View.Explanations() {
				some = some || e.Visibility == fstree.Writable || e.Visibility == fstree.Private
				if r, _ := f.reachAt(e.Real); r != none {
					all = append(all, askPath(e.Real, f.View.HostPath(e.Real), r.String(), out)...)
				}
			}
			return append(all, askMounts("writable mounts of the host's file systems", some, func(l mountLine) bool {
				own := strings.HasPrefix(l.point, "/dev/") || l.kind == "proc"
				return !own && l.has("rw") && slices.Contains(out.Devices, l.device)
			})...)
		},
	}
}

// programOf is what a program is called on the command line, "" for none.
func programOf(argv []string) string {
	if len(argv) == 0 {
		return ""
	}
	return argv[0]
}
