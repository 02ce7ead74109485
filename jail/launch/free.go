package launch

import (
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/watch"
)

// newName is the signal by which the kernel says that a name was made in a watched
// directory: see package watch.
const newName = syscall.SIGIO

// free is what keeps names free; nil for no names.
type free struct{ now, after *watch.Watcher }

// keepFree begins to watch the names of a plan. It is called before the child begins.
func keepFree(p *plan.Plan) (*free, error) {
	if len(p.Free)+len(p.FreeAfter) == 0 {
		return nil, nil //nolint:nilnil // nothing to watch is no error
	}
	var f free
	var err error
	if f.now, err = watch.Open(names(p.Free), p.Quarantine); err == nil {
		f.after, err = watch.Open(names(p.FreeAfter), p.Quarantine)
	}
	if err != nil {
		f.close()
		return nil, fmt.Errorf("keep names free that other programs would run: %w; %s", err, plan.FreeRemedy)
	}
	return &f, nil
}

func names(list []plan.FreeName) []watch.Name {
	names := make([]watch.Name, len(list))
	for i, n := range list {
		names[i] = watch.Name(n)
	}
	return names
}

// dirs are the directories beneath which names are kept free.
func (f *free) dirs(p *plan.Plan) []string {
	if f == nil {
		return nil
	}
	dirs := []string{p.Quarantine}
	for _, n := range slices.Concat(p.Free, p.FreeAfter) {
		if !slices.Contains(dirs, n.Dir) {
			dirs = append(dirs, n.Dir)
		}
	}
	return dirs
}

// interval is how often look is called without a signal, in milliseconds, -1 for never.
func (f *free) interval() int {
	if f == nil {
		return -1
	}
	return f.now.Interval()
}

// look takes away what was made. A program that can't be kept from it is killed.
func (p *Process) look() {
	if p.free == nil || p.unguarded != nil {
		return
	}
	if err := p.free.now.Scan(); err != nil {
		p.unguarded = err
		_ = p.Kill()
	}
}

// endFree looks a last time, when no process of the jail is left, and closes what was
// opened.
func (p *Process) endFree() {
	if p.free == nil {
		return
	}
	err := errors.Join(p.free.now.Scan(), p.free.after.Scan())
	if errors.Is(err, watch.ErrFlood) {
		err = p.free.now.Clear() // the last of them is there still
	}
	if err != nil && p.unguarded == nil {
		p.unguarded = err
	}
	p.taken = append(p.free.now.Taken(), p.free.after.Taken()...)
	p.free.close()
	p.free = nil
}

func (f *free) close() {
	if f != nil {
		f.now.Close()
		f.after.Close()
	}
}

// Taken is, after Wait, what the program made in names that are kept free.
func (p *Process) Taken() []watch.Taken { return p.taken }

// Unguarded is, after Wait, why the jail was ended when a name could not be kept free.
func (p *Process) Unguarded() error { return p.unguarded }
