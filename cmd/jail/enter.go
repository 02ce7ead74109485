package main

import (
	"os"
	"path"

	"github.com/jail-project/jail/cmd/jail/internal/entrance"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/launch"
)

type enterGrammar struct {
	Words []string `arg:"" name:"ID" passthrough:"partial" help:"The jail, then a program and its arguments. Without a program it is a shell."`
}

// run runs a program in a jail that runs already, confined like the
// jail's own. The exit status is that of run.
func (g *enterGrammar) run(a *app, args []string) int {
	// kong changes what is no UTF-8; the words are the last of the arguments.
	g.Words = undashed(args[len(args)-len(g.Words):])
	if len(g.Words) == 0 {
		return a.fail("no ID given", usage("enter"))
	}
	j, status := a.findJail(g.Words[0])
	if j == nil {
		return status
	}
	defer j.Close()
	if status, ok := a.findTerminal(); !ok {
		return status
	}
	plan, entry, problems, err := entrance.Plan(j, &compile.Join{
		Env: os.Environ(), Argv: undashed(g.Words[1:]), Shell: shell(), Stdio: host.ReadStreams(), Terminal: a.terminal,
	})
	if err != nil {
		return a.fail("cannot enter "+diag.Quote(j.ID)+": "+err.Error(), openFilesRemedy(err))
	}
	if problems.HasErrors() {
		return a.report(nil, problems)
	}
	process, failure := launch.Start(plan, nil, launch.Options{Terminal: a.terminal, Sockets: entry.Sockets(), Confined: true})
	if failure != nil {
		a.report(nil, diag.List{failure.Diagnostic()})
		return failure.ExitStatus()
	}
	unconfined := process.Confine()
	status = process.Wait()
	if unconfined != nil {
		return a.fail("what entered the jail was ended: "+unconfined.Error(), "")
	}
	process.EndLikeProgram(status)
	return status
}

// undashed is without the "--" that a list of words may begin with.
func undashed(words []string) []string {
	if len(words) > 0 && words[0] == "--" {
		return words[1:]
	}
	return words
}

// shell is the caller's shell, "" when that is not known.
func shell() string {
	if s := os.Getenv("SHELL"); path.IsAbs(s) {
		return s
	}
	return ""
}
