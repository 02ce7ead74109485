package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/jail-project/jail/cmd/internal/build"
	"github.com/jail-project/jail/diag"
)

// verb is one command of jail.
type verb struct {
	name, help string
	run        func(a *app, args []string) int
}

// verbs lists the commands in the order of the help text.
func verbs() []verb {
	return []verb{
		{"run", "run a program in a jail (the default)", runVerb},
		{"check", "check profiles", checkVerb},
		{"show", "print a merged profile with the origin of every line", showVerb},
		{"plan", "print what a launch would do, step by step", planVerb},
		{"explain", "tell why a path, syscall or variable is allowed or not", explainVerb},
		{"score", "grade what a program in a jail is kept from", scoreVerb},
		{"list", "list profiles", listVerb},
		{"ps", "list the jails that run", psVerb},
		{"enter", "run a program in a jail that runs", enterVerb},
		{"stop", "end a jail", stopVerb},
		{"inspect", "compare a running jail with what is outside", inspectVerb},
		{"schema", "print the JSON Schema of profiles", schemaVerb},
		{"doctor", "examine this host", doctorVerb},
		{"completion", "print a completion script for a shell", completionVerb},
		{"version", "print the version", versionVerb},
		{"help", "print this text", helpVerb},
	}
}

// realMain does what a command line asks for.
func realMain(argv []string) int {
	a := newApp(argv)
	if isProbe(argv) {
		return probeVerb(a, argv[0])
	}
	var err error
	if a.caller, err = build.Caller(); err != nil {
		return a.fail(err.Error(), "install both of one build")
	}
	a.programs = build.Programs(a.caller)
	if len(argv) < 2 {
		return helpVerb(a, nil)
	}
	first := argv[1]
	if first == "--help" || first == "-h" {
		return helpVerb(a, nil)
	}
	if first == "--version" {
		return versionVerb(a, nil)
	}
	if !strings.HasPrefix(first, "-") {
		for _, v := range verbs() {
			if v.name == first {
				return v.run(a, argv[2:])
			}
		}
	}
	return runVerb(a, argv[1:])
}

// parse fills a verb's grammar from its arguments. It returns false and the
// exit status when the verb is not to go on.
func (a *app) parse(name, description string, grammar any, args []string) (int, bool) {
	if g, ok := grammar.(*runGrammar); ok && g.plainly(&a.line, args) {
		return 0, true
	}
	status, done := 0, false
	parser, err := kong.New(grammar, kong.Name("jail "+name), kong.Description(description),
		kong.Writers(a.out, a.err), kong.Help(helpPrinter(name)),
		kong.Exit(func(code int) { status, done = code, true }))
	if err != nil {
		fmt.Fprintf(a.err, "jail: internal error: %v\n", err)
		return exitFailed, false
	}
	_, err = parser.Parse(args)
	if done {
		return status, false
	}
	if err != nil {
		return a.report(a.ownSources(), diag.List{{
			Code: "usage", Summary: usageText(err.Error()), Subject: a.flagIn(err.Error()),
			Remedy: fmt.Sprintf("`jail %s --help` lists what there is", name),
		}}), false
	}
	return 0, true
}

// usageText says in plain words what kong says about missing values and
// arguments; other messages of kong's stay. For a flag of one letter every
// other one would be near.
func usageText(message string) string {
	if flag, rest, ok := strings.Cut(message, ": "); ok && strings.HasPrefix(flag, "-") &&
		(strings.HasPrefix(rest, "missing value") || strings.HasPrefix(rest, "expected string value")) {
		return flag + " needs a value"
	}
	if rest, ok := strings.CutPrefix(message, `expected "<`); ok {
		name, _, _ := strings.Cut(rest, ">")
		return "no " + name + " given"
	}
	if text, near, ok := strings.Cut(message, ", did you mean "); ok && strings.HasPrefix(near, `"-h"`) {
		return text
	}
	return message
}

// flagIn finds the argument that a message of kong begins with: kong names a
// flag and knows no places.
func (a *app) flagIn(message string) diag.Range {
	for word := range strings.FieldsSeq(message) {
		word, _, _ = strings.Cut(strings.TrimRight(word, ",:"), "=")
		for i, arg := range a.line.args {
			if name, _, _ := strings.Cut(arg, "="); strings.HasPrefix(word, "-") && name == word {
				return a.line.at(i, 0)
			}
		}
	}
	return diag.Range{}
}

// ownSources is the command line alone, for diagnostics before a profile is
// read.
func (a *app) ownSources() *diag.Sources {
	sources := new(diag.Sources)
	sources.Add(commandLineName, []byte(a.line.text))
	return sources
}
