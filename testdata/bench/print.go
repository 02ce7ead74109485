package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// print writes the tables.
func (r *Report) print(out io.Writer) error {
	progress("done\n")
	fmt.Fprintf(out, "%s, as %s; medians of paired runs\n", r.Machine, r.User)
	if r.Before != "" {
		fmt.Fprintf(out, "jail before is %s\n", r.Before)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	printTimes(table, "start-up", r.Times)
	printProcessor(table, r.Processor)
	printTimes(table, "throughput, each launch", r.Throughput)
	printTimes(table, "connections", r.Network)
	printMemory(table, r.Memory)
	return table.Flush()
}

// timeColumns are those that all tables of times begin with.
const timeColumns = "jail ms\tpeer ms\tagainst\tratio\tmin-max\tpairs\ttarget\tverdict"

// columns are what is printed under timeColumns.
func (t *Time) columns() string {
	target := "-"
	if t.Target != 0 {
		target = fmt.Sprintf("<= %.2f", t.Target)
	}
	pairs := fmt.Sprint(t.Pairs)
	if t.Launches > 1 {
		pairs += fmt.Sprintf(" of %d", t.Launches)
	}
	return fmt.Sprintf("%.2f\t%.2f\t%s\t%.3f\t%.3f-%.3f\t%s\t%s\t%s",
		t.Jail, t.Peer, t.Against, t.Ratio, t.Least, t.Most, pairs, target, t.verdict())
}

func printTimes(table io.Writer, title string, rows []Time) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(table, "\n%s\t%s\tcpu ratio\t\n", title, timeColumns)
	for i := range rows {
		fmt.Fprintf(table, "%s\t%s\t%.3f\t%s\n", rows[i].Name, rows[i].columns(), rows[i].CPU, rows[i].Note)
	}
}

func printProcessor(table io.Writer, rows []Processor) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(table, "\nall processes\t%s\tswitches\tfaults\tcounted by\n", timeColumns)
	for i := range rows {
		row := &rows[i]
		source := row.Source
		if row.Note != "" {
			source += "; " + row.Note
		}
		fmt.Fprintf(table, "%s\t%s\t%.0f, %.0f\t%.0f, %.0f\t%s\n", row.Name, row.columns(),
			row.JailSwitches, row.PeerSwitches, row.JailFaults, row.PeerFaults, source)
	}
}

func printMemory(table io.Writer, rows []Memory) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintln(table, "\nmemory, KiB\tpeak RSS\tstays (PSS)\tprocesses\tto before\ttarget\tverdict")
	for i := range rows {
		row := &rows[i]
		mark, ratio, target := "", "-", "-"
		if row.Estimate {
			mark = "about "
		}
		if row.Ratio != 0 {
			ratio = fmt.Sprintf("%.3f", row.Ratio)
		}
		if row.Target != 0 {
			target = fmt.Sprintf("<= %d", row.Target)
		}
		fmt.Fprintf(table, "%s\t%d\t%s%d\t%d\t%s\t%s\t%s\n", row.Name, row.PeakKiB, mark, row.StaysKiB,
			row.Processes, ratio, target, row.verdict())
	}
}
