package explain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/cmd/jail/internal/policyprint"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/seccomp"
)

// syscalls is the filter of the policy.
func (e *Explainer) syscalls() *seccomp.Filter {
	if e.filter == nil {
		f := compile.FilterOf(e.Policy)
		e.filter = &f
	}
	return e.filter
}

func (e *Explainer) syscall(name string) {
	f := e.syscalls()
	decisive := seccomp.Explain(*f, name)
	out := e.answer(name, "syscall")
	if len(decisive) == 1 {
		out.Verdict, out.Text = decisive[0].Action.String(), output.Text(effect(&decisive[0]))
	} else {
		out.Verdict, out.Text = "conditional", "depends on its arguments; the first that holds decides"
	}
	for i := range decisive {
		g := e.syscallGround(&decisive[i])
		if len(decisive) > 1 {
			g.Effect = output.Text(conditions(&decisive[i]) + effect(&decisive[i]))
		}
		out.By = append(out.By, g)
		if rule := e.rule(&decisive[i]); rule != nil {
			for _, at := range rule.Over {
				out.overrides(output.GroundAt("the same entry", at))
			}
		}
	}
	for _, entry := range seccomp.Expand(*f) {
		if entry.Name == name && !slices.ContainsFunc(decisive, func(d seccomp.Entry) bool { return sameEntry(&d, &entry) }) {
			g := e.syscallGround(&entry)
			g.Effect = output.Text(conditions(&entry) + effect(&entry))
			out.overrides(g)
		}
	}
	if !slices.Contains(f.Arches, "native") {
		out.Notes = append(out.Notes, "the native architecture is not among syscalls.architectures: every native call ends the program")
	}
	if _, ok := seccomp.SyscallNumber(name); !ok {
		out.Notes = append(out.Notes, "this machine's native architecture does not have it")
	}
}

// syscallGroup tells how many members of a group work.
func (e *Explainer) syscallGroup(name string) {
	out := e.answer(name, "syscall-group")
	if doc := seccomp.GroupDoc(name); doc != "" {
		out.Notes = append(out.Notes, output.Text(doc))
	}
	var members []string
	for _, entry := range seccomp.Expand(seccomp.Filter{Allow: []seccomp.Rule{{Name: name}}}) {
		members = append(members, entry.Name)
	}
	slices.Sort(members)
	members = slices.Compact(members)
	for _, member := range members {
		decisive := seccomp.Explain(*e.syscalls(), member)
		switch {
		case len(decisive) > 1:
			out.Conditional = append(out.Conditional, output.Text(member))
		case grants(decisive[0].Action):
			out.Allowed = append(out.Allowed, output.Text(member))
		default:
			out.Denied = append(out.Denied, output.Text(member))
		}
	}
	switch len(members) {
	case len(out.Allowed):
		out.Verdict = "allow"
	case len(out.Denied):
		out.Verdict = "deny"
	default:
		out.Verdict = "partly"
	}
	out.Text = output.Text(fmt.Sprintf("%d of %d calls allowed, %d depend on arguments, %d denied",
		len(out.Allowed), len(members), len(out.Conditional), len(out.Denied)))
}

func grants(a seccomp.Action) bool { return a == seccomp.Allow || a == seccomp.Log }

// effect says what happens to a call.
func effect(entry *seccomp.Entry) string {
	switch entry.Action {
	case seccomp.Allow:
		return "allowed"
	case seccomp.Log:
		return "allowed and logged by the kernel"
	case seccomp.Kill:
		return "ends the program"
	default:
		return "fails with " + policyprint.ErrnoName(entry.Errno)
	}
}

// conditions says when an entry holds, "otherwise " when it always does.
func conditions(entry *seccomp.Entry) string {
	if len(entry.When) == 0 {
		return "otherwise "
	}
	parts := make([]string, len(entry.When))
	for i, c := range entry.When {
		value := constant(entry.Name, c.Arg, c.Value)
		if c.Op == "&" {
			parts[i] = fmt.Sprintf("argument %d & %s == %s", c.Arg, constant(entry.Name, c.Arg, c.Mask), value)
		} else {
			parts[i] = fmt.Sprintf("argument %d %s %s", c.Arg, c.Op, value)
		}
	}
	return "if " + strings.Join(parts, " and ") + ": "
}

// constant writes a value by the names that the kernel's headers give it in
// this place, where jail knows which names belong there.
func constant(call string, arg uint, value uint64) string {
	place := call + " " + strconv.Itoa(int(arg))
	switch place {
	case "socket 0", "socketpair 0":
		return named(value, "AF_", "AF_FILE", "AF_LOCAL", "AF_ROUTE")
	case "socket 1", "socketpair 1":
		types := [...]string{"0", "SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW", "SOCK_RDM", "SOCK_SEQPACKET", "SOCK_DCCP"}
		if value < uint64(len(types)) {
			return types[value]
		}
	case "ioctl 1":
		return named(value, "TIOC")
	case "prctl 0":
		return named(value, "PR_")
	case "clone 0", "unshare 0", "setns 1":
		return flagNames(value, "CLONE_")
	case "chmod 1", "creat 1", "fchmod 1", "fchmodat 2", "fchmodat2 2", "mknod 1", "mknodat 2",
		"open 2", "openat 3":
		return fmt.Sprintf("%#o", value) // as chmod(1) takes it
	case "open 1", "openat 2":
		return named(value, "O_")
	}
	return number(value)
}

func number(value uint64) string {
	if value > 9 {
		return fmt.Sprintf("%#x", value)
	}
	return strconv.FormatUint(value, 10)
}

// named returns the constant with a prefix that has the value; others are
// further names of the same values that nobody uses.
func named(value uint64, prefix string, others ...string) string {
	for _, name := range seccomp.ConstantNames() {
		if v, _ := seccomp.Constant(name); v == value && strings.HasPrefix(name, prefix) && !slices.Contains(others, name) {
			return name
		}
	}
	return number(value)
}

// flagNames takes a set of flags apart.
func flagNames(value uint64, prefix string) string {
	if value == 0 {
		return "0"
	}
	var names []string
	for bit := uint64(1); bit != 0; bit <<= 1 {
		if value&bit != 0 {
			names = append(names, named(bit, prefix))
		}
	}
	if len(names) == 1 {
		return names[0]
	}
	return "(" + strings.Join(names, "|") + ")"
}

// sameEntry tells whether two entries come from one place.
func sameEntry(a, b *seccomp.Entry) bool {
	return a.List == b.List && a.Index == b.Index && slices.Equal(a.Path, b.Path) &&
		slices.Equal(a.When, b.When) && a.Action == b.Action
}

// rule is the entry of the policy that an entry of the filter comes from, nil
// for the default.
func (e *Explainer) rule(entry *seccomp.Entry) *policy.SyscallRule {
	switch entry.List {
	case seccomp.InAllow:
		return &e.Policy.Syscalls.Allow[entry.Index]
	case seccomp.InDeny:
		return &e.Policy.Syscalls.Deny[entry.Index]
	}
	return nil
}

// syscallGround names a rule by the groups that lead to the call.
func (e *Explainer) syscallGround(entry *seccomp.Entry) output.Ground {
	switch entry.List {
	case seccomp.BySetID:
		return output.GroundAt("syscalls.restrict-suid-sgid: true", e.Policy.Syscalls.RestrictSUIDSGID.At)
	case seccomp.ByPIDs:
		return output.GroundAt("namespaces.pid: false", e.Policy.Namespaces.PID.At)
	case seccomp.ByPorts:
		return output.GroundAt("landlock.connect", e.Policy.Landlock.Connect[0].At)
	}
	rule := e.rule(entry)
	if rule == nil {
		return output.GroundAt("syscalls.default: "+e.Policy.Syscalls.Default.V.String(), e.Policy.Syscalls.Default.At)
	}
	return output.GroundAt("syscalls."+entry.List.String()+": "+strings.Join(entry.Path, " > "), rule.At)
}
