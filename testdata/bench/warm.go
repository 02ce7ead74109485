package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// warmUps is how often each side runs at least before the clock counts: caches
// fill, the page cache holds both programs. It is how many launches jail keeps
// something of.
const warmUps = 3

// mostWarmUps is after how many launches jail must have kept what it keeps.
const mostWarmUps = 8

// warm launches a command until launching it leaves jail's cache as it is. For
// jail it reports whether anything was kept: nothing is when an input was
// changed within the last two seconds.
func (s *stage) warm(command []string, least int) (bool, error) {
	isJail := command[0] == s.program || command[0] == s.earlier
	first, err := s.kept()
	if err == nil {
		err = s.tryOnce(command)
	}
	settled, before := false, first
	for i := 0; err == nil && (i < least || isJail && !settled && i < mostWarmUps); i++ {
		if _, err = s.launch(command, 1, 1); err != nil {
			break
		}
		var after string
		after, err = s.kept()
		settled = after == before && after != first
		before = after
	}
	return settled || !isJail, err
}

// kept describes the files in which jail keeps launches: other text when one
// was written again.
func (s *stage) kept() (string, error) {
	var b strings.Builder
	err := filepath.WalkDir(s.path("cache/jail/launch"), func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			fmt.Fprintln(&b, path, info.Size(), info.ModTime().UnixNano())
		}
		return err
	})
	return b.String(), err
}

// forget empties jail's cache: the next launch is a first one.
func (s *stage) forget() error { return os.RemoveAll(s.path("cache/jail")) }
