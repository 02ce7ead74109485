package main

import (
	"bytes"
	"fmt"

	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/seccomp"
)

type checkGrammar struct {
	JSON     bool     `name:"json" help:"Print one object a line for each diagnostic: severity, code, message, label, file, line, column, endLine, endColumn, notes, help."`
	Profiles []string `arg:"" optional:"" name:"profile" help:"Names, or files: what has a / or ends in .yaml. Without any, every profile of the search path."`
}

// checkVerb exits with 1 when a profile has an error, 0 when there are none
// or only warnings.
func checkVerb(a *app, args []string) int {
	var g checkGrammar
	if status, ok := a.parse("check", "Check profiles.", &g, args); !ok {
		return status
	}
	s, status := a.open(args, false)
	if s == nil {
		return status
	}
	c := checked{app: a, session: s}
	if len(g.Profiles) == 0 {
		found, sources, problems := policy.Profiles(s.Store)
		c.add(sources, problems)
		c.count = unreadable(problems)
		for i := range found {
			c.profile(policy.Request{Name: found[i].Name})
		}
	}
	for i, name := range g.Profiles {
		req := policy.Request{CommandLine: a.line.text, At: a.line.at(s.others[i], 0)}
		s.Name(&req, name)
		c.profile(req)
	}
	return c.finish(g.JSON)
}

// unreadable counts the profiles that could not even be listed.
func unreadable(problems diag.List) int {
	files := map[string]bool{}
	for i := range problems {
		d := &problems[i]
		if d.Severity != diag.Error {
			continue
		}
		file := d.Subject.File
		if file == "" {
			file = d.Summary // it could not be opened; the summary names it
		}
		files[file] = true
	}
	return len(files)
}

// checked collects what is wrong with several profiles. What is found in a
// profile that others extend is reported once.
type checked struct {
	*app
	*session
	count   int
	seen    map[string]bool
	found   diag.List
	sources []*diag.Sources // of found
}

func (c *checked) profile(req policy.Request) {
	c.count++
	p, sources, problems := policy.Load(c.Store, req)
	if p != nil {
		if err := seccomp.Check(compile.FilterOf(p)); err != nil {
			problems = append(problems, diag.Diagnostic{
				Code: "filter", Summary: "the syscall filter has no meaning: " + err.Error(), Subject: p.Syscalls.Default.At,
			})
		}
	}
	c.add(sources, problems)
}

func (c *checked) add(sources *diag.Sources, problems diag.List) {
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	for _, d := range problems {
		key := fmt.Sprintf("%s %v %s", d.Code, d.Subject, d.Summary)
		if c.seen[key] {
			continue
		}
		c.seen[key] = true
		c.found = append(c.found, d)
		c.sources = append(c.sources, sources)
	}
}

func (c *checked) finish(asJSON bool) int {
	status := 0
	if c.found.HasErrors() {
		status = 1
	}
	if asJSON {
		var b bytes.Buffer
		_ = diag.JSON(&b, c.found)
		if failed := c.print(b.Bytes()); failed != 0 {
			return failed
		}
		return status
	}
	errs := 0
	for i := range c.found {
		if c.found[i].Severity == diag.Error {
			errs++
		}
		c.report(c.sources[i], c.found[i:i+1])
	}
	if failed := c.print([]byte(summary(c.count, errs, len(c.found)-errs))); failed != 0 {
		return failed
	}
	return status
}

func summary(profiles, errs, warnings int) string {
	return fmt.Sprintf("%s checked: %s, %s\n", output.Count(profiles, "profile"), output.Count(errs, "error"), output.Count(warnings, "warning"))
}
