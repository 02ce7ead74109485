package score

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/landlock"
	"github.com/jail-project/jail/score/probe"
)

func processChecks() []Check {
	return []Check{
		descriptorsCheck(),
		standardInputCheck(),
		landlockCheck(),
		signalsCheck(),
		initCheck(),
		procWriteCheck(),
		procHiddenCheck(),
		devicesCheck(),
		keyringCheck(),
		lifeCheck(),
	}
}

func descriptorsCheck() Check {
	return Check{
		ID: "descriptors", Doc: "no descriptor is inherited but standard input, output and error", Weight: 15, Range: 10,
		assess: func(f *facts) outcome {
			return either(f.closes, 10, "all others are closed", "others stay open", byJail("close_range(2)"))
		},
		ask: func(f *facts, _ *Outside) []Question {
			want := "others"
			if f.closes {
				want = "0 1 2"
			}
			return askOne("open descriptors", want, probe.Question{Kind: probe.Descriptors}, same)
		},
	}
}

func standardInputCheck() Check {
	return Check{
		ID: "standard-input", Doc: "a file on standard input cannot be opened anew for writing", Weight: 10, Range: 10,
		Fix: "pass pipes: cat file | jail program", Cost: "programs that seek in it",
		assess: func(f *facts) outcome {
			if f.rulesets > 0 {
				return outcome{detail: "Landlock bounds what it can be opened for", by: []Cause{byJail("the Landlock rules")}}
			}
			return outcome{badness: 10, detail: "nothing but jail's refusal of files is in the way", by: []Cause{byJail("there is no Landlock")}}
		},
		ask: func(f *facts, out *Outside) []Question {
			if !out.StdinFile {
				return nil
			}
			return askReopen("standard input", f.rulesets == 0)
		},
	}
}

func signalsCheck() Check {
	return Check{
		ID: "signals", Doc: "the caller's process group cannot be signalled", Weight: 10, Range: 10,
		assess: func(f *facts) outcome {
			return either(f.session, 10, "it has a session of its own", "it shares the caller's group, and kill(0) reaches it",
				byJail("the process group of the caller"))
		},
		ask: func(f *facts, out *Outside) []Question {
			ask := probe.Question{Kind: probe.Session}
			return askWhether("the session", f.session, "its own", "the caller's", ask, func(answer string) bool {
				session, _, _ := strings.Cut(answer, " ")
				return session != "0" && session != strconv.Itoa(out.Session) // 0: its leader has no number in the jail
			})
		},
	}
}

func initCheck() Check {
	return Check{
		ID: "first-process", Doc: "the jail's init cannot be looked into", Weight: 10, Range: 10,
		assess: func(f *facts) outcome {
			return either(f.nonDumpable, 10, "it is not dumpable", "it can be read and traced", byJail("the init"))
		},
		ask: func(f *facts, _ *Outside) []Question {
			if !f.Plan.OwnPIDs {
				return nil // process 1 is the host's
			}
			want := "readable"
			if f.nonDumpable {
				want = "EACCES"
			}
			return askOne("/proc/1/environ", want, toRead("/proc/1/environ"), func(answer string) string {
				if strings.HasPrefix(answer, "=") {
					return "readable"
				}
				return answer
			})
		},
	}
}

func keyringCheck() Check {
	return Check{
		ID: "session-keyring", Doc: "the caller's session keyring is out of reach", Weight: 10, Range: 10,
		assess: func(f *facts) outcome {
			return either(f.keyring, 10, "it has an empty one", "it has the caller's", byJail("the session keyring"))
		},
		Unmeasured: "to ask for a keyring takes keyctl(2), which filters refuse",
	}
}

func lifeCheck() Check {
	return Check{
		ID: "life", Doc: "the jail ends with its launcher", Weight: 5, Range: 10,
		assess: func(f *facts) outcome {
			return either(f.dies && f.own(unix.CLONE_NEWPID), 5, "the kernel ends all of it", "what it started may stay behind", byJail("PR_SET_PDEATHSIG"))
		},
		Unmeasured: "the launcher, which measures, would have to end",
	}
}

// askReopen asks whether standard input can be opened for writing.
func askReopen(subject string, opens bool) []Question {
	ask := probe.Question{Kind: probe.Reopen}
	return askWhether(subject, opens, "opens for writing", "refused", ask, func(answer string) bool { return answer == "=" })
}

// landlockCheck is about the second guard on files, beside the mounts. What it
// does is seen of a file that mounts do not guard: one that was passed on.
func landlockCheck() Check {
	const both = landlock.AbstractUnixSocket | landlock.Signal
	return Check{
		ID: "landlock", Doc: "Landlock guards files a second time, and signals and abstract sockets", Weight: 20, Range: 10,
		Fix: "landlock: required", Cost: "on a kernel without Landlock nothing starts",
		assess: func(f *facts) outcome {
			use := &f.Policy.Landlock.Use
			switch {
			case f.Host.Kernel.Landlock == 0:
				return outcome{state: Unavailable, detail: "this kernel has no Landlock"}
			case f.rulesets < 2:
				return outcome{badness: 10, detail: "it does not", by: []Cause{leaf("landlock", use.V, use.Origin)}}
			case f.scopes&both != both:
				return outcome{badness: 3, detail: "files, but on this kernel neither signals nor abstract sockets"}
			}
			return outcome{detail: "by version " + strconv.Itoa(int(f.Host.Kernel.Landlock)), by: []Cause{byJail("the Landlock rules")}}
		},
		ask: func(f *facts, out *Outside) []Question {
			if !out.StdinFile || f.rulesets == 0 {
				return nil
			}
			return askReopen("a file past the mounts", false)
		},
	}
}
