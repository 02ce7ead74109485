// Package planprint prints a plan, step by step, for people and as JSON.
package planprint

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/landlock"
)

// Text is a line for each step: its number, the syscall, the profile line
// that asked for it, and what it is for.
func Text(p *plan.Plan) []byte {
	var b bytes.Buffer
	index := 0
	phase := func(title string, ops []plan.Op) {
		if len(ops) == 0 {
			return
		}
		b.WriteString(title + "\n")
		for i := range ops {
			b.WriteString(diag.Escape(stepLine(index, &ops[i])) + "\n")
			index++
		}
		b.WriteString("\n")
	}
	phase("Setup: the jail's init", p.Setup)
	phase("Init: the same process, before it waits for the others", p.Init)
	phase("Program: the process of the program", p.Program)
	if p.Path == "" {
		b.WriteString("The plan ends here: no program was named.\n\n")
	}
	b.WriteString("Namespaces: " + strings.Join(namespaceNames(p), " ") + "\n" + attachLine(p) + groupsLine(p) + landlockLine(p))
	return b.Bytes()
}

// attachLine is the command that connects the jail's network, or the network namespace
// that the jail joins.
func attachLine(p *plan.Plan) string {
	if p.Join.Path != "" {
		return "Network: the namespace " + diag.Quote(p.Join.Path) + "\n"
	}
	if p.Attach.Program == "" {
		return ""
	}
	return diag.Escape("Network: connected by " + p.Attach.Program + " " + strings.Join(p.Attach.Args, " ") + " PID-OF-THE-INIT\n")
}

func stepLine(index int, op *plan.Op) string {
	line := fmt.Sprintf("%4d  %-64s  # ", index, op.String())
	if op.At != nil && !op.At.IsZero() {
		line += op.At.String() + " "
	}
	return line + strings.TrimSpace(op.Verb+" "+op.Subject)
}

// namespaceNames lists the namespaces of a plan's own, as in namespaces(7).
func namespaceNames(p *plan.Plan) []string {
	var names []string
	for _, n := range [...]struct {
		flag uintptr
		name string
	}{
		{unix.CLONE_NEWUSER, "user"},
		{unix.CLONE_NEWNS, "mount"},
		{unix.CLONE_NEWPID, "pid"},
		{unix.CLONE_NEWIPC, "ipc"},
		{unix.CLONE_NEWUTS, "uts"},
		{unix.CLONE_NEWCGROUP, "cgroup"},
		{unix.CLONE_NEWNET, "network"},
	} {
		if p.Namespaces&n.flag != 0 {
			names = append(names, n.name)
		}
	}
	for i := range p.Setup {
		if op := &p.Setup[i]; op.Number == unix.SYS_UNSHARE && op.Args[0].Num == unix.CLONE_NEWTIME {
			names = append(names, "time")
		}
	}
	return names
}

// groupsLine says which supplementary groups count in a jail.
func groupsLine(p *plan.Plan) string {
	if len(p.KeptGroups) == 0 {
		return ""
	}
	return "Supplementary groups that still count below granted directories: " + output.Numbers(p.KeptGroups) + "\n"
}

// landlockLine is the line of plan about Landlock.
func landlockLine(p *plan.Plan) string {
	if p.Landlock == 0 {
		return "Landlock: not in use\n"
	}
	var b strings.Builder
	b.WriteString("Landlock: version " + strconv.Itoa(p.Landlock) + "\n")
	for _, l := range landlock.ABI(p.Landlock).Summary() {
		b.WriteString("  without " + l.String() + "\n")
	}
	return b.String()
}
