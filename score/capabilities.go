package score

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/caps"
	"github.com/jail-project/jail/score/probe"
	"github.com/jail-project/jail/seccomp"
)

func capabilityChecks() []Check {
	return []Check{
		capabilityCheck("cap-users", "no capabilities over users and capabilities", 15, "setuid", "setgid", "setpcap", "setfcap"),
		capabilityCheck("cap-files", "no capabilities over files", 15, "dac_override", "dac_read_search", "chown", "fowner",
			"fsetid", "linux_immutable", "lease", "mac_override", "mac_admin", "mknod"),
		capabilityCheck("cap-network", "no capabilities over the network", 15, "net_admin", "net_raw", "net_bind_service", "net_broadcast"),
		capabilityCheck("cap-processes", "no capabilities over processes", 10, "sys_ptrace", "kill", "sys_nice", "sys_resource", "ipc_lock", "ipc_owner"),
		capabilityCheck("cap-system", "no capabilities over the system", 20, "sys_admin", "sys_module", "sys_rawio", "sys_boot",
			"sys_time", "sys_chroot", "sys_pacct", "sys_tty_config", "syslog", "wake_alarm", "block_suspend", "audit_write",
			"audit_control", "audit_read", "perfmon", "bpf", "checkpoint_restore"),
		{
			ID: "no-new-privileges", Doc: "no program gains privileges by being executed", Weight: 20, Range: 10,
			Fix: "every jail has it", Cost: "sudo and its kin do not work",
			assess: func(f *facts) outcome {
				return either(f.noNewPrivs, 10, "no_new_privs is set", "no_new_privs is not set", byJail("no_new_privs"))
			},
			ask: func(f *facts, _ *Outside) []Question {
				want := "0"
				if f.noNewPrivs {
					want = "1"
				}
				return askStatus("NoNewPrivs", "no_new_privs", want, same)
			},
		},
		securebitsCheck(),
	}
}

func capabilityCheck(id, doc string, weight int, names ...string) Check {
	var set caps.Set
	for _, name := range names {
		if n, ok := caps.Number(name); ok {
			set = set.Add(n)
		}
	}
	kept := func(f *facts) caps.Set {
		if !f.setCaps {
			return set
		}
		return (f.effective | f.bounding()) & set
	}
	return Check{
		ID: id, Doc: doc, Weight: weight, Range: len(names),
		Fix: "capabilities: {drop: [all], keep: !replace []}", Cost: "what needs them, inside the jail",
		assess: func(f *facts) outcome {
			var open []string
			for _, name := range names {
				if n, ok := caps.Number(name); ok && kept(f).Has(n) {
					open = append(open, name)
				}
			}
			if len(open) == 0 {
				return outcome{detail: "none is kept"}
			}
			return outcome{badness: len(open), detail: "kept: " + few(open), by: []Cause{f.capabilityCause(open[0])}}
		},
		ask: func(f *facts, _ *Outside) []Question {
			mask := func(text string) string {
				v, ok := number("0x" + text)
				if !ok {
					return text
				}
				return hexadecimal(v & uint64(set))
			}
			return append(askStatus("CapEff", "effective capabilities", hexadecimal(uint64(f.effective&set)), mask),
				askStatus("CapBnd", "the bounding set", hexadecimal(uint64(f.bounding()&set)), mask)...)
		},
	}
}

// capabilityCause names the line that keeps a capability.
func (f *facts) capabilityCause(name string) Cause {
	for i := range f.Policy.Capabilities.Keep {
		if e := &f.Policy.Capabilities.Keep[i]; e.Text == name || e.Text == "all" {
			return leaf("capabilities.keep", e.Text, e.Origin)
		}
	}
	return Cause{Rule: "capabilities.drop leaves it out"}
}

// noRoot are the bits by which user 0 gets no capabilities, and their locks.
const noRoot = 1<<0 | 1<<1

func securebitsCheck() Check {
	return Check{
		ID: "securebits", Doc: "being user 0 gives nothing, for good", Weight: 5, Range: 10,
		assess: func(f *facts) outcome {
			return either(f.securebits&noRoot == noRoot, 10, "locked", "not locked", byJail("the secure bits"))
		},
		ask: func(f *facts, _ *Outside) []Question {
			call, ok := seccomp.SyscallNumber("prctl")
			args := [seccomp.ArgCount]uint64{unix.PR_GET_SECUREBITS}
			if r := f.verdict("prctl", args); !ok || r != nil && !passes(r.Action) {
				return nil // the filter does not let anybody ask
			}
			ask := probe.Question{Kind: probe.Call, Call: call, Args: args[:1]}
			return askOne("the secure bits", strconv.FormatUint(f.securebits, 10), ask, same)
		},
	}
}
