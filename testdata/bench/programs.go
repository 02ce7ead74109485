package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// copyPrograms copies what is run to where the account can execute it. A jail
// that was named with -jail stays where it is installed.
func (s *stage) copyPrograms(o *options) (err error) {
	for _, name := range []string{"floor", "peak", "flow"} {
		if err := copyFile(filepath.Join(o.bin, name), s.path(name), 0o755); err != nil {
			return err
		}
	}
	if o.jail != "" {
		s.program, err = filepath.Abs(o.jail)
	} else {
		s.program, err = copyJail(filepath.Join(o.bin, "jail"), s.path("jail"))
	}
	if err == nil && o.before != "" {
		s.earlier, err = copyJail(o.before, s.path("before"))
	}
	return err
}

// secondProgram is where the second program of a jail that consists of two
// lies, seen from the directory of the first.
const secondProgram = "../libexec/jail/jail"

// copyJail copies one jail, of one program or of two, below a directory and
// returns the path of the program to start.
func copyJail(from, below string) (string, error) {
	from, err := filepath.EvalSymlinks(from)
	if err != nil {
		return "", err
	}
	to := filepath.Join(below, "bin/jail")
	if err := copyProgram(from, to); err != nil {
		return "", err
	}
	second := filepath.Join(filepath.Dir(from), secondProgram)
	err = copyProgram(second, filepath.Join(filepath.Dir(to), secondProgram))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("second program: %w", err)
	}
	return to, nil
}

// copyProgram copies an executable file and makes the directories above it.
func copyProgram(from, to string) error {
	if _, err := os.Stat(from); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return copyFile(from, to, 0o755)
}

func copyFile(from, to string, mode os.FileMode) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, mode)
}
