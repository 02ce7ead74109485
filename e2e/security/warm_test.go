package security

import (
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// settled is how long a profile must have been as it is before a launch leaves
// a cache entry of it: a change in the same instant would go unnoticed.
const settled = 2100 * time.Millisecond

// prepareEntry writes the profile of a launch that is to leave a cache entry, and has
// jail make its directories: the older both are, the less is to be waited for.
func (s *scene) prepareEntry(r *row) {
	s.T.Helper()
	profile := s.profile(r.profile)
	if r.try == nil {
		_ = s.Command(testenv.JailBin, "run", "--profile", profile, testenv.ProbeBin).Run()
		s.written = time.Now()
	}
}

// cached takes care that a launch finds the cache entry of an earlier one: it
// launches the same program, without its arguments, which are the last of the
// line. The cache entry does not hold those.
func (s *scene) cached(line []string, arguments int) []string {
	s.T.Helper()
	s.fromEntries()
	time.Sleep(time.Until(s.written.Add(settled)))
	before := len(s.entries)
	// The first launch of all makes directories, and so may leave none.
	for range 2 {
		cmd := s.command(slices.Concat(s.through, line[:len(line)-arguments+1])...)
		cmd.ExtraFiles = nil
		_ = cmd.Run() // without arguments it complains
		if s.entries = s.kept(); len(s.entries) > 0 {
			break
		}
		time.Sleep(settled)
	}
	if len(s.entries) == 0 || len(s.entries) < before {
		s.T.Errorf("%q left no cache entry, so the next launch is not from one", line)
	}
	return line
}

// kept lists the cache entries of launches, each with when it was written.
func (s *scene) kept() map[string]time.Time {
	s.T.Helper()
	found, err := filepath.Glob(s.Home + "/.cache/jail/launch/*.launch")
	if err != nil {
		s.T.Fatal(err)
	}
	all := map[string]time.Time{}
	for _, name := range found {
		if info, err := os.Lstat(name); err == nil && info.Mode().IsRegular() {
			all[name] = info.ModTime()
		}
	}
	return all
}

// fromEntries expects that all launches since the last call of cached were from
// cache entries: any other launch writes one.
func (s *scene) fromEntries() {
	s.T.Helper()
	if s.entries == nil {
		return
	}
	for name, written := range s.kept() {
		if was, ok := s.entries[name]; !ok || !was.Equal(written) {
			s.T.Errorf("a launch was not from a cache entry: it wrote %s", filepath.Base(name))
		}
	}
}
