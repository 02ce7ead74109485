package compile

import (
	"encoding/binary"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/terminal"
)

// Join says how to enter a jail that runs: what was found out about it and
// about the caller, and what is to be started.
type Join struct {
	// Namespaces are open in this process, the user namespace first. One
	// that the jail shares with the caller is left out.
	Namespaces []JoinedNamespace
	// Limits are those that the jail's launcher had, by the number of
	// getrlimit(2): soft, hard.
	Limits []host.Rlimit
	// OwnLimits are the caller's own, in the same order.
	OwnLimits []host.Rlimit
	// OOMScore is the oom_score_adj of the jail, nil to keep the caller's;
	// see proc_pid_oom_score_adj(5).
	OOMScore *int
	// Cgroup is the directory of the jail's control group, "" for none of
	// its own.
	Cgroup string

	Stdio [3]host.Stream // the caller's
	// Terminal is the caller's; nil for a program without.
	Terminal *terminal.Terminal

	Env  []string // the caller's
	Argv []string // without any, a shell
	// Shell is the caller's, for when there is no program and the jail has it.
	Shell string
}

// JoinedNamespace is one namespace to join.
type JoinedNamespace struct {
	Kind string  // as below /proc/PID/ns
	Flag uintptr // CLONE_NEW...
	FD   int
}

// Join makes the plan of entering. It runs in two processes, as a launch does: the
// process that waits joins the namespaces and stays outside of the jail's PID
// namespace, to pass on the exit status; its child is born in that namespace and
// becomes the program. The jail's processes can inspect neither before execve(2),
// and neither opens a path of the jail.
func (e *Entry) Join(j *Join) *plan.Plan {
	p := &plan.Plan{
		Namespaces: uintptr(unix.SIGCHLD), Reap: true, Entering: true, Terminal: j.Terminal != nil,
		Env: environmentOf(j.Env, &e.environmentRules), Argv: j.Argv,
	}
	if e.sockets != nil {
		p.Sockets = &plan.SocketGuard{}
	}
	e = e.within(j.OwnLimits)
	b := newBuilder(&p.Setup)
	b.dieWithParent()
	b.cgroup(j.Cgroup) // while the host's files have names
	b.oomScore(j.OOMScore)
	b.inheritLimits(j)
	b.nonDumpable() // from here on the jail's processes may see it
	b.join(j.Namespaces)
	b.dieWithParent() // joining changes the credentials, which can reset both
	b.nonDumpable()
	own := e.confine(b, j.Terminal)
	if slices.ContainsFunc(e.ops[0], func(o plan.Op) bool { return o.Name == "setresuid" }) {
		b.dieWithParent() // so does becoming the user of a jail of root
		b.nonDumpable()
	}
	e.streams(b, &j.Stdio)

	b.list = &p.Init
	b.because("empty", "the process that waits", nil)
	b.capset(0)
	b.closeFrom(b.keptByReaper(own))
	p.Init = append(p.Init, e.ops[1]...)

	b.list = &p.Program
	b.dieWithParent()
	p.Program = append(p.Program, e.ops[2]...)
	b.executeFirst(p, j.Shell)
	return p
}

// confine takes the entry's steps for the process that waits. It makes a terminal
// among them: in the jail's root directory and session, and before the limits, which
// may leave no room for one more descriptor.
func (e *Entry) confine(b *builder, t *terminal.Terminal) (own *ownTerminal) {
	steps := e.ops[0]
	if t != nil {
		limits := slices.IndexFunc(steps, func(o plan.Op) bool { return o.Name == "prlimit64" })
		if limits < 0 {
			limits = len(steps)
		}
		*b.list = append(*b.list, steps[:limits]...)
		b.free, b.next = unusedSlots(e.ops[:]...), plan.SlotControl
		own = b.joinTerminal(t)
		steps = steps[limits:]
	}
	*b.list = append(*b.list, steps...)
	return own
}

// dieWithParent ends the process when its parent ends.
func (b *builder) dieWithParent() {
	b.because("tie the process's life to", "jail enter", nil)
	b.prctl(unix.PR_SET_PDEATHSIG, "PR_SET_PDEATHSIG", uint64(unix.SIGKILL), "SIGKILL")
}

// nonDumpable makes the process non-dumpable: the jail's processes can't use ptrace
// on it, nor /proc/PID/exe, environ, mem or fd (PR_SET_DUMPABLE(2const)).
func (b *builder) nonDumpable() {
	b.because("make unreadable", "the process that enters", nil)
	b.prctl(unix.PR_SET_DUMPABLE, "PR_SET_DUMPABLE", 0, "")
}

// cgroup moves the process into the jail's control group, whose limits hold for its
// children as well (cgroups(7); "0" is the writer).
func (b *builder) cgroup(dir string) {
	if dir == "" {
		return
	}
	b.because("join", "the jail's control group", nil)
	b.writeFile(cwd(), path.Join(dir, "cgroup.procs"), "0")
}

func (b *builder) oomScore(score *int) {
	if score == nil {
		return
	}
	b.because("take on", "the jail's oom_score_adj", nil)
	b.writeFile(cwd(), "/proc/self/oom_score_adj", strconv.Itoa(*score))
}

// inheritLimits gives the process the limits that the jail's program
// inherited. Where the caller's own hard limit is lower, nobody can raise it.
func (b *builder) inheritLimits(j *Join) {
	b.because("take on", "the limits that the jail was started with", nil)
	for resource := range min(len(j.Limits), len(j.OwnLimits)) {
		now, want := j.OwnLimits[resource], j.Limits[resource]
		want.Hard = min(want.Hard, now.Hard)
		want.Soft = min(want.Soft, want.Hard)
		if want == now {
			continue
		}
		b.call("prlimit64", unix.SYS_PRLIMIT64, plan.NoSlot, num(0, ""), num(uint64(resource), ""),
			block(&plan.Block{Bytes: words(want.Soft, want.Hard), Show: "limit"}), null())
	}
}

// within returns the entry with no limit above the caller's hard limit, since the
// kernel would refuse it.
func (e *Entry) within(own []host.Rlimit) *Entry {
	out := *e
	for part, ops := range e.ops {
		out.ops[part] = slices.Clone(ops)
		for i := range ops {
			if o := &out.ops[part][i]; o.Name == "prlimit64" && len(o.Args) > 2 && o.Args[2].Block != nil {
				o.Args = slices.Clone(o.Args)
				o.Args[2].Block = lowerLimit(o.Args[2].Block, o.Args[1].Num, own)
			}
		}
	}
	return &out
}

// lowerLimit is a struct rlimit for a resource, lowered to the caller's hard limit.
func lowerLimit(b *plan.Block, resource uint64, own []host.Rlimit) *plan.Block {
	if resource >= uint64(len(own)) || len(b.Bytes) != 16 {
		return b
	}
	most := own[resource].Hard
	soft, hard := binary.NativeEndian.Uint64(b.Bytes), binary.NativeEndian.Uint64(b.Bytes[8:])
	if hard <= most {
		return b
	}
	soft, hard = min(soft, most), most
	return &plan.Block{Bytes: words(soft, hard), Show: fmt.Sprintf("{%d, %d}", soft, hard)}
}

// join enters the namespaces: the user namespace first, since it gives the
// privileges over the others. With the mount namespace, the root and the
// working directory become the jail's root; the PID namespace is that of
// processes yet to be forked (setns(2)).
func (b *builder) join(namespaces []JoinedNamespace) {
	for i := range namespaces {
		n := &namespaces[i]
		b.because("join", "the jail's "+n.Kind+" namespace", nil)
		b.call("setns", unix.SYS_SETNS, plan.NoSlot, num(uint64(n.FD), ""), num(uint64(n.Flag), "CLONE_NEW"+strings.ToUpper(n.Kind)))
	}
}

// executeFirst calls execve(2) for one candidate after the other, as a shell does
// along PATH. It does not look at the jail's files from outside, so only the error of
// the last call counts.
func (b *builder) executeFirst(p *plan.Plan, shell string) {
	candidates := []string{shell, "/bin/sh", "/usr/bin/sh"}
	p.Path = "sh"
	if len(p.Argv) > 0 {
		p.Path, candidates = p.Argv[0], searched(p.Argv[0], p.Env)
	} else if !path.IsAbs(shell) {
		candidates = candidates[1:]
	}
	b.because("execute", p.Path, nil)
	envp := block(vector("envp", p.Env))
	for i, name := range candidates {
		argv := p.Argv
		if len(argv) == 0 {
			argv = []string{path.Base(name)}
		}
		op := b.call("execve", unix.SYS_EXECVE, plan.NoSlot, text(name), block(vector("argv", argv)), envp)
		if i < len(candidates)-1 {
			op.Accept = plan.AcceptAny
		}
	}
}

// searched lists where a program of this name may be.
func searched(name string, env []string) []string {
	if name == "" || strings.Contains(name, "/") {
		return []string{name}
	}
	var out []string
	for dir := range strings.SplitSeq(pathOf(env), ":") {
		if path.IsAbs(dir) { // an empty or relative entry would run what lies in the current directory
			out = append(out, path.Join(dir, name))
		}
	}
	if len(out) == 0 {
		out = append(out, path.Join("/bin", name))
	}
	return out
}
