package launch

import (
	"fmt"
	"syscall"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/plan"
)

// Failure says why a plan did not become a running program. Op is nil when
// the init could not be made.
type Failure struct {
	Plan  *plan.Plan
	Op    *plan.Op
	Errno syscall.Errno
	// Died is set when the child ended without a report: it was killed.
	Died *syscall.WaitStatus
	// Joined is set when the plan was compiled for other ids in the user namespace of
	// Plan.Join than these, which the caller has there. It has to be compiled anew.
	Joined *IDs
	Err    error // a failure of the launcher itself
	// Ran is set when the program may have begun to run: it is not to run again.
	Ran bool
}

// Error describes the failure in one line.
func (f *Failure) Error() string {
	switch {
	case f.Err != nil:
		return f.Err.Error()
	case f.Op == nil:
		return fmt.Sprintf("new namespaces: %v", f.Errno)
	case f.Died != nil:
		return fmt.Sprintf("the jail's init died while it was being set up, at %s", f.Op)
	default:
		return fmt.Sprintf("%s: %v", f.Op, f.Errno)
	}
}

// Refusal is an error of the launcher with something to say about a line of
// the profile.
type Refusal struct{ Problem diag.Diagnostic }

func (r *Refusal) Error() string { return r.Problem.Summary }
