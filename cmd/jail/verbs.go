package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/jail-project/jail/cmd/internal/build"
	"github.com/jail-project/jail/cmd/jail/internal/measurement"
	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/display/filtered"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/network/publish"
	"github.com/jail-project/jail/network/relay"
	"github.com/jail-project/jail/service"
)

// verb is one command of jail.
type verb struct {
	name, help         string
	usage, description string // for the help of the verb alone
	grammar            grammar
}

// grammar is what a verb reads its arguments into, for kong.
type grammar interface {
	// run does what the verb is for and returns the exit status.
	run(a *app, args []string) int
}

// verbs lists the commands in the order of the help text.
func verbs() []verb {
	return []verb{
		{
			"run", "run a program in a jail (the default)",
			"jail [run] [flags] [--] PROGRAM [ARGUMENT...]", "Run a program in a jail.", &runGrammar{},
		},
		{"check", "check profiles", "jail check [--json] [NAME|FILE...]", "Check profiles.", &checkGrammar{}},
		{
			"show", "print a merged profile with the origin of every line",
			"jail show [flags] NAME", "Print a merged profile with the origin of every line.", &showGrammar{},
		},
		{
			"plan", "print what a launch would do, step by step",
			"jail plan [flags] PROGRAM [ARGUMENT...]", "Print what a launch would do, step by step.", &planGrammar{},
		},
		{
			"explain", "tell why a path, syscall or variable is allowed or not", "jail explain [flags] NAME WHAT...",
			"Tell why a path, syscall, variable, capability or host is allowed or not.", &explainGrammar{},
		},
		{
			"score", "grade what a program in a jail is kept from",
			"jail score [flags] NAME", "Grade what a program in a jail is kept from.", &scoreGrammar{},
		},
		{
			"list", "list profiles",
			"jail list [--names|--json]", "List the profiles of the search path.", &listGrammar{},
		},
		{"ps", "list the jails that run", "jail ps [--names|--json]", "List the jails that run.", &psGrammar{}},
		{
			"enter", "run a program in a jail that runs",
			"jail enter ID [PROGRAM [ARGUMENT...]]", "Run a program in a jail that runs already.", &enterGrammar{},
		},
		{"stop", "end a jail", "jail stop [--grace DURATION] ID...", "End jails.", &stopGrammar{}},
		{
			"inspect", "compare a running jail with what is outside",
			"jail inspect [--json] ID", "Compare a running jail with what is outside.", &inspectGrammar{},
		},
		{
			"changes", "list what jails left in files that other programs run or obey", "jail changes [--json]",
			"List what jails have made or changed of files that other programs run or obey, and where it is if it was taken away.", &changesGrammar{},
		},
		{
			"schema", "print the JSON Schema of profiles",
			"jail schema", "Print the JSON Schema of profiles, for editors.", &schemaGrammar{},
		},
		{
			"doctor", "examine this host", "jail doctor [--json]",
			"Examine whether jails can start on this host, and what would be missing in them.", &doctorGrammar{},
		},
		{
			"completion", "print a completion script for a shell",
			"jail completion bash|zsh|fish", "Print a completion script for a shell.", &completionGrammar{},
		},
		{"version", "print the version", "jail version [--json]", "Print the version.", &versionGrammar{}},
		{name: "help", help: "print this text"},
	}
}

// verbOf finds a verb by its name, nil when there is none.
func verbOf(name string) *verb {
	all := verbs()
	if i := slices.IndexFunc(all, func(v verb) bool { return v.name == name }); i >= 0 {
		return &all[i]
	}
	return nil
}

// usage is the form of a verb's arguments.
func usage(name string) string { return verbOf(name).usage }

// serve is a service's process. The launcher reads what it writes to stderr.
func (a *app) serve(run func() error) int {
	if err := run(); err != nil {
		_, _ = fmt.Fprintln(a.err, err)
		return 1
	}
	return 0
}

// realMain does what a command line asks for.
func realMain(argv []string) int {
	a := &app{out: os.Stdout, err: os.Stderr, line: newCommandLine(argv)}
	if measurement.IsProbe(argv) {
		return probeVerb(a, argv[0])
	}
	switch service.Name(argv) {
	case relay.Name:
		return a.serve(relay.Run)
	case publish.Name:
		return a.serve(publish.Run)
	case filtered.Name:
		return a.serve(filtered.Run)
	}
	var err error
	if a.caller, err = build.Caller(); err != nil {
		return a.fail(err.Error(), "install both of one build")
	}
	a.programs = build.Programs(a.caller)
	if len(argv) < 2 {
		return a.help(nil)
	}
	switch first := argv[1]; first {
	case "--help", "-h":
		return a.help(nil)
	case "--version":
		return a.do(verbOf("version"), nil)
	default:
		if v := verbOf(first); v != nil {
			return a.do(v, argv[2:])
		}
	}
	return a.do(verbOf("run"), argv[1:])
}

// do has a verb do what its arguments ask for.
func (a *app) do(v *verb, args []string) int {
	switch v.name {
	case "help":
		return a.help(args)
	case "run":
		if status, done := a.relaunch(); done {
			return status
		}
	}
	if status, ok := a.parse(v, args); !ok {
		return status
	}
	return v.grammar.run(a, args)
}

// parse fills a verb's grammar from its arguments. It returns false and the
// exit status when the verb is not to go on.
func (a *app) parse(v *verb, args []string) (int, bool) {
	if g, ok := v.grammar.(*runGrammar); ok && g.plainly(&a.line, args) {
		return 0, true
	}
	status, done := 0, false
	parser, err := kong.New(v.grammar, kong.Name("jail "+v.name), kong.Description(v.description),
		kong.Writers(a.out, a.err), kong.Help(v.printHelp),
		kong.Exit(func(code int) { status, done = code, true }))
	if err != nil {
		fmt.Fprintf(a.err, "jail: internal error: %v\n", err)
		return plan.ExitFailed, false
	}
	_, err = parser.Parse(args)
	if done {
		return status, false
	}
	if err != nil {
		return a.report(a.ownSources(), diag.List{{
			Code: "usage", Summary: usageText(err.Error()), Subject: a.flagIn(err.Error()),
			Remedy: fmt.Sprintf("`jail %s --help` lists what there is", v.name),
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
