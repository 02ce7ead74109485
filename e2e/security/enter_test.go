package security

import (
	"slices"
	"strings"
	"time"
)

// enter starts a jail of the row's profile and returns the command line that
// runs argv in it.
func (s *scene) enter(r *row, argv []string) []string {
	s.t.Helper()
	return append([]string{jailBin, "enter", s.running(s.start(r, jailed, probeBin, "sleep")...)}, argv...)
}

// running starts a jail beside and returns its ID.
func (s *scene) running(line ...string) string {
	s.t.Helper()
	files := s.files
	s.files = nil // what the caller of enter left open is looked for
	before := s.ids()
	s.beside(line...)
	s.files = files
	// The record of a jail is written while its program begins.
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		for _, id := range s.ids() {
			if !slices.Contains(before, id) {
				return id
			}
		}
		if time.Now().After(deadline) {
			s.t.Fatal("the jail is not among those that run")
		}
	}
}

// ids are those of the jails that run.
func (s *scene) ids() []string {
	s.t.Helper()
	return strings.Fields(s.quiet(jailBin, "ps", "--names"))
}

// quiet runs a command that is no part of what is tried.
func (s *scene) quiet(argv ...string) string {
	s.t.Helper()
	out, err := s.command(argv...).Output()
	if err != nil {
		s.t.Fatalf("%q: %v", argv, err)
	}
	return string(out)
}
