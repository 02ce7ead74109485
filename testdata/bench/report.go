package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Time is one row of the table of launch times: medians in milliseconds, and
// the median, least and greatest ratio of the pairs. CPU is the median ratio
// of processor time, of all processes that were waited for.
type Time struct {
	Name    string  `json:"name"`
	Against string  `json:"against"`
	Pairs   int     `json:"pairs"`
	Jail    float64 `json:"jail_ms"`
	Peer    float64 `json:"peer_ms"`
	Ratio   float64 `json:"ratio"`
	Least   float64 `json:"ratio_min"`
	Most    float64 `json:"ratio_max"`
	CPU     float64 `json:"cpu_ratio"`
	Target  float64 `json:"target,omitempty"`
	Error   string  `json:"error,omitempty"`
}

// Memory is one row of the table of memory. StaysKiB is the proportional set
// size of all processes but the program.
type Memory struct {
	Name      string `json:"name"`
	PeakKiB   int    `json:"peak_rss_kib"`
	StaysKiB  int    `json:"stays_pss_kib"`
	Processes int    `json:"processes"`
	Estimate  bool   `json:"estimate,omitempty"`
	Error     string `json:"error,omitempty"`
}

// Report is everything that was measured.
type Report struct {
	Machine string   `json:"machine"`
	User    string   `json:"user"`
	Times   []Time   `json:"times"`
	Memory  []Memory `json:"memory"`
}

// verdict says in a word how a row stands to its target.
func (t *Time) verdict() string {
	switch {
	case t.Error != "":
		return "error: " + t.Error
	case t.Target == 0:
		return "-"
	case t.Ratio <= t.Target:
		return "met"
	}
	return "missed"
}

// missed reports whether a target was missed or could not be measured.
func (r *Report) missed() bool {
	for i := range r.Times {
		row := &r.Times[i]
		if row.Error != "" || row.Target != 0 && row.Ratio > row.Target {
			return true
		}
	}
	return false
}

// print writes the tables.
func (r *Report) print(out io.Writer) error {
	progress("done\n")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "%s, as %s; medians of paired runs\n\n", r.Machine, r.User)
	fmt.Fprintln(table, "start-up\tjail ms\tpeer ms\tagainst\tratio\tmin-max\tcpu ratio\tpairs\ttarget\tverdict")
	for i := range r.Times {
		row := &r.Times[i]
		target := "-"
		if row.Target != 0 {
			target = fmt.Sprintf("<= %.2f", row.Target)
		}
		fmt.Fprintf(table, "%s\t%.2f\t%.2f\t%s\t%.3f\t%.3f-%.3f\t%.3f\t%d\t%s\t%s\n", row.Name, row.Jail, row.Peer,
			row.Against, row.Ratio, row.Least, row.Most, row.CPU, row.Pairs, target, row.verdict())
	}
	if len(r.Memory) > 0 {
		fmt.Fprintln(table, "\nmemory, KiB\tpeak RSS\tstays (PSS)\tprocesses\t")
		for _, row := range r.Memory {
			mark := ""
			if row.Estimate {
				mark = "about "
			}
			fmt.Fprintf(table, "%s\t%d\t%s%d\t%d\t%s\n", row.Name, row.PeakKiB, mark, row.StaysKiB, row.Processes, row.Error)
		}
	}
	return table.Flush()
}
