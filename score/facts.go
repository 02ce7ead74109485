package score

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/caps"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/landlock"
	"github.com/jail-project/jail/seccomp"
)

// facts is what the ops of a plan come to: the state in which they leave the
// program's process. What a plan does not do is not there.
type facts struct {
	Input

	inside, outside string // the user's id in the jail and outside
	mapped          bool   // there is a map of ids
	effective       caps.Set
	dropped         caps.Set // from the bounding set
	setCaps         bool     // capset(2) is called
	noNewPrivs      bool
	securebits      uint64
	nestedForbidden bool // max_user_namespaces is 0
	keyring         bool
	nonDumpable     bool // the init cannot be looked into
	dies            bool // with the launcher
	closes          bool // every descriptor above 2
	session         bool // setsid(2) before the program
	hostName        bool // sethostname(2)
	oomScore        string
	insideGroup     string         // the group's id in the jail
	rulesets        int            // of Landlock that restrict the program
	scopes          landlock.Scope // what ends at the jail by them
	limits          map[uint64]uint64
	soon            []string          // directories of jail's own that a launch makes first, and so guards
	devices         []string          // names in /dev
	covered         map[string]bool   // paths below the root that are masked
	readOnly        map[string]bool   // paths below the root that are made read-only alone
	mounts          []mountFacts      // every mount that is made
	calls           map[string][]rule // what decides about each syscall

	open map[plan.Slot]string // while reading: what a slot stands for
}

// mountFacts are the attributes of one mount.
type mountFacts struct {
	what        string
	attributes  uint64 // MOUNT_ATTR_*
	private     bool   // nothing propagates
	size        bool   // a tmpfs with a limit of bytes and one of inodes
	memory      bool   // a tmpfs
	specialised bool   // devices, /proc, devpts
}

// rule is one entry of the filter.
type rule = seccomp.Entry

func newFacts(in Input) *facts {
	f := &facts{
		Input: in, limits: map[uint64]uint64{}, covered: map[string]bool{}, readOnly: map[string]bool{},
		calls: map[string][]rule{}, open: map[plan.Slot]string{},
	}
	for _, part := range [][]plan.Op{in.Plan.Setup, in.Plan.Program} {
		for i := range part {
			f.read(&part[i])
		}
	}
	if as := in.Plan.RunAs; as.Outside != 0 {
		f.inside, f.outside, f.mapped = strconv.Itoa(as.UID), strconv.Itoa(as.Outside), true
		f.insideGroup, f.Groups = strconv.Itoa(as.GID), nil // the launcher clears them
	}
	f.readFilter(in.Filter)
	f.soon = in.View.Unguarded(&in.Host.Own)
	slices.Sort(f.devices)
	f.devices = slices.Compact(f.devices)
	return f
}

// read takes in one op.
func (f *facts) read(op *plan.Op) {
	arg := func(i int) *plan.Arg {
		if i < len(op.Args) {
			return &op.Args[i]
		}
		return new(plan.Arg)
	}
	switch op.Name {
	case "prctl":
		f.prctl(arg(0).Num, arg(1).Num)
	case "capset":
		f.setCaps, f.effective = true, capsOf(arg(1).Block)
	case "openat":
		f.open[op.Out] = arg(1).Text
	case "write":
		f.written(f.open[plan.Slot(arg(0).Num)], arg(1).Block)
	case "prlimit64":
		if b := arg(2).Block; b != nil && len(b.Bytes) == 16 {
			f.limits[arg(1).Num] = binary.NativeEndian.Uint64(b.Bytes[8:])
		}
	case "keyctl":
		f.keyring = arg(0).Num == unix.KEYCTL_JOIN_SESSION_KEYRING
	case "setsid":
		f.session = true
	case "landlock_create_ruleset":
		if b := arg(0).Block; b != nil && len(b.Bytes) >= 24 { // struct landlock_ruleset_attr
			f.scopes |= landlock.Scope(binary.NativeEndian.Uint64(b.Bytes[16:]))
		}
	case "landlock_restrict_self":
		f.rulesets++
	case "sethostname":
		f.hostName = true
	case "close_range":
		f.closes = arg(0).Num <= 3 && uint32(arg(1).Num) == ^uint32(0)
	case "mknodat", "mkdirat":
		f.made(arg(1).Text)
	case "symlinkat":
		f.made(arg(2).Text)
	default:
		f.mountOp(op, arg)
	}
}

// made notes a name in the jail's /dev. Names with a dot are those of jail,
// which are gone when the program starts.
func (f *facts) made(path string) {
	if name, ok := strings.CutPrefix(path, "dev/"); ok && !strings.HasPrefix(name, ".") && !strings.Contains(name, "/") {
		f.devices = append(f.devices, name)
	}
}

func (f *facts) prctl(option, value uint64) {
	switch option {
	case unix.PR_CAPBSET_DROP:
		f.dropped = f.dropped.Add(int(value))
	case unix.PR_SET_NO_NEW_PRIVS:
		f.noNewPrivs = value == 1
	case unix.PR_SET_SECUREBITS:
		f.securebits = value
	case unix.PR_SET_DUMPABLE:
		f.nonDumpable = value == 0
	case unix.PR_SET_PDEATHSIG:
		f.dies = value == uint64(unix.SIGKILL)
	}
}

// written takes in what is written to a file of /proc.
func (f *facts) written(file string, b *plan.Block) {
	if b == nil {
		return
	}
	text := string(b.Bytes)
	switch {
	case file == "/proc/self/uid_map":
		ids := strings.Fields(text)
		if len(ids) == 3 {
			f.inside, f.outside, f.mapped = ids[0], ids[1], ids[2] == "1"
		}
	case file == "/proc/self/gid_map":
		f.insideGroup, _, _ = strings.Cut(strings.TrimSpace(text), " ")
	case file == "/proc/self/oom_score_adj":
		f.oomScore = strings.TrimSpace(text)
	case strings.HasSuffix(file, "sys/user/max_user_namespaces"):
		f.nestedForbidden = strings.TrimSpace(text) == "0"
	}
}

// capsOf is the effective set of struct __user_cap_data_struct, version 3.
func capsOf(b *plan.Block) caps.Set {
	if b == nil || len(b.Bytes) != 24 {
		return caps.All
	}
	low, high := binary.NativeEndian.Uint32(b.Bytes), binary.NativeEndian.Uint32(b.Bytes[12:])
	return caps.Set(uint64(high)<<32 | uint64(low))
}

// bounding is what is left in the bounding set.
func (f *facts) bounding() caps.Set { return caps.All &^ f.dropped }

// ownAbstract tells whether abstract sockets of the host are out of reach.
func (f *facts) ownAbstract() bool {
	return f.own(unix.CLONE_NEWNET) || f.rulesets > 0 && f.scopes&landlock.AbstractUnixSocket != 0
}

// own tells whether the jail has a namespace of its own.
func (f *facts) own(flag uintptr) bool { return f.Plan.Namespaces&flag != 0 }

// limit is the hard limit of a resource, and whether there is one.
func (f *facts) limit(resource uint64) (string, bool) {
	n, ok := f.limits[resource]
	if !ok || n == ^uint64(0) {
		return "unlimited", false
	}
	return strconv.FormatUint(n, 10), true
}

// readFilter spells the filter out for the native ABI. Without that ABI every
// call ends the program, and without a filter none does.
func (f *facts) readFilter(filter *seccomp.Filter) {
	if filter == nil {
		return
	}
	tables, err := seccomp.Tables(*filter)
	if err != nil {
		return
	}
	for i := range tables {
		if !tables[i].Native {
			continue
		}
		for j := range tables[i].Calls {
			c := &tables[i].Calls[j]
			f.calls[c.Name] = c.Entries
		}
	}
}

// verdict is the rule that decides about a call of this machine; nil when
// there is no filter.
func (f *facts) verdict(name string, args [seccomp.ArgCount]uint64) *rule {
	entries := f.calls[name]
	for i := range entries {
		if entries[i].Matches(args) {
			return &entries[i]
		}
	}
	return nil
}

// ruleCause names the rule of the profile that a verdict comes from.
func (f *facts) ruleCause(r *rule) Cause {
	s := &f.Policy.Syscalls
	switch {
	case r == nil:
		return byJail("no syscall filter")
	case r.List == seccomp.InAllow && r.Index < len(s.Allow):
		return Cause{Rule: "syscalls.allow: " + strings.Join(r.Path, " > "), At: s.Allow[r.Index].At}
	case r.List == seccomp.InDeny && r.Index < len(s.Deny):
		return Cause{Rule: "syscalls.deny: " + strings.Join(r.Path, " > "), At: s.Deny[r.Index].At}
	}
	switch r.List {
	case seccomp.BySetID:
		return leaf("syscalls.restrict-suid-sgid", "true", s.RestrictSUIDSGID.Origin)
	case seccomp.ByPIDs:
		return leaf("namespaces.pid", "false", f.Policy.Namespaces.PID.Origin)
	case seccomp.ByPorts:
		return leaf("landlock.connect", "ports", f.Policy.Landlock.Connect[0].Origin)
	}
	return leaf("syscalls.default", s.Default.V.String(), s.Default.Origin)
}
