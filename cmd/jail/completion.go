package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/jail-project/jail/caps"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/kind"
	"github.com/jail-project/jail/seccomp"
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
	model, err := completionModel()
	if err != nil {
		return a.fail("internal error: "+err.Error(), "")
	}
	script := ""
	switch g.Shell {
	case "bash":
		script = bashScript(model)
	case "zsh":
		script = zshScript(model)
	case "fish":
		script = fishScript(model)
	}
	return a.print([]byte(script))
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

// completedVerb is what the scripts know about a verb.
type completedVerb struct {
	name, help string
	flags      []completedFlag
	argument   valueKind // of the arguments that are not flags
}

// completedFlag is a flag that can be completed.
type completedFlag struct {
	name, help string
	takesValue bool
	value      valueKind
	words      []string // for wordValue
}

// valueKind is what a value can be completed from.
type valueKind int

const (
	noValue      valueKind = iota // nothing is known about it
	wordValue                     // one of a few words
	fileValue                     // a path
	dirValue                      // a directory
	profileValue                  // a profile or a file
	programValue                  // a program and its arguments
	jailValue                     // a jail that runs
)

func completionModel() ([]completedVerb, error) {
	var model []completedVerb
	for _, v := range verbs() {
		done := completedVerb{name: v.name, help: v.help, argument: argumentOf(v.name)}
		if grammar := grammarOf(v.name); grammar != nil {
			parser, err := kong.New(grammar, kong.Name("jail "+v.name))
			if err != nil {
				return nil, fmt.Errorf("the grammar of %s: %w", v.name, err)
			}
			for _, f := range parser.Model.Flags {
				flag := completedFlag{name: f.Name, help: f.Help, takesValue: !f.IsBool()}
				flag.value, flag.words = valueOf(f.Name)
				done.flags = append(done.flags, flag)
			}
		}
		model = append(model, done)
	}
	return model, nil
}

func argumentOf(verb string) valueKind {
	switch verb {
	case "run", "plan":
		return programValue
	case "check", "show", "explain", "score":
		return profileValue
	case "enter", "stop", "inspect":
		return jailValue
	case "completion":
		return wordValue
	}
	return noValue
}

// shells are the words that completion takes.
func shells() []string { return []string{"bash", "zsh", "fish"} }

// valueOf tells what the value of a flag can be.
func valueOf(flag string) (valueKind, []string) {
	switch flag {
	case "profile":
		return profileValue, nil
	case "read", "write", "hide", "tmpfs", "overlay":
		return fileValue, nil
	case "root":
		return dirValue, nil
	case "home":
		return wordValue, []string{"host", "private", "empty"}
	case "user":
		return wordValue, []string{"keep", "root", "nobody"}
	case "network":
		return wordValue, []string{"none", "host"}
	case "share":
		return wordValue, []string{"pid", "ipc", "uts", "cgroup"}
	case "keep-cap", "drop-cap":
		return wordValue, append(caps.Names(), "all")
	case "allow-syscall", "deny-syscall":
		return wordValue, seccomp.GroupNames()
	case "set", "replace":
		return wordValue, leafKeys(policy.Schema(), "", flag == "set")
	}
	return noValue, nil
}

// leafKeys lists the keys of the profile language that a flag takes: for
// --set all that hold a value, with "=" behind them, for --replace the lists.
func leafKeys(key *policy.Key, prefix string, set bool) []string {
	var names []string
	for i := range key.Keys {
		k := &key.Keys[i]
		switch {
		case k.Kind == kind.Mapping:
			names = append(names, leafKeys(k, prefix+k.Name+".", set)...)
		case k.Own, k.Name == "tests", set && k.Kind == kind.Variables, !set && k.Kind != kind.List:
		case set:
			names = append(names, prefix+k.Name+"=")
		default:
			names = append(names, prefix+k.Name)
		}
	}
	return names
}

// quoted puts a text into single quotes for a shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// firstSentence shortens a help text to what fits beside a completion.
func firstSentence(help string) string {
	if end := strings.Index(help, ". "); end > 0 {
		help = help[:end]
	}
	return strings.TrimSuffix(help, ".")
}
