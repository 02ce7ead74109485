package launcher

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
)

// Compile makes the plan of the launch. It first makes those of jail's own directories
// that the program could make, since a jail guards existing ones only.
func (l *Launch) Compile() (*compile.Compiled, diag.List) {
	c, problems := compile.Compile(l.Policy, l.Host, l.Command)
	if problems.HasErrors() {
		return c, problems
	}
	made, err := makeOwn(c.View.Unguarded(&l.Host.Own))
	if err != nil {
		return c, diag.List{{Code: "own-directory", Summary: "a directory that only jail may make can't be made: " + err.Error()}}
	}
	if made {
		return compile.Compile(l.Policy, l.Host, l.Command)
	}
	return c, problems
}

// makeOwn makes directories and tells whether it made one. It ignores errors: a program
// can't make a directory that the caller can't.
func makeOwn(dirs []string) (made bool, err error) {
	for _, dir := range dirs {
		switch err := os.MkdirAll(dir, 0o700); {
		case err == nil:
			made = true
		case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM), errors.Is(err, unix.EROFS):
		default:
			return made, err
		}
	}
	return made, nil
}
