package policy

import (
	"errors"
	"io/fs"
	"path"
)

// Input is a file or directory of the host that decided about what Load or
// ForProgram returned. What is inside the binary is no input.
type Input struct {
	Kind InputKind
	Path string // absolute
}

// InputKind says what of an input counted.
type InputKind int

// The kinds of inputs. Symbolic links are followed in all of them.
const (
	InputRead    InputKind = iota // a file: its contents, and that it is trusted
	InputAbsent                   // nothing has this name
	InputListed                   // a directory: the names in it
	InputJudged                   // a directory: that Dir.Trusted trusts it
	InputUnclear                  // something that could not be examined, and was passed over
)

// saw reports an input; name is one in d.
func (s *Store) saw(kind InputKind, d *Dir, name string) {
	if s.Saw != nil && !d.Embedded {
		s.Saw(Input{kind, path.Join(d.Path, name)})
	}
}

// sawNot reports a name that was passed over because of err, nil for a
// file of the wrong type.
func (s *Store) sawNot(err error, d *Dir, name string) {
	kind := InputUnclear
	if errors.Is(err, fs.ErrNotExist) {
		kind = InputAbsent
	}
	s.saw(kind, d, name)
}
