package search

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/profiles"
)

// DefaultProfile is for programs that have none of their own.
const DefaultProfile = "default"

// Finder finds the profile that a name stands for.
type Finder struct {
	Host     *host.Host
	Store    policy.Store
	Programs string // the directories of programs, as in PATH

	root *host.Resolver // of paths of the jail, where that has a root of its own
}

// Named finds the profile that a name stands for. A name that is
// neither a profile nor a program is left for Load to refuse, with the nearest
// name there is.
func (f *Finder) Named(name string, at diag.Range) (policy.Request, *diag.Sources, diag.List) {
	req := policy.Request{At: at}
	if strings.HasSuffix(name, ".yaml") {
		f.Name(&req, name)
		return req, nil, nil
	}
	found, sources, problems := f.Store.ForProgram(f.ProfileName(name))
	switch {
	case found != "":
		req.Name = found
	case f.installed(name):
		req.Name = DefaultProfile
	default:
		req.Name = name
	}
	return req, sources, problems
}

// ProgramOf chooses the program that a profile is explained or planned for:
// the one that was named, or the first of the profile's that is installed, in the root of
// the jail.
func (f *Finder) ProgramOf(p *policy.Policy, name string) []string {
	inside := *f
	inside.enter(p)
	f = &inside
	if f.installed(name) && !strings.HasSuffix(name, ".yaml") {
		return []string{name}
	}
	for _, e := range p.Programs {
		if f.installed(e.Text) {
			return []string{e.Text}
		}
	}
	return nil
}

// EnterRoot has programs looked for in a directory, "" for the host's root.
func (f *Finder) EnterRoot(dir string) {
	p := &policy.Policy{}
	p.Filesystem.Root.V = dir
	f.enter(p)
}

// enter has programs looked for in the root of a policy.
func (f *Finder) enter(p *policy.Policy) {
	f.root = nil
	if root := fstree.RootFiles(p, f.Host); root != nil {
		f.root = host.NewResolver(root)
	}
}

// installed tells whether a program can be found the way execvp(3) would.
func (f *Finder) installed(name string) bool {
	if name == "" {
		return false
	}
	if strings.Contains(name, "/") {
		return f.executable(path.Join(f.Host.Cwd, name)) || f.executable(name)
	}
	for dir := range strings.SplitSeq(f.Programs, ":") {
		if path.IsAbs(dir) && f.executable(path.Join(dir, name)) {
			return true
		}
	}
	return false
}

func (f *Finder) executable(file string) bool {
	if f.root != nil {
		return path.IsAbs(file) && f.root.Resolve(path.Clean(file)).Kind == host.KindFile
	}
	kind := f.Host.Files.Kind(file)
	return path.IsAbs(file) && (kind == host.KindFile || kind == host.KindLink) && f.Host.Files.Executable(file)
}

// ProfileName is the name under which the profile of a program is looked for.
// A program that is not in PATH could be anything that calls itself so: it gets
// the profile "default".
func (f *Finder) ProfileName(program string) string {
	if !strings.Contains(program, "/") {
		return program
	}
	dir := path.Dir(program)
	for in := range strings.SplitSeq(f.Programs, ":") {
		if path.IsAbs(in) && path.Clean(in) == path.Clean(dir) {
			return path.Base(program)
		}
	}
	return ""
}

// Name fills in a request for a profile that was named: a file when it has a
// slash or ends like one.
func (f *Finder) Name(req *policy.Request, name string) {
	if !strings.Contains(name, "/") && !strings.HasSuffix(name, ".yaml") {
		req.Name = name
		return
	}
	req.File, req.As = name, name
	if !path.IsAbs(name) {
		req.File = path.Join(f.Host.Cwd, name)
	}
}

// SuggestProgram adds to the report of a program that is not there which verb
// or shipped profile is called nearly so.
func SuggestProgram(program string, verbs []string, problems diag.List) {
	for i := range problems {
		if problems[i].Code != plan.CodeNotFound || strings.Contains(program, "/") {
			continue
		}
		known := slices.Clone(verbs)
		files, _ := fs.Glob(profiles.FS, "*.yaml") // the pattern is well formed
		for _, file := range files {
			known = append(known, strings.TrimSuffix(file, ".yaml"))
		}
		if near := diag.Suggest(program, known); near != "" {
			problems[i].Label = "did you mean " + diag.Quote(near) + "?"
		}
	}
}
