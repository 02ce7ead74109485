package launch

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/plan"
)

// Codes of the diagnostics for launches that failed.
const (
	CodeNoNamespaces = "no-namespaces"
	CodeSetupFailed  = "setup-failed"
	CodeSetupDied    = "setup-died"
	CodeExecFailed   = "exec-failed"
)

// Diagnostic turns a failure into a message for the user, at the profile line that asked
// for the failing step.
func (f *Failure) Diagnostic() diag.Diagnostic {
	switch {
	case f.Err != nil:
		if refusal, ok := errors.AsType[*Refusal](f.Err); ok {
			return refusal.Problem
		}
		d := diag.Diagnostic{Code: CodeSetupFailed, Summary: f.Err.Error()}
		if errors.Is(f.Err, unix.EMFILE) {
			d.Remedy = moreFiles
		}
		return d
	case f.Died != nil:
		return f.died()
	case f.Op == nil:
		return f.noNamespaces()
	case f.Op.Number == unix.SYS_EXECVE:
		return f.noExec()
	case f.Op.Verb == plan.KeepAlone && f.Errno == unix.EWOULDBLOCK:
		return f.inUse()
	}
	d := diag.Diagnostic{
		Code:    CodeSetupFailed,
		Summary: fmt.Sprintf("cannot %s: %s", f.Op.Purpose(), errnoText(f)),
		Notes:   []diag.Note{{Text: fmt.Sprintf("%s gave %s", f.Op, unix.ErrnoName(f.Errno))}},
		Remedy:  hint(f.Op, f.Errno),
	}
	if f.Op.At != nil {
		d.Subject = *f.Op.At
	}
	return d
}

// ExitStatus is what jail exits with after the failure.
func (f *Failure) ExitStatus() int {
	if f.Op == nil || f.Died != nil || f.Op.Number != unix.SYS_EXECVE {
		return plan.ExitFailed
	}
	if f.Errno == unix.ENOENT {
		return plan.ExitNotFound
	}
	return plan.ExitNotExecutable
}

func errnoText(f *Failure) string { return strings.ToLower(f.Errno.Error()) }

func (f *Failure) died() diag.Diagnostic {
	how := fmt.Sprintf("exited with status %d", f.Died.ExitStatus())
	if f.Died.Signaled() {
		how = "was killed by " + unix.SignalName(f.Died.Signal())
	}
	d := diag.Diagnostic{
		Code:    CodeSetupDied,
		Summary: fmt.Sprintf("the jail's process %s while it was being set up; the program was not started", how),
	}
	if f.Op != nil {
		d.Notes = []diag.Note{{Text: fmt.Sprintf("it was about to %s: %s", f.Op.Purpose(), f.Op)}}
		if f.Op.At != nil {
			d.Subject = *f.Op.At
		}
	}
	return d
}

func (f *Failure) noNamespaces() diag.Diagnostic {
	d := diag.Diagnostic{Code: CodeNoNamespaces, Notes: []diag.Note{{Text: "clone(2) gave " + unix.ErrnoName(f.Errno)}}}
	switch f.Errno {
	case unix.EPERM, unix.EACCES:
		d.Summary = "this host does not let you make a user namespace, which every jail needs"
		d.Remedy = "`jail doctor` tells which setting forbids it and how to change that"
	case unix.ENOSPC:
		d.Summary = "the limit on user namespaces is reached"
		d.Remedy = "raise /proc/sys/user/max_user_namespaces; inside another jail, that jail forbids them"
	case unix.EINVAL:
		d.Summary = "this kernel lacks a kind of namespace that the profile asks for"
		d.Remedy = "`jail doctor` tells which; switch it off under namespaces in the profile if you can do without"
	case unix.EAGAIN:
		d.Summary = "no further process may be started for this user"
		d.Remedy = "see `ulimit -u`"
	default:
		d.Summary = "cannot start the jail's init: " + errnoText(f)
	}
	return d
}

func (f *Failure) noExec() diag.Diagnostic {
	d := diag.Diagnostic{
		Code:    CodeExecFailed,
		Summary: fmt.Sprintf("cannot execute %s in the jail: %s", diag.Quote(f.Plan.Path), errnoText(f)),
	}
	if f.Op.At != nil {
		d.Subject = *f.Op.At
	}
	if f.Errno == unix.ENOENT && f.Plan.Entering {
		d.Code, d.Summary = plan.CodeNotFound, fmt.Sprintf("there is no program %s in the jail", diag.Quote(f.Plan.Path))
		return d
	}
	switch f.Errno {
	case unix.ENOENT:
		d.Remedy = "its interpreter or dynamic loader (its first line, or `readelf -l`) is not visible in the jail: grant it with --read"
	case unix.EACCES:
		d.Remedy = "a directory on its way, or the file, must not be executed by you; or its interpreter is not visible in the jail"
	case unix.ENOEXEC:
		d.Remedy = "it is neither a program for this machine nor a script that begins with #!"
	}
	return d
}

// inUse: two jails that change one upper directory of an overlay would damage it.
func (f *Failure) inUse() diag.Diagnostic {
	d := diag.Diagnostic{
		Code:    CodeSetupFailed,
		Summary: fmt.Sprintf("another jail that runs keeps its changes in the directory that is to keep those of %s", diag.Quote(f.Op.Subject)),
		Remedy:  "wait until that jail has ended, `jail ps` lists it; or keep these changes in another directory",
	}
	if f.Op.At != nil {
		d.Subject = *f.Op.At
	}
	return d
}

const moreFiles = "raise the limit on open files, `ulimit -n`"

// hint explains an errno of a syscall in a plan.
func hint(o *plan.Op, errno error) string {
	switch {
	case o.Name == "openat2" && errno == unix.ELOOP:
		return "a part of the path became a symbolic link after jail looked; start again, and if it persists find out who changes it"
	case o.Name == "openat2" && errno == unix.ENOSYS, o.Name == "open_tree" && errno == unix.ENOSYS, o.Name == "mount_setattr" && errno == unix.ENOSYS:
		return "jail needs Linux 5.13 or later, and a sandbox around it that does not refuse this call"
	case o.Name == "mount_setattr" && len(o.Args) == 1 && errno == unix.EINVAL:
		return "a jail that root starts is not root: its files are shown to it under another owner, which this file system can't do (ID-mapped mounts); start jail as an ordinary user"
	case o.Name == "write" && o.Verb == "set up the user namespace in" && errno == unix.EPERM:
		return "root of a user namespace, as in another sandbox, needs the capability setfcap to pass its user id on; start jail there as an ordinary user"
	case (o.Name == "open_tree" || o.Name == "open_tree_attr") && errno == unix.ENOENT:
		return "it was there when jail looked; it has been removed or renamed since"
	case o.Name == "fsconfig" && strings.Contains(o.Verb, "overlay") && errno == unix.EINVAL:
		return "the kernel refuses these directories for an overlay: the file system of the layer must support xattrs, and kernels before 5.11 allow no overlay to users"
	case o.Name == "fsopen" && errno == unix.ENODEV:
		return "this kernel has no such file system; load its module"
	case o.Name == "fsmount" && errno == unix.EPERM && o.Subject == "/proc":
		return "parts of this machine's /proc are covered, as in a container; a new /proc may not show more than the old"
	case o.Name == "pivot_root" && errno == unix.EINVAL:
		return "the present root directory is no mount point, as after chroot(1); start jail from an ordinary root"
	case o.Name == "mkdirat" && errno == unix.EROFS:
		return "the directory it has to be made in is read-only"
	case errno == unix.EMFILE:
		return moreFiles
	case errno == unix.ENOSPC && o.Name == "move_mount":
		return "the limit on mounts is reached: /proc/sys/fs/mount-max"
	case o.Name == "seccomp" && errno == unix.EINVAL:
		return "the kernel was built without CONFIG_SECCOMP_FILTER, or refuses the program"
	}
	return ""
}

// AskedTooMuch tells that the kernel can't populate a mount tree before it is attached.
// The plan then has to be compiled without Kernel.DetachedTree.
func (f *Failure) AskedTooMuch() bool {
	return f.Plan.DetachedTree && f.Op != nil && f.Op.Name == "move_mount" && f.Errno == unix.EINVAL
}

// NeedsListener tells that this process is under a filter with a listener
// already, as in another jail. The plan then has to be compiled with
// Kernel.NoListener.
func (f *Failure) NeedsListener() bool {
	return f.Op != nil && f.Op.Name == "seccomp" && f.Op.Store != nil && f.Errno == unix.EBUSY
}
