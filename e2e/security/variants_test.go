package security

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// row is one class of weakness.
type row struct {
	id, what string

	// probe is the probe and its arguments, in which {project}, {outside} and
	// so on stand for the names of the scene. With wide32 the 32-bit build of
	// the probe runs as well.
	probe  []string
	only32 bool // run the 32-bit build of the probe
	tty    bool // on a terminal of its own

	// prepare makes the poisoned state, for every variant in a scene of its own.
	prepare func(*scene)
	// oracle adds parts that the host's state decides, after the probe ran.
	oracle func(*scene, *outcome)
	// try replaces the running of the probe altogether.
	try func(*scene, variant) *outcome

	// profile is added to that of the jail.
	profile string
	// off says which guard the third variant switches off: with the profile wide
	// in place of profile, and with the steps in edits left out of the plan.
	off, wide string
	edits     string
	// twice lists the beginnings of names of parts that another guard stops
	// as well, so that they stay closed in the third variant.
	twice []string

	// noControl says why this host can't show the thing at all; noNegative why
	// there is no guard that could be switched off.
	noControl, noNegative string
	// noPeers says why bubblewrap and firejail are not asked; noWarm why there
	// is no launch from a cache entry, noEnter why nothing is to be entered.
	noPeers, noWarm, noEnter string
	// asRoot says why root does not try the row, rootOff why it leaves the
	// third variant out, in which its jail differs from a user's: its program is
	// another user than the rest of the variants.
	asRoot, rootOff string
	// alone are the layers of which each has to do with all others off.
	alone []layer
	// elsewhere names the test that is the proof, when this is none; absent
	// says why there is nothing to prove yet.
	elsewhere, absent string
}

// layer is a jail in which one layer is on and every other is off that would
// stop the thing as well: by a profile, and by steps left out.
type layer struct{ name, wide, edits string }

// variant is a way to run a command.
type variant string

// inside tells whether what runs in a variant is in a jail with all its guards.
func (a variant) inside() bool { return a == jailed || a == warm || a == entered }

const (
	control  variant = "control"
	jailed   variant = "jail"
	warm     variant = "warm"
	entered  variant = "enter"
	negative variant = "negative control"
	bwrap    variant = "bwrap"
	firejail variant = "firejail"
)

// start is the command line that runs argv in a variant.
func (s *scene) start(r *row, a variant, argv ...string) []string {
	s.T.Helper()
	switch a {
	case jailed:
		return append([]string{testenv.JailBin, "run", "--profile", s.profile(r.profile)}, argv...)
	case warm:
		return s.cached(append([]string{testenv.JailBin, "run", "--profile", s.profile(r.profile)}, argv...), len(argv))
	case entered:
		return s.enter(r, argv)
	case negative:
		text := r.wide
		if text == "" {
			text = r.profile
		}
		if r.edits != "" {
			return append([]string{weakenBin, "-profile", s.profile(text), "-off", r.edits, "--"}, argv...)
		}
		return append([]string{testenv.JailBin, "run", "--profile", s.profile(text)}, argv...)
	case bwrap:
		return append([]string{
			"bwrap", "--ro-bind", "/", "/", "--unshare-all", "--dev", "/dev", "--proc", "/proc", "--bind", s.Project, s.Project,
		}, argv...)
	case firejail:
		return append([]string{"firejail", "--quiet"}, argv...)
	}
	return argv
}

// attempt runs a row in one variant.
func (r *row) attempt(t *testing.T, a variant) *outcome {
	t.Helper()
	return r.attemptIn(r.scene(t, a), a)
}

// attemptIn runs a row in a variant for which all is made.
func (r *row) attemptIn(s *scene, a variant) *outcome {
	s.T.Helper()
	var o *outcome
	if r.try != nil {
		o = r.try(s, a)
	} else {
		o = s.measure(r, s.line(r, a))
	}
	if a == warm {
		s.fromEntries()
	}
	return o
}

// scene makes the poisoned state for a variant.
func (r *row) scene(t *testing.T, a variant) *scene {
	t.Helper()
	s := newScene(t)
	s.tty, s.variant = r.tty, a
	if r.prepare != nil {
		r.prepare(s)
	}
	return s
}

// line is the command line that runs the row's probe in a variant.
func (s *scene) line(r *row, a variant) []string {
	s.T.Helper()
	program := testenv.ProbeBin
	if r.only32 {
		program = testenv.Probe32
	}
	argv := []string{program}
	for _, word := range r.probe {
		argv = append(argv, s.expand(word))
	}
	return s.start(r, a, argv...)
}

func (s *scene) measure(r *row, line []string) *outcome {
	s.T.Helper()
	o := s.run(line...)
	if r.oracle != nil {
		r.oracle(s, o)
	}
	// Names of the scene differ between variants.
	for name, result := range o.parts {
		if plain := strings.ReplaceAll(name, s.Root, "…"); plain != name {
			delete(o.parts, name)
			o.parts[plain] = result
		}
	}
	return o
}

// open lists the parts that worked, sorted.
func (o *outcome) open() []string {
	var names []string
	for name, result := range o.parts {
		if result == "open" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// prove runs all variants of a row and compares them.
func (r *row) prove(t *testing.T) *result {
	t.Helper()
	got := &result{row: r}
	root := os.Getuid() == 0
	if root && r.asRoot != "" {
		return got
	}
	if r.only32 && testenv.Probe32 == "" {
		t.Skip("no 32-bit programs can be built here")
	}
	// What the launch from a cache entry needs grows old while the others are tried.
	var aging *scene
	if r.noWarm == "" {
		aging = r.scene(t, warm)
		aging.prepareEntry(r)
	}
	free := r.attempt(t, control)
	got.control = cellOf(free)
	works := free.open()
	if len(works) == 0 && r.noControl == "" {
		t.Errorf("without jail nothing works, so this proves nothing: %v\n%s", free.parts, free.output())
	}
	got.closed(t, jailed, r.attempt(t, jailed))
	if r.noEnter == "" {
		got.closed(t, entered, r.attempt(t, entered))
	}
	weak := !root || r.rootOff == ""
	for _, l := range r.alone {
		if !weak {
			break
		}
		got.closed(t, variant(l.name+", alone"), r.only(l).attempt(t, negative))
	}
	if weak && r.noNegative == "" && len(works) > 0 {
		o := r.attempt(t, negative)
		got.negative = cellOf(o)
		var closed []string
		for _, name := range works {
			if o.parts[name] != "open" && !slices.ContainsFunc(r.twice, func(p string) bool { return strings.HasPrefix(name, p) }) {
				closed = append(closed, name+": "+o.parts[name])
			}
		}
		if len(closed) > 0 {
			t.Errorf("with the guard off (%s) %q do not work again\n%s", r.off, closed, o.output())
		}
		if got.negative.open == 0 && len(closed) == 0 {
			t.Errorf("with the guard off (%s) nothing works again: %v\n%s", r.off, o.parts, o.output())
		}
	}
	if r.noPeers == "" && !root && !testing.Short() { // of them, nothing is expected
		testenv.Need(t, "bwrap", "firejail")
		got.bwrap, got.firejail = cellOf(r.attempt(t, bwrap)), cellOf(r.attempt(t, firejail))
	}
	if aging != nil {
		got.closed(t, warm, r.attemptIn(aging, warm))
	}
	return got
}

// only is the row with the jail of one layer in place of the third variant's.
func (r *row) only(l layer) *row {
	one := *r
	one.wide, one.edits = l.wide, l.edits
	return &one
}

// closed expects that nothing worked in a variant of jail.
func (r *result) closed(t *testing.T, a variant, o *outcome) {
	t.Helper()
	if open := o.open(); len(open) > 0 {
		t.Errorf("%s: %q work\n%s", a, open, o.output())
	}
	// A probe that did not run shows nothing, unless it was not let run.
	if !o.started && o.status < 125 {
		t.Errorf("%s: the probe did not run: exit status %d\n%s", a, o.status, o.output())
	}
	if r.row.try != nil && len(o.parts) == 0 && o.status < 125 {
		t.Errorf("%s: nothing was tried\n%s", a, o.output())
	}
	if cell := cellOf(o); r.jail.open <= cell.open {
		r.jail = cell
	}
}

// cell is the result of a variant.
type cell struct {
	ran         bool
	open, total int
}

func cellOf(o *outcome) cell {
	return cell{ran: o.started || len(o.parts) > 0 || o.status >= 125, open: len(o.open()), total: len(o.parts)}
}

// result is a row as measured.
type result struct {
	row                                      *row
	proofs                                   []string // tests elsewhere
	control, jail, negative, bwrap, firejail cell
}
