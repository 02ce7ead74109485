package fstree

import (
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
)

// sharedKeeps refuses two overlays whose changes would be kept in the same place, and one
// over what another keeps: overlayfs does not say what becomes of a directory that it
// shares. Whether another jail uses one shows only when the overlay is mounted; see
// mounter.lockKept of package compile.
func (v *View) sharedKeeps() (problems diag.List) {
	var kept []*Grant
	for _, gr := range v.Grants {
		if gr.Kind == GrantOverlay && gr.Source != "" && v.decides(gr) {
			kept = append(kept, gr)
		}
	}
	for i, gr := range kept {
		for _, other := range kept[:i] {
			if host.Within(gr.Source, other.Source) || host.Within(other.Source, gr.Source) {
				problems = append(problems, refuseKeep(gr, other, "is to keep the changes of two directories"))
			}
		}
		for _, other := range kept {
			if host.Within(gr.Real, host.Join(other.Source, "upper")) || host.Within(gr.Real, host.Join(other.Source, "work")) {
				problems = append(problems, refuseKeep(gr, other, "holds, or is to hold, the changes of an overlay"))
			}
		}
	}
	return problems
}

func refuseKeep(gr, other *Grant, why string) diag.Diagnostic {
	d := diag.Diagnostic{
		Code: "keep-shared", Summary: diag.Quote(other.Rule.Keep) + " " + why, Subject: *gr.At,
		Remedy: "choose a directory for each overlay, outside of all that is overlaid",
	}
	if other != gr {
		d.Notes = []diag.Note{{Text: "the other one is this entry", At: *other.At}}
	}
	return d
}
