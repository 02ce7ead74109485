// Package profiles is the pack that jail ships: bases to extend, and the
// profiles of programs on top of them. It holds no code; the files are the
// last place in which a profile is looked for.
package profiles

import "embed"

// FS holds the pack, one NAME.yaml a profile.
//
//go:embed *.yaml
var FS embed.FS

// Filters holds the compiled syscall filters of the pack, below filters; see
// seccomp.Cache.Shipped. `make generate` writes them, and a test says when they
// are not those of the profiles any more.
//
//go:embed filters
var Filters embed.FS
