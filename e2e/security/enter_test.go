package security

import (
	"slices"
	"strings"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// enter starts a jail of the row's profile and returns the command line that
// runs argv in it.
func (s *scene) enter(r *row, argv []string) []string {
	s.T.Helper()
	return append([]string{testenv.JailBin, "enter", s.running(s.start(r, jailed, testenv.ProbeBin, "sleep")...)}, argv...)
}

// running starts a jail beside and returns its ID.
func (s *scene) running(line ...string) string {
	s.T.Helper()
	files := s.files
	s.files = nil // what the caller of enter left open is looked for
	before := s.ids()
	s.beside(line...)
	s.files = files
	// The registration of a jail is written while its program begins.
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		for _, id := range s.ids() {
			if !slices.Contains(before, id) {
				return id
			}
		}
		if time.Now().After(deadline) {
			s.T.Fatal("the jail is not among those that run")
		}
	}
}

// ids are those of the jails that run.
func (s *scene) ids() []string {
	s.T.Helper()
	return strings.Fields(s.quiet(testenv.JailBin, "ps", "--names"))
}

// quiet runs a command that is no part of what is tried.
func (s *scene) quiet(argv ...string) string {
	s.T.Helper()
	out, err := s.command(argv...).Output()
	if err != nil {
		s.T.Fatalf("%q: %v", argv, err)
	}
	return string(out)
}
