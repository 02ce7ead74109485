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
	question func(f *facts, name string) Question
}

func procCheck(id, doc string, weight int, files procFiles) Check {
	return Check{
		ID: id, Doc: doc, Weight: weight, Range: len(files.names), Fix: "every jail has it", Cost: "nothing",
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
					all = append(all, files.question(f, n))
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
		question: func(_ *facts, name string) Question {
			return Question{
				Subject: "/proc/" + name, Want: "read-only", Ask: probe.Question{Kind: probe.Path, Name: "/proc/" + name},
				Reading: func(answer string) string {
					if words := strings.Fields(answer); len(words) == 4 && words[2] == "rw" {
						return "writable"
					}
					return "read-only"
				},
			}
		},
	})
}

func procHiddenCheck() Check {
	return procCheck("kernel-facts", "/proc says nothing about the host's boot, keys and hardware", 5, procFiles{
		names: []string{
			"acpi", "asound", "bus", "cmdline", "config.gz", "diskstats", "interrupts", "kallsyms", "key-users", "keys",
			"modules", "partitions", "scsi", "sys/kernel/random/boot_id",
		},
		done: func(f *facts) map[string]bool { return f.covered },
		good: "hidden", bad: "shown: ",
		question: func(f *facts, name string) Question {
			kind := probe.Read
			if f.Host.Files.Kind("/proc/"+name) == host.KindDir {
				kind = probe.List
			}
			return Question{
				Subject: "/proc/" + name, Want: "hidden", Ask: probe.Question{Kind: kind, Name: "/proc/" + name},
				Reading: func(answer string) string {
					if strings.HasPrefix(answer, "=") && len(answer) > 1 {
						return "shown"
					}
					return "hidden"
				},
			}
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
			return []Question{{
				Subject: "the names in /dev", Want: strings.Join(f.devices, " "), Reading: asIs,
				Ask: probe.Question{Kind: probe.List, Name: "/dev"},
			}}
		},
	}
}
