package main

import (
	"encoding/json"
	"fmt"

	"github.com/jail-project/jail/cmd/jail/internal/buildinfo"
)

// version is set by the linker for releases; else the build information says
// what this is.
var version string

type versionGrammar struct {
	JSON bool `name:"json" help:"Print an object: version, revision, modified, go, platform."`
}

func (g *versionGrammar) run(a *app, args []string) int {
	v := buildinfo.Read(version)
	if g.JSON {
		text, err := json.Marshal(v)
		if err != nil {
			return a.fail(err.Error(), "")
		}
		fmt.Fprintf(a.out, "%s\n", text)
		return 0
	}
	fmt.Fprintf(a.out, "jail %s", v.Version)
	if v.Revision != "" {
		fmt.Fprintf(a.out, " (%.12s", v.Revision)
		if v.Modified {
			fmt.Fprint(a.out, ", changed")
		}
		fmt.Fprint(a.out, ")")
	}
	fmt.Fprintf(a.out, " %s %s\n", v.Platform, v.Go)
	return 0
}
