package main

import (
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/jail-project/jail/cmd/jail/internal/completion"
)

type completionGrammar struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// completionVerb prints what a shell sources to complete jail's command line.
// Verbs, flags and their values are those of the grammars; the names of
// profiles are asked of jail when they are needed.
func completionVerb(a *app, args []string) int {
	var g completionGrammar
	if status, ok := a.parse("completion", "Print a completion script for a shell.", &g, args); !ok {
		return status
	}
	model, err := verbsWithFlags()
	if err != nil {
		return a.fail("internal error: "+err.Error(), "")
	}
	return a.print([]byte(completion.Script(g.Shell, model)))
}

// grammarOf is the grammar of a verb, nil for one without any.
func grammarOf(name string) any {
	switch name {
	case "run":
		return &runGrammar{}
	case "check":
		return &checkGrammar{}
	case "show":
		return &showGrammar{}
	case "plan":
		return &planGrammar{}
	case "explain":
		return &explainGrammar{}
	case "score":
		return &scoreGrammar{}
	case "list":
		return &listGrammar{}
	case "ps":
		return &psGrammar{}
	case "enter":
		return &enterGrammar{}
	case "stop":
		return &stopGrammar{}
	case "inspect":
		return &inspectGrammar{}
	case "schema":
		return &schemaGrammar{}
	case "doctor":
		return &doctorGrammar{}
	case "completion":
		return &completionGrammar{}
	case "version":
		return &versionGrammar{}
	}
	return nil
}

// verbsWithFlags are all verbs with the flags of their grammars.
func verbsWithFlags() ([]completion.Verb, error) {
	var out []completion.Verb
	for _, v := range verbs() {
		one := completion.Verb{Name: v.name, Help: v.help}
		if grammar := grammarOf(v.name); grammar != nil {
			parser, err := kong.New(grammar, kong.Name("jail "+v.name))
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
