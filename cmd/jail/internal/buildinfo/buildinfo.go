// Package buildinfo tells which jail this is.
package buildinfo

import (
	"cmp"
	"runtime"
	"runtime/debug"
)

// Info is what version prints with --json.
type Info struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of the version control system
	Modified bool   `json:"modified"`           // built from a changed checkout
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Read asks the build information; the version is the one of a release, "" for none.
func Read(version string) Info {
	v := Info{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		v.Version = cmp.Or(version, info.Main.Version)
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				v.Revision = s.Value
			case "vcs.modified":
				v.Modified = s.Value == "true"
			}
		}
	}
	if v.Version == "" || v.Version == "(devel)" {
		v.Version = "development"
	}
	return v
}
