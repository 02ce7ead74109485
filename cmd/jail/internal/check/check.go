// Package check collects what is wrong with profiles.
package check

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/jail-project/jail/cmd/jail/internal/output"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/seccomp"
)

// Check collects what is wrong with several profiles. What is found in a
// profile that others extend is reported once.
type Check struct {
	Store   policy.Store
	Host    *host.Host // on which the files are looked at that can be written in place only
	Found   diag.List
	Sources []*diag.Sources // of Found

	count int
	seen  map[string]bool
}

// All checks the profiles of the search path.
func (c *Check) All() {
	found, sources, problems := policy.Profiles(c.Store)
	c.add(sources, problems)
	c.count = unreadable(problems)
	for i := range found {
		c.Profile(policy.Request{Name: found[i].Name})
	}
}

// Profile checks one profile.
func (c *Check) Profile(req policy.Request) {
	c.count++
	p, sources, problems := policy.Load(c.Store, req)
	if p != nil {
		if err := seccomp.Check(compile.FilterOf(p)); err != nil {
			problems = append(problems, diag.Diagnostic{
				Code: "filter", Summary: "the syscall filter has no meaning: " + err.Error(), Subject: p.Syscalls.Default.At,
			})
		}
		problems = append(problems, c.root(p)...)
		problems = append(problems, c.inPlace(p)...)
	}
	c.add(sources, problems)
}

// root looks for the paths of a profile in the root that it names. Paths of the host are
// not looked for: a profile is for many hosts, and skips what one of them lacks.
func (c *Check) root(p *policy.Policy) diag.List {
	if root := p.Filesystem.Root.V; root == "host" || len(policy.Unsupported(p)) > 0 {
		return nil
	}
	_, problems := compile.Compile(p, c.Host, compile.Command{})
	return slices.DeleteFunc(problems, func(d diag.Diagnostic) bool {
		return d.Code == compile.CodeStream || d.Code == compile.CodeLandlock // about the caller, and the kernel
	})
}

// inPlace warns of files that a program can't replace. What else is wrong with the paths
// of a profile depends on where jail is started.
func (c *Check) inPlace(p *policy.Policy) diag.List {
	var ignored diag.List
	return fstree.New(p, c.Host, "", &ignored).InPlace(c.Host)
}

func (c *Check) add(sources *diag.Sources, problems diag.List) {
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	for _, d := range problems {
		key := fmt.Sprintf("%s %v %s", d.Code, d.Subject, d.Summary)
		if c.seen[key] {
			continue
		}
		c.seen[key] = true
		c.Found = append(c.Found, d)
		c.Sources = append(c.Sources, sources)
	}
}

// Summary counts the profiles and what is wrong with them.
func (c *Check) Summary() string {
	errs := 0
	for i := range c.Found {
		if c.Found[i].Severity == diag.Error {
			errs++
		}
	}
	return fmt.Sprintf("%s checked: %s, %s\n",
		output.Count(c.count, "profile"), output.Count(errs, "error"), output.Count(len(c.Found)-errs, "warning"))
}

// unreadable counts the profiles that could not even be listed.
func unreadable(problems diag.List) int {
	files := map[string]bool{}
	for i := range problems {
		if d := &problems[i]; d.Severity == diag.Error {
			files[cmp.Or(d.Subject.File, d.Summary)] = true // the summary names one that could not be opened
		}
	}
	return len(files)
}
