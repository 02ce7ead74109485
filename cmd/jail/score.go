package main

import (
	"errors"

	"github.com/jail-project/jail/cmd/jail/internal/flags"
	"github.com/jail-project/jail/cmd/jail/internal/measurement"
	"github.com/jail-project/jail/cmd/jail/internal/scorecard"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/launch"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/score"
)

type scoreGrammar struct {
	flags.Policy
	JSON      bool   `name:"json" help:"Print an object: profile, exposure, grade, escapes, and checks."`
	Explain   bool   `help:"Name the line that decided each finding, and what it takes and costs to close it."`
	Threshold string `placeholder:"N" help:"Exit with 1 when the exposure is above N, from 0.0 to 10.0."`
	Measure   bool   `help:"Start a probe in such a jail and hold what it observes against the plan. Exit with 2 when they disagree."`
	Name      string `arg:"" optional:"" help:"A profile, a profile file (….yaml), or a program; not with --profile."`
}

// Exit statuses of score; the second comes before the first.
const (
	exitExposed   = 1
	exitDisagrees = 2
)

// run grades the plan of a profile.
func (g *scoreGrammar) run(a *app, args []string) int {
	if (g.Name == "") == (g.Profile == "") {
		return a.fail("score takes either a name or --profile", usage("score"))
	}
	limit, err := scorecard.Threshold(g.Threshold)
	if err != nil {
		return a.fail("--threshold takes a number from 0.0 to 10.0, not "+g.Threshold, usage("score"))
	}
	s, status := a.open(args, false)
	if s == nil {
		return status
	}
	l, status := a.loadNamed(s, &g.Policy, g.Name)
	if l == nil {
		return status
	}
	if problems := policy.Unsupported(l.policy); len(problems) > 0 {
		return a.report(l.sources, problems)
	}
	c, status := a.compileScored(l, g.Measure)
	if c == nil {
		return status
	}
	in := l.scored(c)
	card := scorecard.Card{Report: score.Assess(in)}
	if g.Measure {
		if card.Measured, status = a.measure(l, in); card.Measured == nil {
			return status
		}
	}
	if g.JSON {
		status = a.printJSON(card.JSON())
	} else {
		status = a.print(card.Text(g.Explain))
	}
	switch {
	case status != 0:
		return status
	case len(card.Disagreements()) > 0:
		return exitDisagrees
	case limit >= 0 && card.Exposure > limit:
		return exitExposed
	}
	return 0
}

// measure holds what a probe observes in the jail that was scored against its plan.
// The status counts when there is no result.
func (a *app) measure(l *loaded, in score.Input) ([]score.Measurement, int) {
	jail := measurement.Jail{Host: l.host, Options: l.options}
	found, warnings, err := jail.Measure(in.Plan, in)
	if err != nil {
		return nil, a.notMeasured(l, err)
	}
	if len(warnings) > 0 {
		a.report(nil, warnings)
	}
	return found, 0
}

// notMeasured says why there is no measurement: the jail did not start, or the probe in it.
func (a *app) notMeasured(l *loaded, err error) int {
	if failure, ok := errors.AsType[*launch.Failure](err); ok {
		problem := failure.Diagnostic()
		if remedy := measurement.LoaderRemedy(); remedy != "" && problem.Code == launch.CodeExecFailed {
			problem.Remedy = remedy
		}
		a.report(l.sources, diag.List{problem})
		return failure.ExitStatus()
	}
	return a.fail("cannot measure: "+err.Error(), measurement.LoaderRemedy())
}

// compileScored makes the plan that is graded. A measurement is a launch: what a
// launch makes beforehand is there. The status counts when there is no plan.
func (a *app) compileScored(l *loaded, measure bool) (*compile.Compiled, int) {
	l.launching = measure
	if measure && !a.filterProgram(l) {
		return nil, plan.ExitFailed
	}
	l.host.Stdio = measurement.Streams(true)
	c, problems := l.compile()
	if refusesStream(problems) {
		l.host.Stdio = measurement.Streams(false) // no Landlock: this jail takes no file
		c, problems = l.compile()
	}
	if problems.HasErrors() {
		return nil, a.report(l.sources, problems)
	}
	if !measure || len(c.View.Creates) == 0 {
		return c, 0
	}
	// The first launch of a profile makes the files that `create` asks for. A later one
	// is measured.
	jail := measurement.Jail{Host: l.host, Options: l.options}
	if err := jail.Rehearse(c.Plan); err != nil {
		return nil, a.notMeasured(l, err)
	}
	if c, problems = l.compile(); problems.HasErrors() {
		return nil, a.report(l.sources, problems)
	}
	return c, 0
}

// scored is what a grade is computed from.
func (l *loaded) scored(c *compile.Compiled) score.Input {
	in := score.Input{Plan: c.Plan, View: c.View, Filter: &c.Filter, Host: l.host, Policy: l.policy, Groups: c.Plan.KeptGroups}
	limits, needed := compile.GroupLimits(l.policy, l.host)
	if needed {
		in.Limits = limits
	}
	// Whether a group can be had is asked for memory, which is the most that
	// profiles ask for.
	if limits.Memory == 0 {
		limits.Memory = 1 << 30
	}
	where := limiter{limits: limits, policy: l.policy, runtime: l.host.Dirs["XDG_RUNTIME_DIR"]}
	_, in.Grouped = where.where()
	return in
}
