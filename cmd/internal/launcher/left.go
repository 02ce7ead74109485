package launcher

import (
	"os"
	"slices"
	"time"

	"github.com/jail-project/jail/changes"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/watch"
)

// left finds what a run leaves in files that other programs run or obey.
type left struct {
	before *changes.Before
	run    changes.Run
	file   string   // the record, "" for none
	record *os.File // nil until it was opened
	err    error
}

// lookBefore looks at these files before the program begins.
func (l *Launch) lookBefore(c *compile.Compiled) *left {
	p := c.Plan
	file := p.Changes
	if len(p.Reported)+len(p.Free)+len(p.FreeAfter) == 0 {
		file = "" // there will be nothing to write down
	}
	return &left{
		before: changes.Look(p.Reported), file: file,
		run: changes.Run{Time: time.Now(), Profile: p.Profile, Program: p.Path, Dir: l.Host.Cwd},
	}
}

func (l *left) open() {
	if l.record == nil && l.file != "" {
		l.record, l.err = changes.Open(l.file)
	}
}

// find looks again, when no process of the jail is left, and writes down what there is.
func (l *left) find(taken []watch.Taken) {
	for _, t := range taken {
		l.run.Changes = append(l.run.Changes, changes.Change{Path: t.Path, To: t.To, New: true})
	}
	l.run.Changes = append(l.run.Changes, l.before.Since()...)
	if len(l.run.Changes) > 0 {
		if l.open(); l.record != nil {
			l.err = changes.Write(l.record, &l.run)
		}
	}
	if l.record != nil {
		_ = l.record.Close()
	}
}

// Left says what the run left in files that other programs run or obey, and what its
// network refused: nothing for a run that left nothing.
func (r *Running) Left() diag.List {
	var moved, stay []string
	for _, c := range r.left.run.Changes {
		if c.To != "" {
			if name := diag.Quote(r.left.name(c.Path)); !slices.Contains(moved, name) {
				moved = append(moved, name)
			}
		} else {
			stay = append(stay, diag.Quote(r.left.name(c.Path)))
		}
	}
	var list diag.List
	if len(moved) > 0 {
		list = append(list, *warning("startup-taken", "taken away, since programs outside would run or obey it: "+diag.Few(moved)+"; `jail changes` says where it is, --write "+moved[0]+" allows it"))
	}
	if len(stay) > 0 {
		list = append(list, *warning("startup-changed", "new or changed meanwhile, and obeyed by other programs: "+diag.Few(stay)+"; look before you use them, `jail changes` lists them"))
	}
	if len(list) > 0 && r.left.err != nil {
		list = append(list, *warning("startup-unrecorded", "that could not be written down for `jail changes`: "+r.left.err.Error()))
	}
	return append(append(list, r.network()...), r.shown.left()...)
}

// name is a path as a user in the current directory would write it.
func (l *left) name(path string) string {
	if l.run.Dir != "" && l.run.Dir != "/" && host.Within(path, l.run.Dir) && path != l.run.Dir {
		return path[len(l.run.Dir)+1:]
	}
	return path
}
