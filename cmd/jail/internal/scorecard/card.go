// Package scorecard prints grades, and what was observed beside what was graded.
package scorecard

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/score"
)

// Card is a report and, after a measurement, what was observed.
type Card struct {
	*score.Report
	Measured []score.Measurement
}

// Disagreements are the observations that are not what the plan says.
func (c *Card) Disagreements() []score.Measurement {
	return slices.DeleteFunc(slices.Clone(c.Measured), func(m score.Measurement) bool { return m.Agrees })
}

// ofCheck are the measurements of one check.
func (c *Card) ofCheck(id string) []score.Measurement {
	return slices.DeleteFunc(slices.Clone(c.Measured), func(m score.Measurement) bool { return m.Question.Check != id })
}

// Text is a line for each check that is not closed, worst first, then the
// grade. With explain all checks have their lines and reasons.
func (c *Card) Text(explain bool) []byte {
	var b bytes.Buffer
	findings := slices.Clone(c.Findings)
	if !explain {
		slices.SortStableFunc(findings, func(x, y score.Finding) int {
			if x.Escape != y.Escape {
				return map[bool]int{true: -1, false: 1}[x.Escape]
			}
			return y.Part() - x.Part()
		})
	}
	width, closed := 0, 0
	for i := range findings {
		width = max(width, len(findings[i].Check.ID))
		if findings[i].State == score.Closed {
			closed++
		}
	}
	line := func(format string, args ...any) { b.WriteString(diag.Escape(fmt.Sprintf(format, args...)) + "\n") }
	for i := range findings {
		x := &findings[i]
		if !explain && (x.State == score.Closed || x.State == score.NotApplicable) {
			continue
		}
		line("%-11s  %-*s  %s", word(x), width, x.Check.ID, x.Check.Doc+": "+x.Detail)
		if explain {
			c.reasons(line, x)
		}
	}
	for _, m := range c.Disagreements() {
		line("DISAGREES    %-*s  %s: the plan says %q, observed %q", width, m.Question.Check, m.Question.Subject, m.Question.Want, m.Observed)
	}
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	if c.Measured != nil {
		line("%s; %d of them disagree with the plan. %s could not be measured.",
			output.Count(len(c.Measured), "observation"), len(c.Disagreements()), output.Count(c.unmeasured(), "check"))
	}
	line("%d of %d checks are closed. Exposure of %s: %s %s", closed, len(findings), c.Profile, c.Exposure, c.Exposure.Grade())
	if escapes := c.Escapes(); len(escapes) > 0 && c.Exposure > c.Sum {
		names := make([]string, len(escapes))
		for i := range escapes {
			names[i] = escapes[i].Check.ID
		}
		line("By weight it would be %s %s. Ways out of the jail: %s", c.Sum, c.Sum.Grade(), strings.Join(names, ", "))
	}
	return b.Bytes()
}

// reasons says what decided about a finding, what closing it gains, and how.
func (c *Card) reasons(line func(string, ...any), x *score.Finding) {
	for _, by := range x.By {
		line("  by %s", by.Rule)
		if !by.At.IsZero() {
			line("    --> %s", by.At.String())
		}
	}
	switch x.State {
	case score.Unavailable:
		line("  no profile can change that on this host")
	case score.Open, score.Partly:
		line("  closing it gains %s: %s", c.Gain(x), x.Check.Fix)
		line("  and costs: %s", x.Check.Cost)
	}
	if c.Measured == nil {
		return
	}
	found := c.ofCheck(x.Check.ID)
	switch {
	case x.Check.Unmeasured != "":
		line("  not measured: %s", x.Check.Unmeasured)
	case len(found) == 0:
		line("  not measured: there is nothing on this host to tell it by")
	}
	for _, m := range found {
		line("  observed of %s: %s", m.Question.Subject, m.Observed)
	}
}

// unmeasured counts the checks about which nothing was observed.
func (c *Card) unmeasured() int {
	n := 0
	for i := range c.Findings {
		if len(c.ofCheck(c.Findings[i].Check.ID)) == 0 {
			n++
		}
	}
	return n
}

// word is the state of a finding in the first column.
func word(x *score.Finding) string {
	switch {
	case x.Escape:
		return "escape"
	case x.State == score.NotApplicable:
		return "n/a"
	}
	return string(x.State)
}

// JSON is what score prints with --json.
type JSON struct {
	Profile  output.Text `json:"profile"`
	Exposure json1       `json:"exposure"` // 0.0 to 10.0
	Grade    string      `json:"grade"`
	ByWeight json1       `json:"byWeight"` // the exposure without the floor of an escape
	Escapes  []string    `json:"escapes"`  // ids of the checks that set the floor
	Checks   []checkJSON `json:"checks"`
	Measured *bool       `json:"agrees,omitempty"` // with --measure: the plan and every observation do
}

// json1 is a number with one decimal.
type json1 score.Exposure

// MarshalJSON implements json.Marshaler.
func (n json1) MarshalJSON() ([]byte, error) { return []byte(score.Exposure(n).String()), nil }

// checkJSON is one check.
type checkJSON struct {
	Name        string          `json:"name"`
	Group       string          `json:"group"`
	Description string          `json:"description"`
	State       score.State     `json:"state"`
	Weight      int             `json:"weight"`
	Badness     int             `json:"badness"`
	Range       int             `json:"range"`
	Gain        json1           `json:"gain"` // what closing it would take off the exposure
	Escape      bool            `json:"escape"`
	Detail      output.Text     `json:"detail"`
	By          []output.Ground `json:"by"`
	Fix         string          `json:"fix"`
	Cost        string          `json:"cost"`
	Unmeasured  string          `json:"unmeasured,omitempty"`
	Observed    []observedJSON  `json:"observed,omitempty"`
}

// observedJSON is one observation of the probe.
type observedJSON struct {
	Subject  output.Text `json:"subject"`
	Declared output.Text `json:"declared"`
	Observed output.Text `json:"observed"`
	Agrees   bool        `json:"agrees"`
}

// JSON is what score prints with --json.
func (c *Card) JSON() JSON {
	out := JSON{
		Profile: output.Text(c.Profile), Exposure: json1(c.Exposure), Grade: c.Exposure.Grade(), ByWeight: json1(c.Sum),
		Escapes: []string{}, Checks: []checkJSON{},
	}
	for _, x := range c.Escapes() {
		out.Escapes = append(out.Escapes, x.Check.ID)
	}
	for i := range c.Findings {
		x := &c.Findings[i]
		one := checkJSON{
			Name: x.Check.ID, Group: x.Check.Group, Description: x.Check.Doc, State: x.State, Weight: x.Check.Weight,
			Badness: x.Badness, Range: x.Check.Range, Gain: json1(c.Gain(x)), Escape: x.Escape, Detail: output.Text(x.Detail),
			By: []output.Ground{}, Fix: x.Check.Fix, Cost: x.Check.Cost, Unmeasured: x.Check.Unmeasured,
		}
		for _, by := range x.By {
			one.By = append(one.By, output.GroundAt(by.Rule, by.At))
		}
		for _, m := range c.ofCheck(x.Check.ID) {
			one.Observed = append(one.Observed, observedJSON{output.Text(m.Question.Subject), output.Text(m.Question.Want), output.Text(m.Observed), m.Agrees})
		}
		out.Checks = append(out.Checks, one)
	}
	if c.Measured != nil {
		agrees := len(c.Disagreements()) == 0
		out.Measured = &agrees
	}
	return out
}
