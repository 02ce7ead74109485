package running

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/jail-project/jail/caps"
	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/registry"
)

// Inspected is what inspect prints with --json.
type Inspected struct {
	Listed
	Inside  facts `json:"inside"`
	Outside facts `json:"outside"`
}

// facts are what is true on one side.
type facts struct {
	UID          uint64            `json:"uid"`
	GID          uint64            `json:"gid"`
	Groups       []output.Text     `json:"groups"`
	PID          int               `json:"pid"`
	Capabilities []string          `json:"capabilities"`
	Bounding     []string          `json:"boundingSet"`
	NoNewPrivs   bool              `json:"noNewPrivs"`
	Filters      int               `json:"syscallFilters"`
	Root         rootFacts         `json:"root"`
	Processes    []visibleFacts    `json:"processes"`
	Interfaces   []output.Text     `json:"interfaces"`
	Limits       []limitFacts      `json:"limits"`
	Cgroup       output.Text       `json:"cgroup"`
	Namespaces   map[string]uint64 `json:"namespaces"`
}

type rootFacts struct {
	Type    output.Text `json:"type"`
	Options output.Text `json:"options"`
	Mounts  int         `json:"mounts"`
}

type visibleFacts struct {
	PID  int         `json:"pid"`
	Name output.Text `json:"name"`
}

type limitFacts struct {
	Name output.Text `json:"name"`
	Soft output.Text `json:"soft"`
	Hard output.Text `json:"hard"`
	Unit output.Text `json:"unit,omitempty"`
}

// InspectedOf is a jail with what is true inside and outside.
func InspectedOf(j *registry.Jail, inside, outside *registry.Facts) Inspected {
	return Inspected{listed(j), factsOf(inside), factsOf(outside)}
}

func factsOf(f *registry.Facts) facts {
	out := facts{
		UID: f.UID, GID: f.GID, Groups: output.Texts(f.Groups), PID: f.PID,
		Capabilities: capabilityNames(f.Capabilities), Bounding: capabilityNames(f.Bounding),
		NoNewPrivs: f.NoNewPrivs, Filters: f.Filters,
		Root:       rootFacts{output.Text(f.Root.Type), output.Text(f.Root.Options), f.Root.Mounts},
		Interfaces: output.Texts(f.Interfaces), Cgroup: output.Text(f.Cgroup), Namespaces: f.Namespaces,
		Processes: []visibleFacts{}, Limits: []limitFacts{},
	}
	for _, p := range f.Processes {
		out.Processes = append(out.Processes, visibleFacts{p.PID, output.Text(p.Name)})
	}
	for _, l := range f.Limits {
		out.Limits = append(out.Limits, limitFacts{output.Text(l.Name), output.Text(l.Soft), output.Text(l.Hard), output.Text(l.Unit)})
	}
	return out
}

// capabilityNames lists the capabilities of a set as proc_pid_status(5)
// prints it.
func capabilityNames(set uint64) []string {
	names := []string{}
	for _, n := range caps.Set(set).Numbers() {
		names = append(names, caps.Name(n))
	}
	return names
}

// InspectedText is a table: what, inside, outside.
func InspectedText(j *registry.Jail, inside, outside *registry.Facts) []byte {
	rows := [][]string{{diag.Escape(j.ID), "INSIDE", "OUTSIDE"}}
	add := func(what, in, out string) {
		rows = append(rows, []string{what, diag.Escape(in), diag.Escape(out)})
	}
	row := func(what string, of func(f *registry.Facts) string) { add(what, of(inside), of(outside)) }
	add("program", j.Program, "-")
	row("user", func(f *registry.Facts) string { return fmt.Sprint(f.UID) })
	row("group", func(f *registry.Facts) string {
		return strings.Join(slices.Insert(slices.Clone(f.Groups), 0, fmt.Sprint(f.GID)), " ")
	})
	row("process id", func(f *registry.Facts) string { return fmt.Sprint(f.PID) })
	row("capabilities", func(f *registry.Facts) string { return capabilityText(f.Capabilities) })
	row("at most", func(f *registry.Facts) string { return capabilityText(f.Bounding) })
	row("new privileges", func(f *registry.Facts) string {
		if f.NoNewPrivs {
			return "never"
		}
		return "possible"
	})
	row("syscall filters", func(f *registry.Facts) string { return fmt.Sprint(f.Filters) })
	row("root directory", func(f *registry.Facts) string {
		access := "writable"
		if strings.HasPrefix(f.Root.Options+",", "ro,") {
			access = "read-only"
		}
		return fmt.Sprintf("%s, %s, %d mounts", f.Root.Type, access, f.Root.Mounts)
	})
	row("processes", func(f *registry.Facts) string { return processText(f.Processes) })
	row("interfaces", func(f *registry.Facts) string { return cmp.Or(strings.Join(f.Interfaces, " "), "none") })
	row("control group", func(f *registry.Facts) string { return cmp.Or(f.Cgroup, "none") })
	// These are printed also where both sides have the same.
	usual := []string{"core file size", "processes", "open files", "file size"}
	for i, l := range inside.Limits {
		if i < len(outside.Limits) && (l != outside.Limits[i] || slices.Contains(usual, l.Name)) {
			add(l.Name, l.Soft, outside.Limits[i].Soft)
		}
	}
	return output.Table(rows)
}

func capabilityText(set uint64) string {
	names := capabilityNames(set)
	switch {
	case len(names) == 0:
		return "none"
	case len(names) > caps.Last:
		return "all"
	case len(names) > 4:
		return fmt.Sprintf("%d of them", len(names))
	}
	return strings.Join(names, " ")
}

// processText is the number of processes, and which, where they are few.
func processText(processes []registry.Visible) string {
	out := fmt.Sprint(len(processes))
	if len(processes) == 0 || len(processes) > 6 {
		return out
	}
	which := make([]string, len(processes))
	for i, p := range processes {
		which[i] = fmt.Sprintf("%d %s", p.PID, p.Name)
	}
	return out + ": " + strings.Join(which, ", ")
}
