package explain

import (
	"slices"

	"github.com/jail-project/jail/cmd/jail/internal/flags"
	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/cmd/jail/internal/policyprint"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
)

// path explains a path of the command line, or what it stands for.
func (e *Explainer) path(word string, at diag.Range) {
	h := e.tree().Host(e.Host)
	paths := fstree.Paths(e.Policy, h, e.Command.Name(), flags.Absolute(h, word))
	if len(paths) == 0 {
		e.Problems = append(e.Problems, diag.Diagnostic{
			Code: "path-unset", Summary: diag.Quote(word) + " stands for nothing on this host", Subject: at,
		})
	}
	for _, p := range paths {
		e.onePath(p)
	}
}

// pathGroup explains the members of a group that exist here.
func (e *Explainer) pathGroup(name string) {
	found := false
	h := e.tree().Host(e.Host)
	for _, p := range fstree.Paths(e.Policy, h, e.Command.Name(), name) {
		if h.Files.Kind(p) != host.KindMissing {
			found = true
			e.onePath(p)
		}
	}
	if !found {
		out := e.answer(name, "path")
		out.Verdict, out.Text = "absent", "nothing that belongs to it exists on this host"
	}
}

// tree is the view of the jail. Problems that prevent a program's start do not change
// it.
func (e *Explainer) tree() *fstree.View {
	if e.view == nil {
		c, problems := compile.Compile(e.Policy, e.Host, e.Command)
		e.view = c.View
		for _, d := range problems {
			switch d.Code {
			case plan.CodeNotFound, plan.CodeNotExecutable, compile.CodeStream, compile.CodeLandlock:
			default:
				e.Problems = append(e.Problems, d)
			}
		}
	}
	return e.view
}

func (e *Explainer) onePath(path string) {
	x := e.tree().Explain(path)
	exists := x.Kind != host.KindMissing
	out := e.answer(path, "path")
	out.Verdict, out.Text = x.Visibility.String(), output.Text(visibilityText(&x))
	out.Real, out.Exists = output.Text(x.Real), &exists
	if x.By != nil {
		out.By = append(out.By, pathGround(x.By))
		if x.By.Rule != nil {
			for _, at := range x.By.Rule.Over {
				out.overrides(output.GroundAt("the same path", at))
			}
		}
	}
	for i := range x.Beaten {
		out.overrides(pathGround(&x.Beaten[i]))
	}
	for _, g := range slices.Backward(x.Passed) {
		out.overrides(pathGround(&g))
	}
	switch {
	case x.HostPath != "" && exists:
		out.Notes = append(out.Notes, "this jail has a root of its own: on this host it is "+output.Text(diag.Quote(x.HostPath)))
	case x.Real != path:
		out.Notes = append(out.Notes, "on this host it leads to "+output.Text(diag.Quote(x.Real)))
	}
	if _, any := e.Policy.AnySocket(); x.Kind == host.KindSocket && x.Visibility != fstree.Socket && !any {
		out.Notes = append(out.Notes, "it is a socket, and cannot be connected to: sockets does not list it")
	}
	if x.Broken {
		out.Notes = append(out.Notes, "in the jail only "+output.Text(diag.Quote(x.Real))+" works: a symbolic link on the way is not visible")
	}
}

// pathGround names a rule as a profile has it.
func pathGround(g *fstree.Ground) output.Ground {
	switch {
	case g.Key != "":
		return output.GroundAt(g.Key, g.At)
	case g.Rule != nil && g.Written != g.Rule.Path:
		return output.GroundAt(policyprint.ListOf(g.Rule.Access)+": "+g.Rule.Path+" ("+g.Written+")", g.At)
	case g.Rule != nil:
		return output.GroundAt(policyprint.ListOf(g.Rule.Access)+": "+g.Rule.Path, g.At)
	case g.Guard:
		return output.GroundAt("the protection of "+g.Written+", which runs or decides something later", g.At)
	case !g.At.IsZero():
		return output.GroundAt("the rule for "+g.Written, g.At)
	default:
		return output.GroundAt("jail itself, for "+g.Written, g.At)
	}
}

// visibilityText says what a program finds at a path.
func visibilityText(x *fstree.Explanation) string {
	missing, missingIn := x.Kind == host.KindMissing, "does not exist on this host"
	if x.InRoot {
		missingIn = "does not exist in the root of this jail"
	}
	switch x.Visibility {
	case fstree.Absent:
		if missing {
			return missingIn + ", and nothing grants it"
		}
		return "not visible: nothing grants it"
	case fstree.Hidden:
		return "hidden"
	case fstree.Frame:
		return "a directory of the jail's own that shows only what is granted inside it"
	case fstree.Socket:
		return "visible, and can be connected to"
	case fstree.ReadOnly:
		if missing {
			return missingIn + "; the directory around it is visible, read-only"
		}
		return "visible, read-only"
	case fstree.Blocked:
		return missingIn + ", and nothing can be made there"
	case fstree.Writable:
		if missing {
			return missingIn + "; the directory around it is writable"
		}
		return "visible, writable"
	case fstree.Layered:
		if x.By.Source != "" {
			return "visible, writable; changes are kept in " + diag.Quote(x.By.Source)
		}
		return "visible, writable; changes vanish with the jail"
	case fstree.Private:
		return "in a directory that is kept for this profile, " + diag.Quote(x.By.Source)
	case fstree.Tmpfs:
		if x.By.Path == x.Real {
			return "a directory in memory, empty at the start"
		}
		return "not visible: it lies in " + diag.Quote(x.By.Path) + ", a directory in memory that is empty at the start"
	default:
		return "the jail's own"
	}
}
