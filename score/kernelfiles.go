package score

import (
	"slices"
	"strings"

	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/score/probe"
)

// procFiles are files of /proc that a jail keeps the program from in one way.
type procFiles struct {
	names    []string
	done     func(f *facts) map[string]bool // the paths for which the plan does it
	good     string                         // what the finding says when it does so for all
	bad      string                         // and before the names of others
	question func(f *facts, path string) []Question
}

func procCheck(id, doc string, weight int, files procFiles) Check {
	return Check{
		ID: id, Doc: doc, Weight: weight, Range: len(files.names),
		assess: func(f *facts) outcome {
			open := f.unprotected(files.names, files.done(f))
			if len(open) == 0 {
				return outcome{detail: files.good}
			}
			return outcome{badness: len(open), detail: files.bad + few(open), by: []Cause{byJail("/proc")}}
		},
		ask: func(f *facts, _ *Outside) []Question {
			var all []Question
			for _, n := range files.names {
				if files.done(f)["proc/"+n] {
					all = append(all, files.question(f, "/proc/"+n)...)
				}
			}
			return all
		},
	}
}

// unprotected are the files of /proc on this host that the plan leaves alone.
func (f *facts) unprotected(names []string, done map[string]bool) []string {
	var open []string
	for _, n := range names {
		kind := f.Host.Files.Kind("/proc/" + n)
		if kind != host.KindMissing && kind != host.KindLink && !done["proc/"+n] && !f.covered["proc/"+n] {
			open = append(open, n)
		}
	}
	return open
}

func procWriteCheck() Check {
	return procCheck("kernel-settings", "the kernel's settings in /proc are read-only", 10, procFiles{
		names: []string{"sys", "sysrq-trigger", "irq", "bus", "fs"},
		done:  func(f *facts) map[string]bool { return f.readOnly },
		good:  "read-only", bad: "not protected: ",
		question: func(_ *facts, path string) []Question {
			ask := probe.Question{Kind: probe.Path, Name: path}
			return askWhether(path, false, "writable", "read-only", ask, func(answer string) bool {
				words := strings.Fields(answer)
				return len(words) == 4 && words[2] == "rw"
			})
		},
	})
}

func procHiddenCheck() Check {
	return procCheck("kernel-facts", "/proc says nothing about the host's boot, keys and hardware", 5, procFiles{
		names: []string{
			"acpi", "asound", "bootconfig", "bus", "cmdline", "config.gz", "consoles", "crypto", "devices", "diskstats", "driver",
			"interrupts", "iomem", "ioports", "kallsyms", "key-users", "keys", "misc", "modules", "mtrr", "partitions", "scsi",
			"sys/kernel/random/boot_id",
		},
		done: func(f *facts) map[string]bool { return f.covered },
		good: "hidden", bad: "shown: ",
		question: func(f *facts, path string) []Question {
			ask := toRead(path)
			if f.Host.Files.Kind(path) == host.KindDir {
				ask.Kind = probe.List
			}
			return askWhether(path, false, "shown", "hidden", ask, func(answer string) bool {
				return strings.HasPrefix(answer, "=") && len(answer) > 1
			})
		},
	})
}

func devicesCheck() Check {
	usual := func() []string {
		return []string{"fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"}
	}
	return Check{
		ID: "devices", Doc: "of /dev only what every program needs is there", Weight: 15, Range: 10,
		Fix: "name fewer devices", Cost: "the devices",
		assess: func(f *facts) outcome {
			odd := slices.DeleteFunc(slices.Clone(f.devices), func(d string) bool { return slices.Contains(usual(), d) })
			if len(odd) == 0 {
				return outcome{detail: "nothing else is there"}
			}
			return outcome{badness: min(10, 3+len(odd)), detail: "also there: " + few(odd)}
		},
		ask: func(f *facts, _ *Outside) []Question {
			return askOne("the names in /dev", strings.Join(f.devices, " "), probe.Question{Kind: probe.List, Name: "/dev"}, asIs)
		},
	}
}
