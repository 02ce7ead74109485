package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the linker for releases; else the build information says
// what this is.
var version string

type versionGrammar struct {
	JSON bool `name:"json" help:"Print an object: version, revision, modified, go, platform."`
}

// versionInfo is what version prints with --json.
type versionInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of the version control system
	Modified bool   `json:"modified"`           // built from a changed checkout
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func versionVerb(a *app, args []string) int {
	var g versionGrammar
	if status, ok := a.parse("version", "Print the version.", &g, args); !ok {
		return status
	}
	v := readVersion()
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

func readVersion() versionInfo {
	v := versionInfo{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	if v.Version == "" {
		v.Version = info.Main.Version
	}
	if v.Version == "" || v.Version == "(devel)" {
		v.Version = "development"
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}
