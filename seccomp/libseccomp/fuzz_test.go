//go:build cgo

package libseccomp

import (
	"math/rand/v2"
	"testing"

	"github.com/jail-project/jail/seccomp"
)

// FuzzCompile runs compiled filters against the definition, as
// TestRandomFilters does, on seeds that the fuzzer thinks of.
func FuzzCompile(f *testing.F) {
	f.Add(uint64(1), uint64(1))
	f.Fuzz(func(t *testing.T, seed, calls uint64) {
		filter := randomFilter(rand.New(rand.NewPCG(seed, 1)))
		program, err := Compile(filter)
		if err != nil {
			return // too long, or rules that exclude each other
		}
		m := load(t, program)
		entries := seccomp.Expand(filter)
		r := rand.New(rand.NewPCG(calls, 2))
		for range 50 {
			agree(t, filter, m, randomCall(r, entries))
		}
	})
}
