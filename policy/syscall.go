package policy

import (
	"fmt"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/kind"
	"github.com/jail-project/jail/seccomp"
)

// syscallEntry makes a rule of an entry of syscalls.allow or syscalls.deny.
func (c *checker) syscallEntry(v *value, key *Key) (item, bool) {
	name := v.get("name")
	rule := &SyscallRule{Rule: seccomp.Rule{Name: name.Text}}
	if key.Name == "deny" {
		rule.Rule.Action = seccomp.Errno
	}
	if action := v.get("action"); action != nil {
		rule.Rule.Action, _ = seccomp.ParseAction(action.Text)
	}
	if errno := v.get("errno"); errno != nil {
		rule.Rule.Errno = int(errno.Num)
		if rule.Rule.Action != seccomp.Errno {
			c.fault(errno.node, &diag.Problem{
				Code: "contradiction", Summary: "only action errno returns an error",
				Remedy: "remove errno, or write action: errno",
			})
			return item{}, false
		}
	}
	if when := v.get("when"); when != nil {
		if len(when.list) == 0 {
			c.fault(when.node, &diag.Problem{Code: "empty", Summary: "when has no conditions", Remedy: "remove it for a rule without conditions"})
			return item{}, false
		}
		if strings.HasPrefix(name.Text, "@") {
			c.fault(when.node, &diag.Problem{Code: "contradiction", Summary: "a group cannot have conditions", Remedy: "list its syscalls one by one: their arguments differ"})
			return item{}, false
		}
		for i := range when.list {
			cond, ok := c.condition(&when.list[i], name.Text)
			if !ok {
				return item{}, false
			}
			rule.Rule.When = append(rule.Rule.When, cond)
		}
	}
	return item{key: ruleKey(&rule.Rule), text: name.Text, data: rule, site: site{at: name.node.At}}, true
}

// ruleKey is what a rule is about: the call, and the arguments of it.
func ruleKey(r *seccomp.Rule) string {
	var key strings.Builder
	key.WriteString(r.Name)
	for _, w := range r.When {
		fmt.Fprintf(&key, " %d%s%d/%d/%d", w.Arg, w.Op, w.Value, w.Mask, w.Width)
	}
	return key.String()
}

// condition makes a condition on an argument of the call.
func (c *checker) condition(v *value, call string) (seccomp.Cond, bool) {
	cond := seccomp.Cond{Op: "=="}
	if op := v.get("op"); op != nil {
		cond.Op = op.Text
	}
	fault := func(at *value, p *diag.Problem) (seccomp.Cond, bool) {
		c.fault(at.node, p)
		return cond, false
	}
	numbers := map[string]uint64{}
	for _, f := range []string{"arg", "value", "mask", "width"} {
		field := v.get(f)
		if field == nil {
			continue
		}
		n, p := kind.ParseNumber(field.Text)
		if p != nil {
			return fault(field, p)
		}
		numbers[f] = n
	}
	if numbers["arg"] > 5 {
		return fault(v.get("arg"), diag.Invalid("an argument", v.get("arg").Text, "a syscall has the arguments 0 to 5"))
	}
	cond.Arg, cond.Value, cond.Mask = uint(numbers["arg"]), numbers["value"], numbers["mask"]
	cond.Width = argumentWidth(call, cond.Arg)
	if width := v.get("width"); width != nil {
		if numbers["width"] != 32 && numbers["width"] != 64 {
			return fault(width, diag.Invalid("a width", width.Text, "it is 32 or 64"))
		}
		cond.Width = int(numbers["width"])
	}
	mask := v.get("mask")
	switch {
	case cond.Op == "&" && mask == nil:
		return fault(v.get("op"), &diag.Problem{Code: "missing-key", Summary: "the condition & has no mask"})
	case cond.Op != "&" && mask != nil:
		return fault(mask, &diag.Problem{Code: "contradiction", Summary: "only the condition & has a mask"})
	case cond.Op == "&" && cond.Value&^cond.Mask != 0:
		return fault(v.get("value"), &diag.Problem{Code: "contradiction", Summary: "the value has bits that the mask takes away: the condition never holds"})
	}
	// A negative number, such as AT_FDCWD, has its upper half set. The
	// kernel sees the lower half of it in an argument of 32 bits.
	if high := cond.Value >> 32; cond.Width == 32 && high != 0 {
		if high != 0xffff_ffff {
			return fault(v.get("value"), &diag.Problem{Code: "contradiction", Summary: "the value does not fit the 32 bits that the kernel looks at"})
		}
		cond.Value &= 0xffff_ffff
	}
	return cond, true
}

// argumentWidth is how many bits of an argument the kernel looks at: 32 for
// those declared as int or reduced to one before use (SYSCALL_DEFINE in the
// kernel's source), for the calls on which rules have conditions. A rule that
// compares 64 bits of such an argument is evaded by setting one of the upper.
func argumentWidth(call string, arg uint) int {
	if narrowArguments(call)>>arg&1 != 0 {
		return 32
	}
	return 64
}

// narrowArguments has bit N set when argument N of the call has 32 bits.
func narrowArguments(call string) uint8 {
	switch call {
	case "personality", "memfd_secret", "userfaultfd", "arch_prctl", "prctl", "keyctl", "bpf", "syslog", "socketcall", "quotactl", "clone":
		return 0b00001
	case "memfd_create", "futex":
		return 0b00010
	case "ioctl", "fcntl", "fcntl64", "setns", "kill", "tkill", "seccomp":
		return 0b00011
	case "madvise":
		return 0b00100
	case "open":
		return 0b00110
	case "socket", "socketpair", "getsockopt", "setsockopt", "tgkill":
		return 0b00111
	case "openat":
		return 0b01101
	}
	return 0
}
