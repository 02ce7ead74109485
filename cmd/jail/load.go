package main

import (
	"os"
	"time"

	"github.com/jail-project/jail/cmd/internal/launcher"
	"github.com/jail-project/jail/cmd/jail/internal/flags"
	"github.com/jail-project/jail/cmd/jail/internal/search"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy"
)

// session is what the verbs that read profiles begin with.
type session struct {
	search.Finder
	uses   []flags.Use // the flags of the command line
	others []int       // the indices in the command line of what is not a flag
	memory *memory
}

// open reads the host and the command line. The status counts when the
// session is nil.
func (a *app) open(args []string, leading bool) (*session, int) {
	m := &memory{began: time.Now()}
	host, err := host.Read(os.Environ(), a.programs...)
	if err != nil {
		return nil, a.fail("cannot examine this machine: "+err.Error(), "")
	}
	host.Terminal = a.terminal
	s := &session{Finder: search.Finder{Host: host, Store: search.Profiles(host), Programs: launcher.SearchPath(host)}, memory: m}
	s.Store.Saw = m.inputs.Saw
	s.uses, s.others = flags.Walk(a.flagLine(), args, leading)
	s.EnterRoot(flags.Root(a.flagLine(), host, s.uses))
	return s, 0
}

// loaded is everything that was read for a launch.
type loaded struct {
	policy  *policy.Policy
	host    *host.Host
	command compile.Command
	group   *limiter
	sources *diag.Sources
	memory  *memory
	// launching: this is not only to be looked at.
	launching   bool
	toldInPlace bool // see app.tellInPlace
	logNetwork  bool // the flag
}

// load reads the profile for a program and adds what the flags say. The
// status counts when the result is nil.
func (a *app) load(chosen *flags.Policy, program, args []string) (*loaded, int) {
	s, status := a.open(args, true)
	if s == nil {
		return nil, status
	}
	index := len(a.line.args) - len(program)
	req, ok := a.profileFlag(s, chosen)
	if !ok {
		name, sources, problems := s.Store.ForProgram(s.ProfileName(program[0]))
		if problems.HasErrors() {
			return nil, a.report(sources, problems)
		}
		if name == "" {
			name = search.DefaultProfile
		}
		req = policy.Request{Name: name, At: a.line.at(index, 0)}
	}
	l, status := a.read(s, req)
	if l != nil {
		l.command = compile.Command{Argv: program, At: a.line.at(index, 0)}
	}
	return l, status
}

// profileFlag makes a request of --profile.
func (a *app) profileFlag(s *session, chosen *flags.Policy) (policy.Request, bool) {
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
	s.Name(&req, chosen.Profile)
	return req, true
}

// read loads the profile with the flags on top, and reports what is wrong
// with it.
func (a *app) read(s *session, req policy.Request) (*loaded, int) {
	last, problems := flags.Settings(a.flagLine(), s.Host, s.uses, &s.memory.inputs)
	req.Flags, req.CommandLine = last, a.line.text
	p, sources, found := policy.Load(s.Store, req)
	problems = append(problems, found...)
	if problems.HasErrors() {
		return nil, a.report(sources, problems)
	}
	if len(problems) > 0 {
		a.report(sources, problems)
		s.memory.warned = true
	}
	return &loaded{policy: p, host: s.Host, sources: sources, memory: s.memory}, 0
}
