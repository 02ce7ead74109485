package main

import (
	"bytes"
	"fmt"

	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/diag"
)

type doctorGrammar struct {
	JSON bool `name:"json" help:"Print an array of objects: name, state, needed, detail, remedy."`
}

// finding is one thing that doctor looked at.
type finding struct {
	Name   string      `json:"name"`
	State  state       `json:"state"`
	Needed bool        `json:"needed"` // no jail starts without it
	Detail output.Text `json:"detail"`
	Remedy output.Text `json:"remedy"` // what to do about it; "" when nothing is to be done
}

// state says how a finding is.
type state string

const (
	stateOK      state = "ok"
	stateMissing state = "missing" // this machine does not have it
	stateOff     state = "off"     // it is there and not to be used as things are
)

// doctorVerb exits with 1 when jails can't start here.
func doctorVerb(a *app, args []string) int {
	var g doctorGrammar
	if status, ok := a.parse("doctor", "Examine whether jails can start on this host, and what would be missing in them.", &g, args); !ok {
		return status
	}
	s, status := a.open(nil, false)
	if s == nil {
		return status
	}
	d := doctor{app: a, session: s}
	findings := d.examine()
	if g.JSON {
		status = a.printJSON(findings)
	} else {
		status = a.print(findingsText(findings))
	}
	for i := range findings {
		if findings[i].Needed && findings[i].State != stateOK && status == 0 {
			status = 1
		}
	}
	return status
}

// doctor examines the host.
type doctor struct {
	*app
	*session
}

// examine looks at what every jail needs first, then at what some profiles
// ask for.
func (d *doctor) examine() []finding {
	findings := []finding{kernelVersion(), d.jails()}
	findings = append(findings, namespaceKinds()...)
	findings = append(findings, sysctls(d.Host.UID, d.Host.Own.Binary)...)
	findings = append(append(findings, seccompActions()), d.filters()...)
	findings = append(findings,
		appArmor(), landlockState(&d.Host.Kernel), d.overlay(), d.detachedTrees(), d.keyrings(), d.groups(), d.cgroups(), d.serviceManager(), d.records())
	findings = append(findings, d.standIns())
	return append(findings, helperPrograms(d.Host.Files)...)
}

func findingsText(findings []finding) []byte {
	width := 0
	for i := range findings {
		width = max(width, len(findings[i].Name))
	}
	var b bytes.Buffer
	for i := range findings {
		f := &findings[i]
		fmt.Fprintf(&b, "%-7s  %-*s  %s\n", f.State, width, f.Name, diag.Escape(string(f.Detail)))
		if f.Remedy != "" {
			fmt.Fprintf(&b, "%-7s    help: %s\n", "", diag.Escape(string(f.Remedy)))
		}
	}
	return b.Bytes()
}
