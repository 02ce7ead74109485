package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/jail-project/jail/changes"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
)

type changesGrammar struct {
	JSON bool `name:"json" help:"Print an array of objects: time, profile, program, directory, changes."`
}

func (g *changesGrammar) run(a *app, _ []string) int {
	h, err := host.Read(os.Environ(), a.programs...)
	if err != nil {
		return a.fail(err.Error(), "")
	}
	runs, err := changes.Read(h.Own.Changes())
	if err != nil {
		return a.fail("the record of changes can't be read: "+err.Error(), "")
	}
	if g.JSON {
		if runs == nil {
			runs = []changes.Run{}
		}
		return a.printJSON(runs)
	}
	var b strings.Builder
	for i := range runs {
		r := &runs[i]
		fmt.Fprintf(&b, "%s  %s, profile %s, in %s\n", r.Time.Local().Format("2006-01-02 15:04:05"),
			diag.Escape(r.Program), diag.Escape(r.Profile), diag.Quote(r.Dir))
		for _, c := range r.Changes {
			fmt.Fprintf(&b, "  %-8s %s\n", what(c), diag.Quote(c.Path))
			if c.To != "" {
				fmt.Fprintf(&b, "           is now %s\n", diag.Quote(c.To))
			}
		}
	}
	return a.print([]byte(b.String()))
}

func what(c changes.Change) string {
	switch {
	case c.To != "":
		return "taken"
	case c.New:
		return "new"
	}
	return "changed"
}
