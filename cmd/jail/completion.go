package main

import (
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/jail-project/jail/cmd/jail/internal/completion"
)

type completionGrammar struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// run prints what a shell sources to complete jail's command line.
func (g *completionGrammar) run(a *app, args []string) int {
	model, err := verbsWithFlags()
	if err != nil {
		return a.fail("internal error: "+err.Error(), "")
	}
	return a.print([]byte(completion.Script(g.Shell, model)))
}

// verbsWithFlags are all verbs with the flags of their grammars.
func verbsWithFlags() ([]completion.Verb, error) {
	var out []completion.Verb
	for _, v := range verbs() {
		one := completion.Verb{Name: v.name, Help: v.help}
		if v.grammar != nil {
			parser, err := kong.New(v.grammar, kong.Name("jail "+v.name))
			if err != nil {
				return nil, fmt.Errorf("the grammar of %s: %w", v.name, err)
			}
			for _, f := range parser.Model.Flags {
				one.Flags = append(one.Flags, completion.Flag{Name: f.Name, Help: f.Help, TakesValue: !f.IsBool()})
			}
		}
		out = append(out, one)
	}
	return out, nil
}
