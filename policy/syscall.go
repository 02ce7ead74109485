package policy

import (
	"strconv"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/seccomp"
)

// syscallEntry makes a rule of an entry of syscalls.allow or syscalls.deny.
func (c *checker) syscallEntry(v *value, key *Key) (item, bool) {
	name := v.get("name")
	rule := &SyscallRule{Rule: seccomp.Rule{Name: name.text}}
	if key.Name == "deny" {
		rule.Rule.Action = seccomp.Errno
	}
	if action := v.get("action"); action != nil {
		rule.Rule.Action, _ = seccomp.ParseAction(action.text)
	}
	if errno := v.get("errno"); errno != nil {
		rule.Rule.Errno = int(errno.num)
		if rule.Rule.Action != seccomp.Errno {
			c.fault(errno.node, &problem{
				code: "contradiction", summary: "only action errno returns an error",
				remedy: "remove errno, or write action: errno",
			})
			return item{}, false
		}
	}
	if when := v.get("when"); when != nil {
		if len(when.list) == 0 {
			c.fault(when.node, &problem{code: "empty", summary: "when has no conditions", remedy: "remove it for a rule without conditions"})
			return item{}, false
		}
		if strings.HasPrefix(name.text, "@") {
			c.fault(when.node, &problem{code: "contradiction", summary: "a group cannot have conditions", remedy: "list its syscalls one by one: their arguments differ"})
			return item{}, false
		}
		for i := range when.list {
			cond, ok := c.condition(&when.list[i], name.text)
			if !ok {
				return item{}, false
			}
			rule.Rule.When = append(rule.Rule.When, cond)
		}
	}
	return item{key: ruleKey(&rule.Rule), text: name.text, data: rule, site: site{at: name.node.At}}, true
}

// ruleKey is what a rule is about: the call, and the arguments of it.
func ruleKey(r *seccomp.Rule) string {
	if len(r.When) == 0 {
		return r.Name
	}
	var b strings.Builder
	b.WriteString(r.Name)
	for _, w := range r.When {
		b.WriteByte(' ')
		b.WriteString(strconv.Itoa(int(w.Arg)) + w.Op + strconv.FormatUint(w.Value, 10) +
			"/" + strconv.FormatUint(w.Mask, 10) + "/" + strconv.Itoa(w.Width))
	}
	return b.String()
}

// condition makes a condition on an argument of the call.
func (c *checker) condition(v *value, call string) (seccomp.Cond, bool) {
	cond := seccomp.Cond{Op: "=="}
	if op := v.get("op"); op != nil {
		cond.Op = op.text
	}
	fault := func(at *value, p *problem) (seccomp.Cond, bool) {
		c.fault(at.node, p)
		return cond, false
	}
	numbers := map[string]uint64{}
	for _, f := range []string{"arg", "value", "mask", "width"} {
		field := v.get(f)
		if field == nil {
			continue
		}
		n, p := parseNumber(field.text)
		if p != nil {
			return fault(field, p)
		}
		numbers[f] = n
	}
	if numbers["arg"] > 5 {
		return fault(v.get("arg"), invalid("an argument", v.get("arg").text, "a syscall has the arguments 0 to 5"))
	}
	cond.Arg, cond.Value, cond.Mask = uint(numbers["arg"]), numbers["value"], numbers["mask"]
	cond.Width = argumentWidth(call, cond.Arg)
	if width := v.get("width"); width != nil {
		if numbers["width"] != 32 && numbers["width"] != 64 {
			return fault(width, invalid("a width", width.text, "it is 32 or 64"))
		}
		cond.Width = int(numbers["width"])
	}
	mask := v.get("mask")
	switch {
	case cond.Op == "&" && mask == nil:
		return fault(v.get("op"), &problem{code: "missing-key", summary: "the condition & has no mask"})
	case cond.Op != "&" && mask != nil:
		return fault(mask, &problem{code: "contradiction", summary: "only the condition & has a mask"})
	case cond.Op == "&" && cond.Value&^cond.Mask != 0:
		return fault(v.get("value"), &problem{code: "contradiction", summary: "the value has bits that the mask takes away: the condition never holds"})
	}
	// A negative number, such as AT_FDCWD, has its upper half set. The
	// kernel sees the lower half of it in an argument of 32 bits.
	if high := cond.Value >> 32; cond.Width == 32 && high != 0 {
		if high != 0xffff_ffff {
			return fault(v.get("value"), &problem{code: "contradiction", summary: "the value does not fit the 32 bits that the kernel looks at"})
		}
		cond.Value &= 0xffff_ffff
	}
	return cond, true
}

// parseNumber reads a decimal or hexadecimal number or a constant of the
// kernel's headers.
func parseNumber(text string) (uint64, *problem) {
	if text != "" && !isDigit(text[0]) {
		n, ok := seccomp.Constant(text)
		if !ok {
			p := unknown("constant", text, seccomp.ConstantNames())
			p.remedy = "write a number, or a name of the kernel's headers such as AF_UNIX"
			return 0, p
		}
		return n, nil
	}
	n, err := strconv.ParseUint(text, 0, 64)
	if err != nil || strings.Contains(text, "_") || len(text) > 1 && text[0] == '0' && isDigit(text[1]) {
		return 0, invalid("a number", text, "write "+diag.Escape("42, 0x2a, or a name of the kernel's headers such as AF_UNIX"))
	}
	return n, nil
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
