// Package doctor examines whether jails can start on this host, and what would be missing
// in them.
package doctor

import (
	"bytes"
	"fmt"

	"github.com/jail-project/jail/cgroup"
	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/cmd/jail/internal/search"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/registry"
)

// Finding is one thing that doctor looked at.
type Finding struct {
	Name   string      `json:"name"`
	State  State       `json:"state"`
	Needed bool        `json:"needed"` // no jail starts without it
	Detail output.Text `json:"detail"`
	Remedy output.Text `json:"remedy"` // what to do about it; "" when nothing is to be done
}

// State says how a finding is.
type State string

// The states.
const (
	OK      State = "ok"
	Missing State = "missing" // this machine does not have it
	Off     State = "off"     // it is there and not to be used as things are
)

// Doctor examines the host.
type Doctor struct {
	search.Finder
	CommandLine   string         // for messages
	Registrations registry.Place // of running jails
	// Manager is the version of the user's service manager, if it has these
	// controllers to give.
	Manager func(tree cgroup.Tree, controllers []string) (string, error)
	// GroupRemedy says what to do when no control group is to be had.
	GroupRemedy func(error) string
}

// Examine looks at what every jail needs first, then at what some profiles
// ask for.
func (d *Doctor) Examine() []Finding {
	findings := []Finding{kernelVersion(), d.jails()}
	findings = append(findings, namespaceKinds()...)
	findings = append(findings, sysctls(d.Host.UID, d.Host.Own.Program())...)
	findings = append(append(findings, seccompActions()), d.filters()...)
	findings = append(findings,
		appArmor(), landlockState(&d.Host.Kernel), d.overlay(), d.detachedTrees(), d.keyrings(), d.groups(), d.display(), d.ownServers(), d.compositor(), d.cgroups(), d.serviceManager(), d.registrations())
	return append(findings, helperPrograms(d.Host.Files)...)
}

// Text is a line for each finding, and one with what to do about it.
func Text(findings []Finding) []byte {
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
