package compile

import (
	"github.com/jail-project/jail/jail/plan"
)

// free plans what the launcher does about names in which the program must not make
// anything, and about files of which it says at the end that they have changed.
func (k *compiler) free() {
	p := k.plan
	now, after := k.view.Free()
	for _, n := range now {
		p.Free = append(p.Free, plan.FreeName(n))
	}
	for _, n := range after {
		p.FreeAfter = append(p.FreeAfter, plan.FreeName(n))
	}
	p.Reported = k.view.Reported()
	p.Quarantine, p.Changes = k.h.Own.Quarantine(), k.h.Own.Changes()
}
