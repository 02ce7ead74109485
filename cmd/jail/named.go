package main

import (
	"io/fs"
	"path"
	"strings"

	"github.com/jail-project/jail/cmd/jail/internal/flags"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/profiles"
)

// loadNamed reads the profile that show, explain and plan are asked about:
// the one of --profile, else a file, a profile, or what a program would get.
func (a *app) loadNamed(s *session, flags *flags.Policy, name string, at diag.Range) (*loaded, int) {
	req, ok := a.profileFlag(s, flags)
	if !ok {
		var problems diag.List
		var sources *diag.Sources
		req, sources, problems = s.namedRequest(name, at)
		if problems.HasErrors() {
			return nil, a.report(sources, problems)
		}
	}
	l, status := a.read(s, req)
	if l != nil {
		l.command = compile.Command{Argv: s.programOf(l.policy, name), At: at}
	}
	return l, status
}

// namedRequest finds the profile that a name stands for. A name that is
// neither a profile nor a program is left for Load to refuse, with the nearest
// name there is.
func (s *session) namedRequest(name string, at diag.Range) (policy.Request, *diag.Sources, diag.List) {
	req := policy.Request{At: at}
	if strings.HasSuffix(name, ".yaml") {
		s.name(&req, name)
		return req, nil, nil
	}
	found, sources, problems := s.store.ForProgram(s.profileName(name))
	switch {
	case found != "":
		req.Name = found
	case s.installed(name):
		req.Name = defaultProfile
	default:
		req.Name = name
	}
	return req, sources, problems
}

// programOf chooses the program that a profile is explained or planned for:
// the one that was named, or the first of the profile's that is installed.
func (s *session) programOf(p *policy.Policy, name string) []string {
	if s.installed(name) && !strings.HasSuffix(name, ".yaml") {
		return []string{name}
	}
	for _, e := range p.Programs {
		if s.installed(e.Text) {
			return []string{e.Text}
		}
	}
	return nil
}

// installed tells whether a program can be found the way execvp(3) would.
func (s *session) installed(name string) bool {
	if strings.Contains(name, "/") {
		return s.executable(path.Join(s.host.Cwd, name)) || s.executable(name)
	}
	for dir := range strings.SplitSeq(searchedPath(s.host), ":") {
		if path.IsAbs(dir) && s.executable(path.Join(dir, name)) {
			return true
		}
	}
	return false
}

func (s *session) executable(file string) bool {
	kind := s.host.Files.Kind(file)
	return path.IsAbs(file) && (kind == host.KindFile || kind == host.KindLink) && s.host.Files.Executable(file)
}

// place is where the first argument that is not a flag stands.
func (s *session) place(a *app) diag.Range {
	if len(s.others) == 0 {
		return diag.Range{}
	}
	return a.line.at(s.others[0], 0)
}

// suggestProgram adds to the report of a program that is not there which verb
// or shipped profile is called nearly so.
func suggestProgram(argv []string, problems diag.List) {
	for i := range problems {
		if problems[i].Code != plan.CodeNotFound || strings.Contains(argv[0], "/") {
			continue
		}
		var known []string
		for _, v := range verbs() {
			known = append(known, v.name)
		}
		files, _ := fs.Glob(profiles.FS, "*.yaml") // the pattern is well formed
		for _, file := range files {
			known = append(known, strings.TrimSuffix(file, ".yaml"))
		}
		if near := diag.Suggest(argv[0], known); near != "" {
			problems[i].Label = "did you mean " + diag.Quote(near) + "?"
		}
	}
}
