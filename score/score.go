// Package score grades a jail by what its plan lets a program do.
//
// Assess takes a compiled plan, its view of the file tree and the host it was
// compiled for, and returns a Report: a Finding for each check of the table in
// Checks, and the exposure computed from them, as systemd-analyze(1) computes
// that of a service. It never looks at a profile's text: two profiles with one
// plan have one grade. Questions turns the same findings into questions for a
// probe inside the jail, and Compare holds the answers against them.
//
// The package is pure: it neither opens nor starts anything. Package probe
// answers the questions; cmd/jail runs it.
package score

import (
	"slices"

	"github.com/jail-project/jail/cgroup"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/seccomp"
)

// Input is what a grade is computed from.
type Input struct {
	Plan   *plan.Plan
	View   *fstree.View
	Host   *host.Host
	Filter *seccomp.Filter // nil: no syscall filter
	Groups []int           // supplementary groups of the caller that count in the jail

	// Limits are what a control group holds for the jail; Grouped tells that
	// this host lets the caller have one.
	Limits  cgroup.Limits
	Grouped bool

	// Policy is asked where things were written, and for nothing else.
	Policy *policy.Policy
}

// State says how a check came out.
type State string

// The states.
const (
	Closed        State = "closed"         // no badness
	Partly        State = "partly"         // some
	Open          State = "open"           // all of it
	NotApplicable State = "not-applicable" // nothing of the kind on this host; counts nowhere
	// Unavailable: this kernel lacks the protection. It counts as open, and is
	// shown apart because no profile can change it here.
	Unavailable State = "unavailable"
)

// Finding is the outcome of one check.
type Finding struct {
	Check   *Check
	State   State
	Badness int // 0 to Check.Range
	Escape  bool
	Detail  string // what the plan says, for people
	By      []Cause
}

// Cause is a line of a profile, or what jail does by itself: At is zero then.
type Cause struct {
	Rule string
	At   diag.Range
}

// Exposure is a grade in tenths: 0 is nothing exposed, 100 everything.
type Exposure int

// Report is the outcome of all checks.
type Report struct {
	Profile  string
	Findings []Finding
	Sum      Exposure // by weight alone
	Exposure Exposure // Sum, and at least EscapeFloor when there is an escape
}

// EscapeFloor is the best exposure of a jail with an equivalent of an escape:
// no number of small virtues makes up for an open way out.
const EscapeFloor Exposure = 75

// Assess grades a plan.
func Assess(in Input) *Report {
	f := newFacts(in)
	r := &Report{Profile: in.Plan.Profile}
	checks := Checks()
	for i := range checks {
		r.Findings = append(r.Findings, checks[i].find(f))
	}
	r.Sum = exposure(r.Findings)
	r.Exposure = r.Sum
	if len(r.Escapes()) > 0 {
		r.Exposure = max(r.Exposure, EscapeFloor)
	}
	return r
}

// find completes what the check itself says.
func (c *Check) find(f *facts) Finding {
	o := c.assess(f)
	x := Finding{Check: c, Badness: min(o.badness, c.Range), Detail: o.detail, By: o.by, State: o.state}
	switch {
	case x.State == Unavailable:
		x.Badness = c.Range
	case x.State == NotApplicable:
		x.Badness = 0
	case x.Badness == 0:
		x.State = Closed
	case x.Badness == c.Range:
		x.State = Open
	default:
		x.State = Partly
	}
	x.Escape = o.escape && x.Badness > 0
	return x
}

// exposure is the formula of systemd-analyze security: the share of the
// weights that is bad, every part rounded up, in tenths of ten.
func exposure(findings []Finding) Exposure {
	bad, all := 0, 0
	for i := range findings {
		x := &findings[i]
		if x.State == NotApplicable {
			continue
		}
		all += x.Check.Weight
		bad += x.Part()
	}
	if all == 0 {
		return 0
	}
	return Exposure(roundUp(100*bad, all))
}

// Part is how much of the check's weight is bad.
func (x *Finding) Part() int { return roundUp(x.Check.Weight*x.Badness, x.Check.Range) }

func roundUp(a, b int) int { return (a + b - 1) / b }

// Gain is by how much the exposure by weight would fall if this finding were
// closed.
func (r *Report) Gain(x *Finding) Exposure {
	without := slices.Clone(r.Findings)
	for i := range without {
		if without[i].Check.ID == x.Check.ID {
			without[i].Badness = 0
		}
	}
	return r.Sum - exposure(without)
}

// Escapes lists the findings that hold the grade at EXPOSED or worse.
func (r *Report) Escapes() []*Finding {
	var out []*Finding
	for i := range r.Findings {
		if r.Findings[i].Escape {
			out = append(out, &r.Findings[i])
		}
	}
	return out
}

// String writes an exposure as systemd does: 0.0 to 10.0.
func (e Exposure) String() string {
	if e >= 100 {
		return "10.0"
	}
	return string([]byte{'0' + byte(e/10), '.', '0' + byte(e%10)})
}

// Grade is the name of an exposure, as systemd-analyze(1) has them.
func (e Exposure) Grade() string {
	switch {
	case e >= 100:
		return "DANGEROUS"
	case e >= 90:
		return "UNSAFE"
	case e >= 75:
		return "EXPOSED"
	case e >= 50:
		return "MEDIUM"
	case e >= 10:
		return "OK"
	case e >= 1:
		return "SAFE"
	}
	return "PERFECT"
}
