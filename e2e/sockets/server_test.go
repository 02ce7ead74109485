package sockets

import (
	"slices"

	"github.com/jail-project/jail/internal/testenv"
)

// unguarded is the flag of the third variant.
const unguarded = "sockets=*"

// reaches runs an act of the probe in three variants: on the host and with the
// guard switched off the server counts one, in the jail none. The guarded variant
// has the flags of the jail, the third variant in addition further ones.
func reaches(w *testenv.World, s *testenv.Server, flags, further, act []string) {
	w.T.Helper()
	for _, variant := range []struct {
		name   string
		before []string
		want   int64
	}{
		{"on the host", nil, 1},
		{"in the jail", slices.Concat([]string{testenv.JailBin, "run", "--read", testenv.BinDir}, flags), 0},
		{"unguarded", slices.Concat([]string{testenv.JailBin, "run", "--read", testenv.BinDir, "--set", unguarded}, flags, further), 1},
	} {
		r := w.Host(slices.Concat(variant.before, []string{testenv.ProbeBin}, act)...)
		if got := s.Arrived(); got != variant.want || (r.Status == 0) != (variant.want == 1) || r.Status == 125 {
			w.T.Errorf("%s, %q: the server counts %d, want %d; exit status %d\n%s", variant.name, act, got, variant.want, r.Status, r.Output())
		}
	}
}
