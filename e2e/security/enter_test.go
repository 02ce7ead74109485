package security

import (
	"strings"
	"time"
)

// enter starts a jail of the row's profile and returns the command line that
// runs argv in it.
func (s *scene) enter(r *row, argv []string) []string {
	s.t.Helper()
	files := s.files
	s.files = nil // what the caller of enter left open is looked for
	s.beside(s.start(r, jailed, probeBin, "sleep")...)
	s.files = files
	// The record of a jail is written while its program begins.
	var ids []string
	for deadline := time.Now().Add(patience); len(ids) == 0; time.Sleep(5 * time.Millisecond) {
		if ids = strings.Fields(s.quiet(jailBin, "ps", "--names")); time.Now().After(deadline) {
			s.t.Fatal("the jail is not among those that run")
		}
	}
	return append([]string{jailBin, "enter", ids[0]}, argv...)
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
