package main

import (
	"os"
	"path"
	"strings"
	"time"

	"github.com/jail-project/jail/cmd/jail/internal/flags"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/yaml"
	"github.com/jail-project/jail/profiles"
)

// session is what the verbs that read profiles begin with.
type session struct {
	host   *host.Host
	store  policy.Store
	uses   []flags.Use // the flags of the command line
	others []int       // the indices in the command line of what is not a flag
	memory *memory
}

// open reads the host and the command line. The status counts when the
// session is nil.
func (a *app) open(args []string, leading bool) (*session, int) {
	m := &memory{began: time.Now()}
	host, err := host.Read(os.Environ())
	if err != nil {
		return nil, a.fail("cannot examine this machine: "+err.Error(), "")
	}
	host.Terminal = a.terminal
	s := &session{host: host, store: searchPath(host), memory: m}
	s.store.Saw = m.inputs.Saw
	s.uses, s.others = flags.Walk(a.flagLine(), args, leading)
	return s, 0
}

// searchPath is where profiles are looked for, strongest first.
func searchPath(h *host.Host) policy.Store {
	trusted := truster{h.UID}
	store := policy.Store{Parse: yaml.Parse, Root: policy.Dir{Path: "/", FS: hostFS("/"), Trusted: trusted.named}}
	dirs := []string{"/etc/jail/profiles", "/usr/share/jail/profiles"}
	if h.Own.Config != "" {
		dirs = append([]string{path.Join(h.Own.Config, "profiles")}, dirs...)
	}
	for _, dir := range dirs {
		store.Dirs = append(store.Dirs, policy.Dir{Path: dir, FS: hostFS(dir), Trusted: trusted.directory(dir)})
	}
	store.Dirs = append(store.Dirs, policy.Dir{FS: profiles.FS, Embedded: true})
	return store
}

// loaded is everything that was read for a launch.
type loaded struct {
	prepared
	sources *diag.Sources
	memory  *memory
}

// load reads the profile for a program and adds what the flags say. The
// status counts when the result is nil.
func (a *app) load(flags *flags.Policy, program, args []string) (*loaded, int) {
	s, status := a.open(args, true)
	if s == nil {
		return nil, status
	}
	index := len(a.line.args) - len(program)
	req, ok := a.profileFlag(s, flags)
	if !ok {
		name, sources, problems := s.store.ForProgram(s.profileName(program[0]))
		if problems.HasErrors() {
			return nil, a.report(sources, problems)
		}
		if name == "" {
			name = defaultProfile
		}
		req = policy.Request{Name: name, At: a.line.at(index, 0)}
	}
	l, status := a.read(s, req)
	if l != nil {
		l.command = compile.Command{Argv: program, At: a.line.at(index, 0)}
	}
	return l, status
}

// defaultProfile is for programs that have none of their own.
const defaultProfile = "default"

// profileName is the name under which the profile of a program is looked for.
// A program that is not in PATH could be anything that calls itself so: it gets
// the profile "default".
func (s *session) profileName(program string) string {
	if !strings.Contains(program, "/") {
		return program
	}
	dir := path.Dir(program)
	for in := range strings.SplitSeq(searchedPath(s.host), ":") {
		if path.IsAbs(in) && path.Clean(in) == path.Clean(dir) {
			return path.Base(program)
		}
	}
	return ""
}

// profileFlag makes a request of --profile.
func (a *app) profileFlag(s *session, flags *flags.Policy) (policy.Request, bool) {
	req, given := policy.Request{}, false
	for i := range s.uses {
		if s.uses[i].Name == "profile" {
			req.At, given = s.uses[i].At(a.flagLine()), true
		}
	}
	// An empty name is no profile, not the absence of the flag.
	if !given {
		return req, false
	}
	s.name(&req, flags.Profile)
	return req, true
}

// name fills in a request for a profile that was named: a file when it has a
// slash or ends like one.
func (s *session) name(req *policy.Request, name string) {
	if !strings.Contains(name, "/") && !strings.HasSuffix(name, ".yaml") {
		req.Name = name
		return
	}
	req.File, req.As = name, name
	if !path.IsAbs(name) {
		req.File = path.Join(s.host.Cwd, name)
	}
}

// read loads the profile with the flags on top, and reports what is wrong
// with it.
func (a *app) read(s *session, req policy.Request) (*loaded, int) {
	last, problems := flags.Settings(a.flagLine(), s.host, s.uses, &s.memory.inputs)
	req.Flags, req.CommandLine = last, a.line.text
	p, sources, found := policy.Load(s.store, req)
	problems = append(problems, found...)
	if problems.HasErrors() {
		return nil, a.report(sources, problems)
	}
	if len(problems) > 0 {
		a.report(sources, problems)
		s.memory.warned = true
	}
	return &loaded{prepared: prepared{policy: p, host: s.host}, sources: sources, memory: s.memory}, 0
}
