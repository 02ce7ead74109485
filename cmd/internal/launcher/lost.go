package launcher

import (
	"fmt"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/launch"
)

// lost is what the user is told when the jail has ended: where the program's files are not,
// or why it could not write them. It is one line at most.
type lost struct {
	dirs   []fstree.Vanishing         // in the order of Plan.Handed
	before []map[string]host.FileKind // what was in those that are a private home's
	words  []string
	host   *host.Host
	failed diag.List // for a program that fails
}

// usualEntries is about how many names a home has at most. In a larger one every file is
// taken for new.
const usualEntries = 1 << 14

func (l *Launch) newLost(c *compile.Compiled) *lost {
	r := &lost{dirs: c.Lost, host: l.Host, words: l.Command.Argv, before: make([]map[string]host.FileKind, len(c.Lost))}
	for i := range c.Lost {
		if dir := c.Lost[i].Private(); dir != "" {
			r.before[i] = l.Host.Files.Kinds(dir, usualEntries)
		}
	}
	partly := c.View.CwdHidden && c.View.Frames(l.Host.Cwd)
	if inPlace := c.View.InPlace(l.Host); c.View.CwdHidden && (inPlace == nil || !partly) {
		r.failed = hiddenCwd(l.Host, partly)
	} else if !l.ToldInPlace {
		r.failed = inPlace
	}
	return r
}

// Remark returns, after Wait, what the user is to be told about the program's files.
func (r *Running) Remark(status int) diag.List {
	if d := r.lost.gone(r.Process); d != nil {
		return diag.List{*d}
	}
	if status == 0 || status >= 128 || r.TimedOut() {
		return nil // others ended it, by a signal or the time limit
	}
	return r.lost.failed
}

func hiddenCwd(h *host.Host, partly bool) diag.List {
	remedy := "to grant it: --write . (or --read .)"
	switch {
	case h.Home != "" && host.Within(h.Home, h.Cwd):
		remedy = "change into a project first; or grant all of this one: --write ."
	case host.Within(h.Cwd, "/dev"):
		remedy = "nothing below /dev can be granted: start jail in another directory"
	}
	found := "nothing grants the current directory, so the program found it empty and could write nothing there"
	if partly {
		found = "the current directory is not granted, only something in it, so the program could write nothing else there"
	}
	return diag.List{*warning("cwd-hidden", found+"; "+remedy)}
}

// gone tells of files that the program left where the user looks, and where they are not.
func (r *lost) gone(p *launch.Process) *diag.Diagnostic {
	var gone, kept []string // in memory; in the private home
	var first, home *fstree.Vanishing
	for i := range r.dirs {
		v := &r.dirs[i]
		for _, e := range p.Left(i) {
			if v.Made[e.Name] || r.before[i][e.Name] != host.KindMissing || !r.counts(v, e) {
				continue
			}
			name := diag.Quote(host.Join(v.Dir, e.Name))
			if v.Private() != "" {
				kept, home = append(kept, name), v
				continue
			}
			gone = append(gone, name)
			if first == nil {
				first = v
			}
		}
	}
	switch {
	case first != nil && first.Grant.Kind == fstree.GrantOverlay:
		return warning("lost", fmt.Sprintf("the changes to %s are gone, since an overlay keeps none by itself; to keep them: --overlay %s,keep=DIRECTORY", diag.Few(gone), diag.Escape(first.Dir)))
	case first != nil:
		return warning("lost", diag.Few(gone)+areOrIs(gone)+"gone: the jail's own directories are in memory; to keep files, have them written to a directory that is granted: --write DIRECTORY")
	case home != nil:
		return warning("private", diag.Few(kept)+areOrIs(kept)+"in the home that jail keeps for this profile: "+diag.Quote(home.Private()))
	}
	return nil
}

func warning(code, summary string) *diag.Diagnostic {
	return &diag.Diagnostic{Severity: diag.Warning, Code: code, Summary: summary}
}

func areOrIs(names []string) string {
	if len(names) > 1 {
		return " are "
	}
	return " is "
}

// counts tells whether the user would miss something that the program left in a place.
// Directories and what begins with a dot are caches and settings, unless the command line
// names them.
func (r *lost) counts(v *fstree.Vanishing, e launch.Entry) bool {
	if e.Pipe {
		return false
	}
	if v.Grant.Kind == fstree.GrantOverlay {
		return true // a change to what the user has
	}
	if v.Here && e.Regular && e.Name[0] != '.' {
		return true
	}
	for _, dir := range [...]string{v.Dir, v.Grant.Written} {
		if fstree.Named(r.words, r.host.Cwd, host.Join(dir, e.Name)) {
			return true
		}
	}
	return v.Dir == r.host.Home && fstree.Named(r.words, "", "~/"+e.Name)
}
