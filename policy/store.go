package policy

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/kind"
	"github.com/jail-project/jail/policy/node"
)

// Dir is one directory that holds profiles, NAME.yaml, and drop-ins,
// NAME.d/*.yaml.
type Dir struct {
	// Path is the absolute path of the directory, from which
	// ${PROFILE_DIR} and the file names in messages are made.
	Path string
	FS   fs.FS
	// Trusted decides whether what was opened may be used: nobody but root
	// and the user must be able to write it. It is asked about the
	// directory itself (name "."), about directories of drop-ins, and
	// about every file, with the information of the opened file, so that
	// the file that was judged is the file that is read. The error says
	// why not, and by a method Remedy what to do; FS.Open may return such an
	// error as well, about the way to a file. A nil Trusted trusts everything.
	Trusted func(name string, info fs.FileInfo) error
	// Embedded marks the pack inside the binary, which has no directory.
	Embedded bool
}

// Store is where profiles are found. It is only read.
type Store struct {
	Dirs []Dir // the search path, strongest first
	Root Dir   // "/": for profiles that are named by their path

	// Parse makes nodes of the text of a profile; file is what diagnostics
	// call it. The node is nil when the text says nothing or the list has
	// errors. See package policy/yaml: it is handed in, so that what only
	// uses policies does not carry a parser.
	Parse func(file string, text []byte) (*node.Node, diag.List)

	// Saw is told, if it is not nil, what the outcome depends on: as long as
	// all of it is as it was, and the Request too, Load and ForProgram
	// return the same again. An input may come more than once.
	Saw func(Input)
}

// profileFile is a file of a Dir.
type profileFile struct {
	dir  *Dir
	name string // in dir.FS
	as   string // how messages call it, when not by its path
}

// profile returns the base name without its suffix.
func (f profileFile) profile() string {
	return strings.TrimSuffix(path.Base(f.name), ".yaml")
}

// shown is the name of the file in messages, and in diag.Sources.
func (f profileFile) shown() string {
	switch {
	case f.as != "":
		return f.as
	case f.dir.Embedded:
		return "embedded:" + f.name
	}
	return path.Join(f.dir.Path, f.name)
}

// directory is the value of ${PROFILE_DIR}.
func (f profileFile) directory() string {
	if f.dir.Embedded {
		return ""
	}
	return path.Join(f.dir.Path, path.Dir(f.name))
}

// errUntrusted marks a file that exists and must not be used.
type errUntrusted struct{ reason error }

func (e errUntrusted) Error() string { return e.reason.Error() }

// untrusted is the reason in which an error says that something must not be used, with what
// the user can do about it.
type untrusted interface {
	error
	Remedy() string
}

// trusted asks about a directory of d.
func (s *Store) trusted(d *Dir, name string) error {
	if d.Trusted == nil {
		return nil
	}
	s.saw(InputJudged, d, name)
	info, err := fs.Stat(d.FS, name)
	if err != nil {
		return err
	}
	if err := d.Trusted(name, info); err != nil {
		return errUntrusted{err}
	}
	return nil
}

// exists reports whether d holds a file or directory of that name.
func (s *Store) exists(d *Dir, name string) bool {
	_, err := fs.Stat(d.FS, name)
	if errors.Is(err, fs.ErrNotExist) {
		s.saw(InputAbsent, d, name)
		return false
	}
	return true
}

// read returns the text of a profile. A file larger than any profile comes
// back cut one byte beyond the limit, which the scanner refuses.
func (s *Store) read(f profileFile) ([]byte, error) {
	s.saw(InputRead, f.dir, f.name)
	// A pipe or device must not be opened: that alone can block.
	info, err := fs.Stat(f.dir.FS, f.name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	file, err := f.dir.FS.Open(f.name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	if info, err = file.Stat(); err != nil {
		return nil, err
	}
	if f.dir.Trusted != nil {
		if err := f.dir.Trusted(f.name, info); err != nil {
			return nil, errUntrusted{err}
		}
	}
	return io.ReadAll(io.LimitReader(file, node.MaxFileSize+1))
}

// readError explains why a profile could not be used.
func readError(f profileFile, err error, at diag.Range) diag.Diagnostic {
	return unreadable("profile", f.shown(), err, at)
}

// unreadable explains why a file could not be used; what says what it should be.
func unreadable(what, shown string, err error, at diag.Range) diag.Diagnostic {
	// The path is in the summary once; a PathError would repeat it.
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathError.Err
	}
	d := diag.Diagnostic{Code: "unreadable", Summary: "cannot read " + diag.Escape(shown) + ": " + diag.Escape(err.Error()), Subject: at}
	if marked, ok := errors.AsType[errUntrusted](err); ok {
		err = marked.reason
		d.Code, d.Remedy = "untrusted", "let only yourself or root write it and its directory"
	}
	if reason, ok := errors.AsType[untrusted](err); ok {
		d.Code, d.Remedy = "untrusted", reason.Remedy()
	}
	if d.Code == "untrusted" {
		d.Summary = "the " + what + " " + diag.Escape(shown) + " is not trusted: " + diag.Escape(err.Error())
		d.Remedy = "a " + what + " decides what a jail grants: " + d.Remedy
	}
	return d
}

// search finds a profile by name: the first directory that holds it wins,
// and is refused when it is not trusted, lest a weaker profile takes its
// place unnoticed.
func (s *Store) search(name string) (profileFile, bool) {
	for i := range s.Dirs {
		if d := &s.Dirs[i]; s.exists(d, name+".yaml") {
			s.saw(InputRead, d, name+".yaml")
			return profileFile{dir: d, name: name + ".yaml"}, true
		}
	}
	return profileFile{}, false
}

// names lists the profiles of the search path, sorted, each once.
func (s *Store) names() []string {
	var names []string
	for i := range s.Dirs {
		for _, name := range s.yamlFiles(&s.Dirs[i], ".") {
			names = append(names, strings.TrimSuffix(name, ".yaml"))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// yamlFiles lists the files of profiles or drop-ins in a directory of d, sorted.
func (s *Store) yamlFiles(d *Dir, dir string) []string {
	entries, err := fs.ReadDir(d.FS, dir)
	if err != nil {
		s.sawNot(err, d, dir)
		return nil
	}
	s.saw(InputListed, d, dir)
	var names []string
	for _, e := range entries {
		base, ok := strings.CutSuffix(e.Name(), ".yaml")
		if ok && !e.IsDir() && kind.IsName(base) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names
}

// unknownProfile reports a name that no directory holds.
func (s *Store) unknownProfile(name string, at diag.Range) diag.Diagnostic {
	d := diag.Unknown("profile", name, s.names()).Diagnostic(at)
	d.Remedy = "`jail list` names those there are; a file has a / or ends in .yaml"
	for i := range s.Dirs {
		if !s.Dirs[i].Embedded {
			d.Notes = append(d.Notes, diag.Note{Text: "searched " + s.Dirs[i].Path})
		}
	}
	return d
}
