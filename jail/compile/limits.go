package compile

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/cgroup"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/policy"
)

// GroupLimits returns the limits of a control group for the jail, and whether
// it needs one: what can be held otherwise is counted there as well, but is no
// reason to make one.
func GroupLimits(p *policy.Policy, h *host.Host) (cgroup.Limits, bool) {
	l := &p.Limits
	limits := cgroup.Limits{Memory: l.Memory.V, Processes: l.Processes.V, CPU: l.CPU.V}
	return limits, l.Memory.Set || l.CPU.Set || h.Uncounted && l.Processes.Set && !shipped(p, l.Processes.Layer)
}

// shipped tells whether a layer of a policy came with jail.
func shipped(p *policy.Policy, layer int) bool {
	if layer < 0 || layer >= len(p.Layers) {
		return true
	}
	l := &p.Layers[layer]
	return l.Dir == "" && l.Reason != "flags" || l.Dir == "/usr/share/jail/profiles"
}

// defaultOpenFiles is the soft limit that programs are written for; Go raises
// its own and would pass that on.
const defaultOpenFiles = 1024

// noCore is too small for any core dump. A program that kernel.core_pattern
// names, which runs as root outside, would be started for a limit of 0 as well, and is not
// for 1 (do_coredump in fs/coredump.c).
const noCore = 1

// limit sets a limit of the process. One above the caller's own hard limit
// would be refused, and the caller's holds anyway.
func (b *builder) limit(what string, at *diag.Range, resource uint64, name string, soft, hard uint64) {
	b.because("limit", what, at)
	b.call("prlimit64", unix.SYS_PRLIMIT64, plan.NoSlot, num(0, ""), num(resource, name),
		block(&plan.Block{Bytes: words(soft, hard), Show: fmt.Sprintf("{%d, %d}", soft, hard)}), null())
}

// openFiles sets the limit on open files, in the program's own process: it
// is about numbers of descriptors, and until then those of the launcher are in use.
// Lowering it takes no privilege.
func (k *compiler) openFiles(b *builder) {
	l := &k.p.Limits.OpenFiles
	if n := min(uint64(l.V), k.h.OpenFiles); l.Set {
		b.limit("open files", &l.At, unix.RLIMIT_NOFILE, "RLIMIT_NOFILE", n, n)
		return
	}
	b.limit("open files", nil, unix.RLIMIT_NOFILE, "RLIMIT_NOFILE", min(defaultOpenFiles, k.h.OpenFiles), k.h.OpenFiles)
}

// limits sets the other limits of the init, which all of the jail
// inherits.
func (k *compiler) limits(b *builder) {
	l, set := &k.p.Limits, b.limit
	set("core dumps", nil, unix.RLIMIT_CORE, "RLIMIT_CORE", noCore, noCore)
	if n := uint64(l.FileSize.V); l.FileSize.Set {
		set("the size of files", &l.FileSize.At, unix.RLIMIT_FSIZE, "RLIMIT_FSIZE", min(n, k.h.FileSize), min(n, k.h.FileSize))
	}
	// The kernel counts these for the jail's user namespace since Linux
	// 5.14, and for the caller as well: a jail that may use up what the caller has
	// would leave nothing to the programs outside.
	if n := uint64(l.Processes.V); l.Processes.Set {
		set("processes", &l.Processes.At, unix.RLIMIT_NPROC, "RLIMIT_NPROC", min(n, k.h.Processes), min(n, k.h.Processes))
	} else if n := half(k.h.Processes); n < unlimited {
		set("processes", nil, unix.RLIMIT_NPROC, "RLIMIT_NPROC", n, n)
	}
	for _, r := range [...]struct {
		what, name string
		resource   uint64
		own        host.Rlimit
	}{
		{"locked memory", "RLIMIT_MEMLOCK", unix.RLIMIT_MEMLOCK, k.h.LockedMemory},
		{"message queues", "RLIMIT_MSGQUEUE", unix.RLIMIT_MSGQUEUE, k.h.Queues},
		{"queued signals", "RLIMIT_SIGPENDING", unix.RLIMIT_SIGPENDING, k.h.Signals},
	} {
		if n := half(r.own.Hard); n < unlimited {
			set(r.what, nil, r.resource, r.name, min(r.own.Soft, n), n)
		}
	}
}

const unlimited = ^uint64(0)

// half is what a jail gets of what the caller has.
func half(n uint64) uint64 {
	if n == unlimited {
		return n
	}
	return n / 2
}

// oomScoreAdj puts a jail before the programs of a desktop, which service
// managers give 200, when the kernel has to end a process for want of memory
// (proc(5), /proc/PID/oom_score_adj).
const oomScoreAdj = "300"

// oomScore has the kernel end the jail's processes before others. Root may
// have put the caller higher already; that can't be undone, nor should it be.
func (k *compiler) oomScore(b *builder) {
	if in := k.c.Inside; in != nil {
		inside := *in
		inside.OOMScore, k.plan.Inside = oomScoreAdj, &inside
		return
	}
	b.because("offer to the kernel that runs out of memory", "the jail", nil)
	b.tryWriteFile(cwd(), "/proc/self/oom_score_adj", oomScoreAdj, unix.EACCES)
}

// ownGroup makes the namespace of control groups begin at the group that the
// init was put into; the one that was made with it began at the
// launcher's, from which the limits can be seen.
func (k *compiler) ownGroup(b *builder) {
	if _, needed := GroupLimits(k.p, k.h); !needed || !k.p.Namespaces.Cgroup.V {
		return
	}
	b.because("make", "a namespace of control groups", &k.p.Namespaces.Cgroup.At)
	b.call("unshare", unix.SYS_UNSHARE, plan.NoSlot, num(unix.CLONE_NEWCGROUP, "CLONE_NEWCGROUP"))
}
