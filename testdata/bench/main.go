// Command bench measures what starting a program in a jail costs, beside
// bubblewrap, firejail and the floor (testdata/floor).
//
// Every figure comes from runs that alternate between the two programs that
// are compared, in one process and in one minute, so that a busy machine
// slows both down alike; only their ratio means something. Timed launches find
// in jail's cache what earlier ones kept, except in the rows of the first
// launch. It reports and never fails because of a missed target, unless
// -strict is given.
//
// Processor time and throughput are measured over blocks of launches. Processor
// time is that of all processes of a launch, from a control group where one can
// be made, as root can nearly everywhere and another user with
// systemd-run --user --scope.
//
// Started as root it launches everything as -user: what is measured is
// always the start by an unprivileged user.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// options are the command line.
type options struct {
	bin    string // directory that holds jail, floor and peak
	jail   string // a jail to run where it is, "" for a copy of the one in bin
	before string // a former jail to compare with, "" for none
	data   string // directory of the profiles beside this file
	user   string // whom to launch as when started as root
	pairs  int
	short  bool
	json   bool
	strict bool
	only   string
	mounts int    // internal: make so many mounts before measuring
	versus string // internal: run only cases against this
	work   string // internal: the work directory of the parent
}

// wants reports whether a case was asked for.
func (o *options) wants(name string) bool { return strings.Contains(name, o.only) }

func main() {
	var o options
	flag.StringVar(&o.bin, "bin", "bin", "`directory` of jail, floor and peak")
	flag.StringVar(&o.jail, "jail", "", "run this installed `program` in place instead of a copy of jail in -bin")
	flag.StringVar(&o.before, "before", "", "compare with the former jail at this `path` as well")
	flag.StringVar(&o.data, "data", "testdata/bench", "`directory` of the bench profiles")
	flag.StringVar(&o.user, "user", "jailtest", "`account` to launch as when started as root")
	flag.IntVar(&o.pairs, "pairs", 120, "timed `pairs` of each quick case")
	flag.BoolVar(&o.short, "short", false, "a few runs of each case: shows that it works, not how fast")
	flag.BoolVar(&o.json, "json", false, "print JSON")
	flag.BoolVar(&o.strict, "strict", os.Getenv("BENCH_STRICT") == "1", "exit 1 when a target is missed")
	flag.StringVar(&o.only, "only", "", "run only cases whose name contains this `text`")
	flag.IntVar(&o.mounts, "inside-mounts", 0, "internal: measure below this many mounts")
	flag.StringVar(&o.versus, "versus", "", "internal: run only the case against this")
	flag.StringVar(&o.work, "work", "", "internal: directory prepared by the parent")
	flag.Parse()
	report, err := run(&o)
	switch {
	case err != nil:
	case o.json:
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(report)
	default:
		err = report.print(os.Stdout)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
	if o.strict && report.missed() {
		os.Exit(1)
	}
}

// run measures everything that was asked for.
func run(o *options) (*Report, error) {
	account, err := findAccount(o.user)
	if err == nil {
		err = adoptOrphans()
	}
	if err != nil {
		return nil, err
	}
	if o.mounts > 0 {
		return runBelowMounts(o, account)
	}
	s, err := newStage(o, account)
	if err != nil {
		return nil, err
	}
	defer s.remove()
	report := &Report{Machine: describeMachine(), User: account.name, Program: o.jail, Before: o.before}
	for _, c := range s.cases() {
		if !o.wants(c.Name) {
			continue
		}
		progress("%s: %s", c.Name, c.Against)
		if err := report.measure(s, o, &c); err != nil {
			return nil, err
		}
	}
	if o.wants("network") {
		network, err := s.network(o)
		if err != nil {
			return nil, err
		}
		report.Network = network
	}
	if o.wants("memory") {
		progress("memory")
		report.Memory = s.memory()
	}
	return report, nil
}

// measure adds the row of a case.
func (r *Report) measure(s *stage, o *options, c *comparison) error {
	switch {
	case c.Processor:
		r.Processor = append(r.Processor, s.processor(c))
	case c.AtOnce > 0:
		r.Throughput = append(r.Throughput, s.compare(c))
	case c.Mounts > 0:
		inner, err := s.compareBelowMounts(o, c)
		if err != nil {
			return fmt.Errorf("below %d mounts: %w", c.Mounts, err)
		}
		r.Times = append(r.Times, inner)
	default:
		r.Times = append(r.Times, s.compare(c))
	}
	return nil
}

// progress tells the person who waits what is going on.
func progress(format string, arguments ...any) {
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprintf(os.Stderr, "\r\033[Kbench: "+format, arguments...)
	}
}

// describeMachine names the kernel and the processors, without which times
// mean nothing.
func describeMachine() string {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "unknown"
	}
	cpus, _ := filepath.Glob("/sys/devices/system/cpu/cpu[0-9]*")
	return fmt.Sprintf("Linux %s, %d processors", strings.TrimSpace(string(release)), len(cpus))
}
