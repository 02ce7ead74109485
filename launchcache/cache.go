package launchcache

import (
	"errors"
	"path"
	"time"

	"github.com/jail-project/jail/policy/codec"
	"github.com/jail-project/jail/seccomp"
	"github.com/jail-project/jail/store"
)

// settled is how much older than the launch a change must be. Two changes
// within one tick of the kernel's clock, or of a file system that counts two
// seconds as one, look like one.
const settled = 2 * time.Second

// errUnsettled is why a launch is not kept.
var errUnsettled = errors.New("something that it depends on was changed a moment ago")

// Dir is the directory of the entries in jail's directory in the user's cache.
func Dir(cache string) string { return path.Join(cache, "launch") }

// Find returns what was kept for a request. The error says why there is
// nothing that can be used; it is for tests, a user is not interested.
func Find(dir string, r *Request) (*Launch, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	d, err := store.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	k := r.Key()
	file, err := d.Read(k.String()+suffix, maxEntry)
	if err != nil {
		return nil, err
	}
	kept, err := decode(k, file)
	if err != nil {
		return nil, err
	}
	for i := range kept.stamps {
		if err := kept.stamps[i].fresh(r.UID); err != nil {
			return nil, err
		}
	}
	l := &Launch{}
	if l.Policy, err = codec.Decode(kept.policy); err != nil {
		return nil, err
	}
	if len(kept.program) > 0 {
		l.Program = seccomp.Program(kept.program)
		err = l.Program.Check()
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Add keeps a launch: what was loaded for a request, from these inputs, by
// reading that started at began. The directory is made when it is missing. The
// error says why the launch is not kept; it is for tests, a user is not
// interested.
func Add(dir string, r *Request, l *Launch, in *Inputs, began time.Time) error {
	if err := r.check(); err != nil {
		return err
	}
	if in.unclear {
		return errChanged
	}
	kept := entry{policy: codec.Encode(l.Policy), program: l.Program}
	for _, binary := range r.Binaries {
		in.Add(Program, binary)
	}
	latest := began.Add(-settled).UnixNano()
	for _, i := range in.list {
		// A file that changed shortly before it was read could have changed again
		// without a new time stamp.
		s, err := stampOf(r.UID, i.Kind, i.Path)
		if err != nil {
			return err
		}
		if s.Kind.compared() && s.Ctime > latest {
			return errUnsettled
		}
		kept.stamps = append(kept.stamps, s)
	}
	d, err := store.Make(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	k := r.Key()
	if err := d.Write(k.String()+suffix, kept.encode(k)); err != nil {
		return err
	}
	d.Prune(suffix, keep)
	return nil
}

// check refuses a request that says too little to be told from others.
func (r *Request) check() error {
	if len(r.Line) < 2 || len(r.Binaries) == 0 {
		return errors.New("not the request of a launch")
	}
	return nil
}
