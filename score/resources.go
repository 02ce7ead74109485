package score

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/cgroup"
	"github.com/jail-project/jail/policy"
)

func resourceChecks() []Check {
	return []Check{
		limitCheck("core-dumps", "no core dumps, which a program of the host's would read", 5, unix.RLIMIT_CORE, "Max core file size", "", nil),
		limitCheck("process-limit", "processes are limited", 10, unix.RLIMIT_NPROC, "Max processes", "limits: {processes: 4096}",
			func(l *policy.Limits) (string, policy.Origin) { return "processes", l.Processes.Origin }),
		limitCheck("file-limit", "open files are limited", 3, unix.RLIMIT_NOFILE, "Max open files", "limits: {open-files: 4096}",
			func(l *policy.Limits) (string, policy.Origin) { return "open-files", l.OpenFiles.Origin }),
		limitCheck("file-size-limit", "the size of files is limited", 2, unix.RLIMIT_FSIZE, "Max file size", "limits: {file-size: 4G}",
			func(l *policy.Limits) (string, policy.Origin) { return "file-size", l.FileSize.Origin }),
		groupCheck("memory-limit", "memory is limited", 10, "limits: {memory: 2G}", func(l *cgroup.Limits) int64 { return l.Memory },
			func(l *policy.Limits) (string, policy.Origin) { return "memory", l.Memory.Origin }),
		groupCheck("processor-limit", "processor time is limited", 2, "limits: {cpu: 100%}", func(l *cgroup.Limits) int64 { return l.CPU },
			func(l *policy.Limits) (string, policy.Origin) { return "cpu", l.CPU.Origin }),
		quotaCheck(), oomScoreCheck(),
		{
			ID: "time-limit", Doc: "the jail ends after a time", Weight: 2, Range: 10,
			Fix: "limits: {time: 1h}", Cost: "the program, when the time is over",
			assess: func(f *facts) outcome {
				return either(f.Plan.Time > 0, 10, "after "+f.Plan.Time.String(), "it may run for ever",
					leaf("limits.time", f.Plan.Time.String(), f.Policy.Limits.Time.Origin))
			},
			Unmeasured: "the measurement would have to last that long",
		},
	}
}

// limitCheck makes a check of a resource limit; in is its line in
// /proc/self/limits.
func limitCheck(id, doc string, weight int, resource uint64, in, fix string, decides func(*policy.Limits) (string, policy.Origin)) Check {
	return Check{
		ID: id, Doc: doc, Weight: weight, Range: 10, Fix: fix, Cost: "more than that",
		assess: func(f *facts) outcome {
			n, limited := f.limit(resource)
			by := byJail("the limit")
			if decides != nil {
				key, origin := decides(&f.Policy.Limits)
				by = leaf("limits."+key, n, origin)
			}
			return either(limited, 10, "at most "+n, "not limited", by)
		},
		ask: func(f *facts, _ *Outside) []Question {
			n, limited := f.limit(resource)
			if !limited {
				return nil // the caller's own limit holds, whatever it is
			}
			return askLimit(in, n)
		},
	}
}

// askLimit asks for a line of /proc/self/limits: the soft limit, the hard one,
// the unit. The runtime of a program may have changed the first.
func askLimit(in, want string) []Question {
	return askOne(strings.ToLower(in), want, toRead("/proc/self/limits"), func(answer string) string {
		words := strings.Fields(line(in)(answer))
		if len(words) < 2 {
			return "no such limit"
		}
		return words[1]
	})
}

// groupCheck makes a check of a limit that takes a control group.
func groupCheck(id, doc string, weight int, fix string, of func(*cgroup.Limits) int64, decides func(*policy.Limits) (string, policy.Origin)) Check {
	return Check{
		ID: id, Doc: doc, Weight: weight, Range: 10, Fix: fix, Cost: "more than that",
		assess: func(f *facts) outcome {
			n := of(&f.Limits)
			switch {
			case !f.Grouped:
				return outcome{state: Unavailable, detail: "no control group can be had: see jail doctor"}
			case n > 0:
				key, origin := decides(&f.Policy.Limits)
				return outcome{detail: "by a control group", by: []Cause{leaf("limits."+key, strconv.FormatInt(n, 10), origin)}}
			}
			return outcome{badness: 10, detail: "not limited"}
		},
		Unmeasured: "the limits of a control group are not shown inside",
	}
}

// quota is a limit that the kernel counts for all programs of a user together,
// with its line in /proc/self/limits.
type quota struct {
	resource uint64
	in       string
}

func quotaCheck() Check {
	quotas := []quota{
		{unix.RLIMIT_MEMLOCK, "Max locked memory"}, {unix.RLIMIT_MSGQUEUE, "Max msgqueue size"}, {unix.RLIMIT_SIGPENDING, "Max pending signals"},
	}
	return Check{
		ID: "shared-quotas", Doc: "some of what the user may use is kept from the jail", Weight: 3, Range: len(quotas),
		Fix: "every jail has it where the caller is limited", Cost: "nothing",
		assess: func(f *facts) outcome {
			var open []string
			for _, q := range quotas {
				if _, limited := f.limit(q.resource); !limited {
					open = append(open, strings.ToLower(q.in))
				}
			}
			if len(open) == 0 {
				return outcome{detail: "half of each", by: []Cause{byJail("the limits")}}
			}
			return outcome{badness: len(open), detail: "not limited: " + few(open)}
		},
		ask: func(f *facts, _ *Outside) []Question {
			var all []Question
			for _, q := range quotas {
				if n, limited := f.limit(q.resource); limited {
					all = append(all, askLimit(q.in, n)...)
				}
			}
			return all
		},
	}
}

func oomScoreCheck() Check {
	return Check{
		ID: "out-of-memory", Doc: "when the host runs out of memory, the jail goes first", Weight: 2, Range: 10,
		assess: func(f *facts) outcome {
			return either(f.oomScore != "" && f.oomScore != "0", 10, "its score is "+f.oomScore, "it counts like others", byJail("oom_score_adj"))
		},
		ask: func(f *facts, _ *Outside) []Question {
			least, ok := number(f.oomScore)
			if !ok {
				return nil
			}
			have := toRead("/proc/self/oom_score_adj")
			return askOne("the score for want of memory", "raised", have, func(answer string) string {
				if n, ok := number(asIs(answer)); ok && n >= least {
					return "raised"
				}
				return asIs(answer)
			})
		},
	}
}
