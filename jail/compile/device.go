package compile

import (
	"slices"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/landlock"
)

// dev makes the jail's /dev: six devices of the host by name, a terminal
// multiplexer of its own, links, and shared memory. Nothing else of the host's /dev
// has a name in the jail.
func (m *mounter) dev(gr *fstree.Grant, path string, around fstree.Setting) {
	m.because("make", "/dev", nil)
	t := m.newTmpfs(1<<20, 1<<10, 0o755)
	m.may(t, path, landlock.WriteFile|landlock.Truncate|landlock.IoctlDev)
	m.attach(t, gr, path, around)
	for _, name := range fstree.Devices {
		m.because("make", "/dev/"+name, nil)
		s := m.cloneHost("/dev/"+name, false, m.device)
		m.mknodat(fd(plan.SlotRoot), path+"/"+name, 0o666)
		m.moveTo(s, path+"/"+name)
		m.close(s)
	}
	m.because("make", "/dev/pts", nil)
	m.mkdirat(fd(plan.SlotRoot), path+"/pts", 0o755)
	s := m.newFS("devpts", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC, "MOUNT_ATTR_NOSUID|MOUNT_ATTR_NOEXEC",
		option{"newinstance", ""}, option{"ptmxmode", "0666"}, option{"mode", "620"})
	m.moveTo(s, path+"/pts")
	m.close(s)
	for _, l := range [...]host.Link{
		{Path: "/ptmx", Target: "pts/ptmx"},
		{Path: "/fd", Target: "/proc/self/fd"},
		{Path: "/stdin", Target: "/proc/self/fd/0"},
		{Path: "/stdout", Target: "/proc/self/fd/1"},
		{Path: "/stderr", Target: "/proc/self/fd/2"},
	} {
		m.because("make", "/dev"+l.Path, nil)
		m.symlinkat(l.Target, path+l.Path)
	}
}

// procReadOnly lists what of /proc could change the host if a root user wrote
// to it. What a kernel lacks is left out.
var procReadOnly = [...]string{"sys", "sysrq-trigger"}

// procHidden lists what of /proc tells every user about the host, its keys,
// its disks, buses, drivers and where they lie in memory, when keys are pressed, which
// boot this is, or which inodes are locked, by any process (proc_locks(5): every PID
// namespace lists the locks of open files).
var procHidden = [...]string{
	"acpi", "asound", "bootconfig", "buddyinfo", "bus", "cmdline", "config.gz", "consoles", "crypto", "devices", "diskstats", "dma",
	"driver", "dynamic_debug", "fb", "fs", "interrupts", "iomem", "ioports", "irq", "kallsyms", "key-users", "keys", "locks",
	"mdstat", "misc", "modules", "mtrr", "partitions", "schedstat", "scsi", "softirqs", "sys/kernel/random/boot_id", "zoneinfo",
}

// procHiddenFromRoot lists files that the kernel itself lets only the host's root user
// read.
var procHiddenFromRoot = [...]string{
	"allocinfo", "kcore", "kmsg", "kpagecgroup", "kpagecount", "kpageflags", "latency_stats", "pagetypeinfo",
	"sched_debug", "slabinfo", "timer_list", "timer_stats", "vmallocinfo",
}

// proc mounts a /proc for the jail's own PID namespace, or shows the host's
// when the jail has none. Either belongs to root, and so does a jail that root
// started.
func (m *mounter) proc(gr *fstree.Grant, path string, around fstree.Setting) {
	m.because("make", "/proc", nil)
	const attr = unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC
	ownPIDs := m.k.p.Namespaces.PID.V
	var s plan.Slot
	if ownPIDs {
		s = m.newFS("proc", attr, "MOUNT_ATTR_NOSUID|MOUNT_ATTR_NODEV|MOUNT_ATTR_NOEXEC")
	} else {
		// Who may write to a process there, such as its oom_score_adj, is decided by the
		// user alone, and the user's other processes are there too.
		s = m.cloneHost("/proc", true, mountAttr(attr|unix.MOUNT_ATTR_RDONLY, unix.MS_PRIVATE, "{NOSUID|NODEV|NOEXEC|RDONLY, MS_PRIVATE}"))
	}
	if ownPIDs {
		m.may(s, path, landlock.WriteFile|landlock.Truncate)
	}
	m.attach(s, gr, path, around)
	if m.k.h.ProcSysReadOnly && ownPIDs {
		m.quotas(fd(plan.SlotRoot), path+"/")
	} else {
		m.quotas(cwd(), "/proc/")
	}
	m.protectProc(path)
}

// protectProc covers what of /proc says too much about the host or could
// change it.
func (m *mounter) protectProc(path string) {
	for _, name := range procReadOnly {
		if m.k.h.Files.Kind("/proc/"+name) == host.KindMissing {
			continue
		}
		m.because("make read-only", "/proc/"+name, nil)
		s := m.slot()
		m.cloneAt(s, fd(plan.SlotRoot), path+"/"+name, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_SYMLINK_NOFOLLOW,
			"OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_SYMLINK_NOFOLLOW", m.readOnly)
		m.moveTo(s, path+"/"+name)
		m.close(s)
	}
	hidden := procHidden[:]
	if m.k.h.UID == 0 {
		hidden = append(slices.Clip(hidden), procHiddenFromRoot[:]...)
	}
	for _, name := range hidden {
		kind := m.k.h.Files.Kind("/proc/" + name)
		if kind == host.KindMissing || kind == host.KindLink {
			continue
		}
		m.because("hide", "/proc/"+name, nil)
		s := m.mask(kind)
		m.moveTo(s, path+"/"+name)
		m.close(s)
	}
}

// watchers bounds what a jail may take of the instances of inotify(7) that the
// kernel gives to a user, usually 128: programs outside need some.
const watchers = "64\n"

// quotas lowers what the jail's user namespace may use of what the kernel
// counts per user (namespaces(7), /proc/sys/user). No further user namespaces
// are a guard beside the syscall filter. The files of the host's /proc apply to the
// namespace of the process that opens them, and cost less to look up than those of a
// new /proc; in a container they are read-only.
func (m *mounter) quotas(dir plan.Arg, proc string) {
	if m.k.c.Inside != nil {
		return // of a namespace that is another jail's as well
	}
	if nested := &m.k.p.Namespaces.User; !nested.V {
		m.because("forbid", "nested user namespaces", &nested.At)
		m.writeFile(dir, proc+"sys/user/max_user_namespaces", "0\n")
	}
	m.because("limit", "watchers of files", nil)
	m.writeFile(dir, proc+"sys/user/max_inotify_instances", watchers)
}
