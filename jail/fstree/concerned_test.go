package fstree_test

import (
	"slices"
	"testing"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/jailtest"
)

// TestGuardsWhereSomethingCanChange makes views of profiles that let the program change
// something in or around a start-up file, or elsewhere, and looks which files they guard.
func TestGuardsWhereSomethingCanChange(t *testing.T) {
	const bashrc, autostart, linked = "/home/ann/.bashrc", "/home/ann/.config/autostart", "/home/ann/src/profile"
	for _, c := range []struct {
		grants  string
		guarded []string
	}{
		{"{read: [~/], write: [/srv/docs]}", nil},
		{"{read: [~/], write: [~/src]}", []string{linked}},
		{"{write: [~/]}", []string{bashrc, autostart, linked}},
		{"{overlay: [{path: ~/}]}", nil}, // nothing is written to the home
		{"{overlay: [{path: ~/}], write: [/srv/docs]}", []string{bashrc, autostart, linked}},
		{"{write: ['~/.config/*/*']}", []string{autostart}},
	} {
		p, _ := jailtest.LoadPolicy(t, "filesystem: "+c.grants)
		h := jailtest.Desktop()
		files := h.Files.(jailtest.Files)
		files["/home/ann/.config/autostart/x.desktop"] = "-"
		files["/home/ann/.profile"], files[linked] = linked, "-"
		var problems diag.List
		v := fstree.New(p, h, "true", &problems)
		if problems.HasErrors() {
			t.Fatalf("%s: %v", c.grants, problems)
		}
		for _, path := range []string{bashrc, autostart, linked} {
			is := slices.ContainsFunc(v.Grants, func(gr *fstree.Grant) bool { return gr.Kind == fstree.GrantGuard && gr.Real == path })
			if want := slices.Contains(c.guarded, path); is != want {
				t.Errorf("%s: %s is guarded: %v, want %v", c.grants, path, is, want)
			}
		}
		if slices.ContainsFunc(v.Grants, func(gr *fstree.Grant) bool { return gr.Kind == fstree.GrantWrite && gr.Real == autostart+"/x.desktop" }) {
			t.Errorf("%s: a pattern grants what lies in a start-up directory", c.grants)
		}
	}
}
