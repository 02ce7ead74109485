// Package host knows the machine and the caller: who asks, from where, with which
// limits and streams, what exists, and what the kernel can do. Read finds out once;
// everything else is a value, so that a compilation can be tested for hosts that do
// not exist. It also resolves paths the way the kernel does. It decides nothing about
// jails.
package host

import (
	"github.com/jail-project/jail/landlock"
	"github.com/jail-project/jail/terminal"
)

// Host is what a compilation knows about the machine and the caller. It is
// a value: golden tests compile for hosts that do not exist.
type Host struct {
	UID, GID int
	// Groups are the supplementary groups of the caller, without GID.
	Groups []int
	User   string
	Home   string // absolute, or "" when the caller has none
	// AccountHome is the home of the caller's account, "" when it is not known: HOME
	// can be another one.
	AccountHome string
	Dirs        map[string]string // XDG_CONFIG_HOME, DOWNLOADS, ...: see paths.VariableNames
	Cwd         string
	Env         []string // the caller's environment, "NAME=text"
	Files       Files
	Kernel      Kernel
	Own         OwnPaths

	// Hard limits of the caller, which nobody can raise: RLIMIT_NOFILE,
	// RLIMIT_NPROC, RLIMIT_FSIZE.
	OpenFiles, Processes, FileSize uint64
	// RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE and RLIMIT_SIGPENDING, which the
	// kernel counts for all programs of the caller together.
	LockedMemory, Queues, Signals Rlimit
	// RunAs is the user id of the jail outside, for a caller who is the host's root: an
	// unused one. 0 is the caller's own, -1 says that root lacks the capabilities to
	// become another user.
	RunAs int
	// Uncounted: the caller is the host's root, whose processes the kernel
	// does not count (setrlimit(2), RLIMIT_NPROC).
	Uncounted bool
	// Umask of the caller.
	Umask uint32
	// Stdio is what the program is to have as standard input, output and error.
	Stdio [3]Stream
	// Terminal that the caller passes on; nil for none.
	Terminal *terminal.Terminal
	// ProcSysReadOnly: /proc/sys is read-only for all users, as in a container.
	ProcSysReadOnly bool
	// JoinedUID and JoinedGID are the caller's ids in the user namespace of the network
	// namespace that the jail joins. They are known when it was tried; until then they are
	// those of most, root's.
	JoinedUID, JoinedGID int
	RandomID             string // 32 hex digits, new for every launch
	// Addresses lists the host's own addresses. Few launches need them, so they are asked
	// for then; nil for a host that has none.
	Addresses func() ([]Address, error)
	// Listens connects to a Unix socket of type SOCK_STREAM, at a path or with an abstract
	// name behind an @, and closes the connection; nil for a host on which all listen.
	Listens func(name string) error
	// Confines tells whether the Wayland compositor at the path of a socket knows security
	// contexts (wayland.Offers); nil for a host on which all do.
	Confines func(path string) (bool, error)
}

// Rlimit is a limit of setrlimit(2). ^uint64(0) is none.
type Rlimit struct{ Soft, Hard uint64 }

// OwnPaths are jail's own files. None of them is writable in a jail; Cache,
// State and Runtime are not visible either, but for the homes and layers that
// a profile keeps in State.
type OwnPaths struct {
	Config, State, Cache string
	// Programs are the files of jail itself, the one that users call first.
	Programs []string
	// Account are those of the account's own home where they are others: Config, State, Cache.
	Account [3]string
	// Runtime are directories of registrations of running jails: the caller's own,
	// and the one that a caller without XDG_RUNTIME_DIR would use.
	Runtime []string
}

// Quarantine is the directory for what programs made in names that are kept free, ""
// when there is none.
func (o *OwnPaths) Quarantine() string {
	if o.State == "" {
		return ""
	}
	return Join(o.State, "quarantine")
}

// Quarantines are those of the caller's launches and, where that is another, of those with
// the account's own home.
func (o *OwnPaths) Quarantines() []string {
	var all []string
	for _, state := range [...]string{o.State, o.Account[1]} {
		if state != "" {
			all = append(all, Join(state, "quarantine"))
		}
	}
	return all
}

// Changes is the file that says what jails left on the host that other programs run or
// obey, "" when there is none.
func (o *OwnPaths) Changes() string {
	if o.State == "" {
		return ""
	}
	return Join(o.State, "changes")
}

// Kernel lists the features of the running kernel that change a plan.
type Kernel struct {
	// DetachedTree: a mount tree can be assembled before it is attached
	// anywhere (Linux 6.15).
	DetachedTree bool
	// OpenTreeAttr: open_tree_attr(2) exists (Linux 6.15).
	OpenTreeAttr bool
	// Landlock is the version of landlock(7), 0 where it can't be used;
	// LandlockOff tells that the kernel has it and was booted without.
	Landlock    landlock.ABI
	LandlockOff bool
	// NoListener: a filter around jail itself has the one listener that a process
	// may have, so that nobody can answer for another. That is found out when it is
	// tried; see Failure.NeedsListener.
	NoListener bool
}

// FileKind is the type of a file, as far as a plan cares.
type FileKind uint8

// The kinds of files.
const (
	KindMissing FileKind = iota
	KindDir
	KindFile // and everything that is bound like a file: devices, pipes
	KindLink
	KindSocket // bound like a file
)

// Files answers what exists on the host. Paths are absolute and clean.
type Files interface {
	// Kind does not follow a symbolic link in the last component.
	// KindMissing stands for every reason for which the caller can't see it.
	Kind(path string) FileKind
	Readlink(path string) (string, error)
	// Kinds lists a directory with the kind of each entry; nil when that
	// can't be had, or when the directory seems to hold more than most.
	Kinds(path string, most int) map[string]FileKind
	// Public tells whether all users may read the file or list the directory.
	Public(path string) bool
	// Same tells whether two paths lead to one file, without following symbolic
	// links.
	Same(a, b string) bool
	// Owner does not follow a symbolic link. It is false for what the caller can't see.
	Owner(path string) (Owner, bool)
	// ACL is the attribute system.posix_acl_access of a file (acl(5)), nil when
	// it has none.
	ACL(path string) []byte
	// Writable tells whether the caller may make files in the directory.
	Writable(dir string) bool
	// Text returns the beginning of a small file, "" when it can't be read.
	Text(path string) string
	// Executable tells whether the caller may execute the file.
	Executable(path string) bool
}

// Owner is what the mode of a file is about: chown(2), inode(7).
type Owner struct {
	UID, GID int
	Mode     uint32 // with the type
}

// Program is the file of jail that users call, "" when it is not known.
func (o *OwnPaths) Program() string {
	if len(o.Programs) == 0 {
		return ""
	}
	return o.Programs[0]
}
