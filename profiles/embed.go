// Package profiles is the pack that jail ships: bases to extend, and the
// profiles of programs on top of them. It holds no code; the files are the
// last place in which a profile is looked for.
package profiles

import "embed"

// FS holds the pack, one NAME.yaml a profile.
//
//go:embed *.yaml
var FS embed.FS
