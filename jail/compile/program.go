package compile

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
)

// program finds the file to execute the way execvp(3) would, on the host,
// and makes sure that the jail shows it.
func (k *compiler) program() {
	if len(k.c.Argv) == 0 {
		return
	}
	if k.view.OwnRoot() != "" && k.problems.HasErrors() {
		return // what is wrong with the root comes first: nothing would be found in it
	}
	found, problem := k.findProgram(k.c.Argv[0])
	if problem != nil {
		k.problems = append(k.problems, *problem)
	}
	k.plan.Argv, k.plan.Path = k.c.Argv, found
}

func (k *compiler) findProgram(name string) (string, *diag.Diagnostic) {
	if strings.Contains(name, "/") {
		if !path.IsAbs(name) {
			name = path.Join(k.h.Cwd, name)
		}
		return k.usable(path.Clean(name))
	}
	var refused *diag.Diagnostic
	for dir := range strings.SplitSeq(k.searchPath(), ":") {
		if !path.IsAbs(dir) {
			continue // an empty or relative entry would run what lies in the current directory
		}
		candidate := path.Join(dir, name)
		if k.view.Resolver.Resolve(candidate).Kind != host.KindFile {
			continue
		}
		found, problem := k.usable(candidate)
		if problem == nil {
			return found, nil
		}
		refused = cmp.Or(refused, problem)
	}
	if refused != nil {
		return "", refused
	}
	return "", &diag.Diagnostic{
		Code: plan.CodeNotFound, Summary: fmt.Sprintf("no program %s in PATH", diag.Quote(name)), Subject: k.c.At,
		Remedy: "PATH is " + diag.Quote(k.searchPath()),
	}
}

// defaultPath is where programs are looked for when the caller has no PATH.
const defaultPath = "/usr/local/bin:/usr/bin:/bin"

func (k *compiler) searchPath() string {
	for i := range k.p.Environment.Set {
		if v := &k.p.Environment.Set[i]; v.Name == "PATH" {
			value, _ := k.expandVariable(v) // environment reports the error
			return value
		}
	}
	return pathOf(k.h.Env)
}

// pathOf is where an environment has programs looked for.
func pathOf(env []string) string {
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, "PATH="); ok {
			return v
		}
	}
	return defaultPath
}

// usable tells why a program file can't be run in the jail, or returns its
// name there.
func (k *compiler) usable(name string) (string, *diag.Diagnostic) {
	at := k.view.Resolver.Resolve(name)
	d := &diag.Diagnostic{Subject: k.c.At}
	switch {
	case at.Kind == host.KindMissing:
		d.Code, d.Summary = plan.CodeNotFound, fmt.Sprintf("%s does not exist", diag.Quote(name))
		if root := k.view.OwnRoot(); root != "" {
			d.Summary += " in " + diag.Quote(root) + ", which is the root of this jail"
		}
	case at.Kind == host.KindDir:
		d.Code, d.Summary = plan.CodeNotExecutable, fmt.Sprintf("%s is a directory", diag.Quote(name))
	case !k.h.Files.Executable(k.view.HostPath(at.Real)):
		d.Code, d.Summary = plan.CodeNotExecutable, fmt.Sprintf("%s is not executable", diag.Quote(name))
	case !k.view.Visible(at.Real):
		d.Code, d.Summary = plan.CodeNotExecutable, fmt.Sprintf("%s is not visible in the jail", diag.Quote(name))
		d.Remedy = "add --read " + diag.Quote(host.Parent(at.Real)) + ", or an entry of filesystem.read in the profile"
		if _, decided := k.view.Root.Lookup(at.Real); len(decided) > 0 {
			last := decided[len(decided)-1]
			d.Notes = append(d.Notes, diag.Note{Text: "hidden by " + diag.Quote(last.Written), At: *last.At})
		} else if host.Within(at.Real, "/usr") {
			d.Remedy = "let the profile extend one that shows the system's programs and libraries, such as cli"
		}
	case k.view.NameLeadsTo(name, at):
		return name, nil
	case !strings.Contains(k.c.Argv[0], "/"):
		return at.Real, nil
	default:
		// The link is kept, not its target: the python of a virtual environment
		// finds its modules by the path of the link.
		d.Code, d.Summary = plan.CodeNotExecutable, fmt.Sprintf("%s is not visible in the jail, only what it leads to", diag.Quote(name))
		d.Remedy = "add --read " + diag.Quote(host.Parent(name)) + ", or run " + diag.Quote(at.Real)
	}
	return "", d
}
