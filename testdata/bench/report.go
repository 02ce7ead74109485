package main

import "slices"

// Time is one row of a table of times: medians in milliseconds for each launch,
// and the median, least and greatest ratio of the pairs. A pair is one block
// of launches of each side. CPU is the median ratio of processor time, of all
// processes that could be waited for.
type Time struct {
	Name     string  `json:"name"`
	Against  string  `json:"against"`
	Pairs    int     `json:"pairs"`
	Launches int     `json:"launches"`
	Jail     float64 `json:"jail_ms"`
	Peer     float64 `json:"peer_ms"`
	Ratio    float64 `json:"ratio"`
	Least    float64 `json:"ratio_min"`
	Most     float64 `json:"ratio_max"`
	CPU      float64 `json:"cpu_ratio,omitempty"`
	Target   float64 `json:"target,omitempty"`
	Note     string  `json:"note,omitempty"`
	Error    string  `json:"error,omitempty"`
}

// Processor is one row of the table of processor time: the times are those of
// all processes of a launch. Context switches and page faults are medians for
// each launch, of the processes that could be waited for.
type Processor struct {
	Time

	Source       string  `json:"counted_by"`
	JailSwitches float64 `json:"jail_context_switches"`
	PeerSwitches float64 `json:"peer_context_switches"`
	JailFaults   float64 `json:"jail_page_faults"`
	PeerFaults   float64 `json:"peer_page_faults"`
}

// Memory is one row of the table of memory. StaysKiB is the proportional set
// size of all processes but the program, and Ratio that to the former jail.
type Memory struct {
	Name      string  `json:"name"`
	PeakKiB   int     `json:"peak_rss_kib"`
	StaysKiB  int     `json:"stays_pss_kib"`
	Processes int     `json:"processes"`
	Estimate  bool    `json:"estimate,omitempty"`
	Target    int     `json:"target_kib,omitempty"`
	Ratio     float64 `json:"ratio_to_before,omitempty"`
	Error     string  `json:"error,omitempty"`
}

// Report is everything that was measured.
type Report struct {
	Machine    string      `json:"machine"`
	User       string      `json:"user"`
	Program    string      `json:"jail,omitempty"`
	Before     string      `json:"before,omitempty"`
	Times      []Time      `json:"times"`
	Processor  []Processor `json:"processor"`
	Throughput []Time      `json:"throughput"`
	Network    []Time      `json:"network"`
	Memory     []Memory    `json:"memory"`
}

// The words for how a row stands to its target.
const (
	noTarget = "-"
	met      = "met"
	missed   = "missed"
)

// verdict says in a word how a row stands to its target.
func (t *Time) verdict() string {
	switch {
	case t.Error != "":
		return "error: " + t.Error
	case t.Target == 0:
		return noTarget
	case t.Ratio <= t.Target:
		return met
	}
	return missed
}

// verdict of a row of memory: besides its target, it may not be more than
// a former jail needs.
func (m *Memory) verdict() string {
	switch {
	case m.Error != "":
		return "error: " + m.Error
	case m.Target != 0 && m.StaysKiB > m.Target, m.Ratio > notWorse:
		return missed
	case m.Target == 0 && m.Ratio == 0:
		return noTarget
	}
	return met
}

// missed reports whether a target was missed or something could not be measured.
func (r *Report) missed() bool {
	bad := func(verdict string) bool { return verdict != met && verdict != noTarget }
	return slices.ContainsFunc(slices.Concat(r.Times, r.Throughput, r.Network), func(t Time) bool { return bad(t.verdict()) }) ||
		slices.ContainsFunc(r.Processor, func(p Processor) bool { return bad(p.verdict()) }) ||
		slices.ContainsFunc(r.Memory, func(m Memory) bool { return bad(m.verdict()) })
}
