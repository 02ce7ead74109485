package launchcache

import (
	"errors"
	"fmt"
	"path"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/trust"
)

// Kind says what of an input counts, and so what is compared.
type Kind uint8

// The kinds of inputs. All but the last two follow symbolic links.
const (
	// Read is a file of which the contents counted, and that it is trusted.
	Read Kind = iota
	// Absent is a name that nothing had.
	Absent
	// Listed is a directory of which the names in it counted.
	Listed
	// Judged is a directory of profiles, which must be trusted together with the
	// directories on the way. Its content does not count.
	Judged
	// Program is a file of jail's own.
	Program
	// Present and Missing are names of the command line, of which counted
	// whether anything has them, a link to nothing included.
	Present
	Missing
	lastKind = Missing
)

// compared reports whether what stat(2) says is compared; for other kinds it
// is a verdict.
func (k Kind) compared() bool { return k == Read || k == Listed || k == Program }

// Input is something on which a policy depended.
type Input struct {
	Kind Kind
	Path string // absolute
}

// Inputs collects the inputs of a launch, each once.
type Inputs struct {
	list    []Input
	seen    map[Input]bool
	unclear bool
}

// Add takes an input.
func (in *Inputs) Add(kind Kind, name string) {
	i := Input{kind, name}
	if in.seen[i] {
		return
	}
	if in.seen == nil {
		in.seen = map[Input]bool{}
	}
	in.seen[i] = true
	in.list = append(in.list, i)
}

// Unclear says that there was an input of which no stamp can be made: the
// launch will not be kept.
func (in *Inputs) Unclear() { in.unclear = true }

// Saw takes an input of package policy; it is meant for Store.Saw.
func (in *Inputs) Saw(i policy.Input) {
	switch i.Kind {
	case policy.InputRead:
		in.Add(Read, i.Path)
	case policy.InputAbsent:
		in.Add(Absent, missingPart(i.Path))
	case policy.InputListed:
		in.Add(Listed, i.Path)
	case policy.InputJudged:
		in.Add(Judged, i.Path)
	default:
		in.Unclear()
	}
}

// missingPart is the first element of a path that is not there: while it is
// not, nothing below it is either. So many profiles that a directory could
// hold make one input.
func missingPart(name string) string {
	for {
		var stat unix.Stat_t
		up := path.Dir(name)
		if up == name || !errors.Is(unix.Stat(up, &stat), unix.ENOENT) {
			return name
		}
		name = up
	}
}

// Stamp is an input with what stat(2) says about it. For kinds that compare
// nothing but a verdict the rest is zero.
type Stamp struct {
	Kind
	Path           string
	Dev, Ino       uint64
	Size           int64
	Mode, UID, GID uint32
	Mtime, Ctime   int64 // nanoseconds since 1970
}

// errChanged is why a cache entry is not used.
var errChanged = errors.New("something that it depends on was changed")

// stampOf examines an input. The error says that it is no longer what it was,
// for a kind of which nothing is compared, or that the user must not trust it.
func stampOf(uid int, kind Kind, name string) (Stamp, error) {
	s := Stamp{Kind: kind, Path: name}
	var stat unix.Stat_t
	var err error
	if kind == Present || kind == Missing {
		err = unix.Lstat(name, &stat)
	} else {
		err = unix.Stat(name, &stat)
	}
	switch kind {
	case Absent:
		return s, expect(errors.Is(err, unix.ENOENT))
	case Missing:
		return s, expect(err != nil)
	case Present:
		return s, expect(err == nil)
	}
	if err != nil {
		return s, fmt.Errorf("examine %q: %w", name, err)
	}
	if kind != Program && kind != Listed {
		if err := trust.File(uid, name, &stat); err != nil {
			return s, err
		}
	}
	if kind == Judged {
		return s, trust.Way(uid, name)
	}
	s.Dev, s.Ino, s.Size = stat.Dev, stat.Ino, stat.Size
	s.Mode, s.UID, s.GID = stat.Mode, stat.Uid, stat.Gid
	s.Mtime, s.Ctime = stat.Mtim.Nano(), stat.Ctim.Nano()
	return s, nil
}

func expect(same bool) error {
	if !same {
		return errChanged
	}
	return nil
}

// fresh examines the input again, and tells whether it is what it was.
func (s *Stamp) fresh(uid int) error {
	now, err := stampOf(uid, s.Kind, s.Path)
	if err != nil {
		return err
	}
	return expect(now == *s)
}
