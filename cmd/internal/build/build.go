// Package build is what the two programs of an installed jail agree on: the small
// launcher, which users call, and the whole program, which it executes for everything
// but a launch that is kept in the cache. A program from plain `go build` is alone.
package build

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// id names the sources of a build, and is the same in both programs. The Makefile has
// the linker set it; it is "" in a program that is built alone.
var id string

// Whole is where the whole program is, from the directory of the launcher.
const Whole = "../libexec/jail/jail"

// variable is how the launcher says to the whole program who calls: the build, a colon
// and the launcher's path.
const variable = "JAIL_LAUNCHER"

// ErrOther is why a launcher of another build is refused.
var ErrOther = errors.New("bin/jail and libexec/jail/jail are of different builds")

// ErrItself is why a launcher executes nothing.
var ErrItself = errors.New("libexec/jail/jail is bin/jail itself")

// Programs are the absolute paths of jail's own files, the one that users call first.
// caller is the launcher that has executed this program, "" for none.
func Programs(caller string) []string {
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	if caller != "" {
		return []string{caller, self}
	}
	return []string{self}
}

// Caller returns the launcher that has executed this program, "" for none, and takes
// its mark out of the environment, which programs would inherit.
func Caller() (string, error) {
	mark, called := os.LookupEnv(variable)
	if !called {
		return "", nil
	}
	if err := os.Unsetenv(variable); err != nil {
		return "", err
	}
	of, path, _ := strings.Cut(mark, ":")
	if id == "" || of != id || !filepath.IsAbs(path) || !isSelf(filepath.Join(filepath.Dir(path), Whole)) {
		return "", ErrOther
	}
	return path, nil
}

// isSelf tells whether a path leads to the file of this program.
func isSelf(path string) bool {
	there, err := os.Stat(path)
	self, selfErr := os.Stat("/proc/self/exe")
	return err == nil && selfErr == nil && os.SameFile(there, self)
}

// Beside is the whole program that belongs to a launcher, and the environment to execute
// it with. A mark that was in the environment before is taken out of it: it could say
// that another file is jail's, and that one would be guarded in place of the launcher.
// The launcher's own mark is there only if it has executed itself.
func Beside(launcher string) (whole string, marked []string, err error) {
	mark := id + ":" + launcher
	if before, set := os.LookupEnv(variable); set {
		if before == mark {
			return "", nil, ErrItself
		}
		if err := os.Unsetenv(variable); err != nil {
			return "", nil, err
		}
	}
	whole = filepath.Join(filepath.Dir(launcher), Whole)
	return whole, append(os.Environ(), variable+"="+mark), nil
}
