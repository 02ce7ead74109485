package compile

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/seccomp"
)

// workDirectory keeps the caller's directory if the jail shows it, else it is
// the home directory, else the root.
func (k *compiler) workDirectory(b *builder) {
	for _, dir := range [...]string{k.h.Cwd, k.h.Home} {
		if dir == "" {
			continue
		}
		if at := k.view.Resolver.Resolve(dir); at.Kind == host.KindDir && k.hasDirectory(at.Real) {
			b.because("enter", "the working directory", nil)
			b.call("chdir", unix.SYS_CHDIR, plan.NoSlot, text(at.Real))
			return
		}
	}
}

// hasDirectory tells whether a directory of the host is there in the jail.
// Inside a home or a root of the jail's own, that depends on what lies there.
func (k *compiler) hasDirectory(real string) bool {
	s, _ := k.view.Root.Lookup(real)
	switch {
	case s.By != nil && s.By.Real == real && (s.Bound || s.By.Kind == fstree.GrantTmpfs || s.By.Kind == fstree.GrantEmpty):
		return true
	case !s.Bound:
		return k.view.Frames(real) // with --read FILE, FILE is found by its name
	case s.By.Source != "" && s.By.Kind != fstree.GrantOverlay:
		return k.h.Files.Kind(host.Join(s.By.Source, strings.TrimPrefix(real[len(s.By.Real):], "/"))) == host.KindDir
	default:
		return true
	}
}

// descriptors lets nothing but standard input, output and error through
// execve(2).
func (k *compiler) descriptors(b *builder) {
	b.because("close", "every other descriptor", nil)
	if !k.plan.OwnPIDs {
		b.prctl(unix.PR_SET_PDEATHSIG, "PR_SET_PDEATHSIG", uint64(unix.SIGKILL), "SIGKILL")
	}
	b.call("close_range", unix.SYS_CLOSE_RANGE, plan.NoSlot, num(3, ""), num(0xffffffff, "~0"), num(unix.CLOSE_RANGE_CLOEXEC, "CLOSE_RANGE_CLOEXEC"))
}

// ready tells the launcher that set-up is complete; see plan.StatusMessage.
func (k *compiler) ready(b *builder) {
	b.because("report", "that everything is set up", nil)
	ready := &plan.Block{Bytes: plan.ReadyMessage(), Show: "ready"}
	if guard := k.plan.Sockets; guard.Listens() {
		b.sendmsg(plan.SlotStatus, message(ready, guard.Listener, "{ready, "+guard.Listener.Show+"}"))
		return
	}
	b.call("write", unix.SYS_WRITE, plan.NoSlot, fd(plan.SlotStatus), block(ready), size(ready))
}

func (k *compiler) filter(b *builder) {
	f := FilterOf(k.p)
	if !letsExecute(&f) {
		k.problem("no-execve", "the syscalls of this profile do not include execve: no program could start",
			&k.p.Syscalls.Default.At, "allow @default, or what the program needs, execve and exit_group among it")
	}
	b.because("install", "the syscall filter", &k.p.Syscalls.Default.At)
	b.seccomp(k.c.Filter, num(0, ""), "filter")
}

// seccomp installs a program, nil for one that is not known, by struct sock_fprog of
// seccomp(2): how many struct sock_filter, at most 4096, and where they are.
func (b *builder) seccomp(program seccomp.Program, flags plan.Arg, show string) *plan.Op {
	fprog := &plan.Block{Bytes: words(uint64(program.Len()), 0), Show: show}
	if program != nil {
		fprog.Refs = []plan.Ref{{Offset: 8, Block: &plan.Block{Bytes: program}}}
	}
	return b.call("seccomp", unix.SYS_SECCOMP, plan.NoSlot,
		num(unix.SECCOMP_SET_MODE_FILTER, "SECCOMP_SET_MODE_FILTER"), flags, block(fprog))
}

func (k *compiler) execute(b *builder) {
	b.because("execute", k.plan.Path, &k.c.At)
	b.call("execve", unix.SYS_EXECVE, plan.NoSlot, text(k.plan.Path), block(vector("argv", k.plan.Argv)), block(vector("envp", k.plan.Env)))
}

// vector is a NULL-terminated array of strings.
func vector(name string, texts []string) *plan.Block {
	v := &plan.Block{Bytes: make([]byte, 8*(len(texts)+1)), Show: name + "[" + strconv.Itoa(len(texts)) + "]"}
	for i, t := range texts {
		v.Refs = append(v.Refs, plan.Ref{Offset: 8 * i, Text: t})
	}
	return v
}
