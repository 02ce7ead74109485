package main

import (
	"bytes"
	"fmt"

	"github.com/alecthomas/kong"
)

// helpVerb prints the help of one verb, or what there is.
func helpVerb(a *app, args []string) int {
	for _, v := range verbs() {
		if len(args) > 0 && v.name == args[0] && v.name != "help" {
			return v.run(a, []string{"--help"})
		}
	}
	fmt.Fprint(a.out, `Usage: jail [flags] PROGRAM [ARGUMENT...]
       jail VERB ...

Run a program with only what its profile grants. The profile is the one named
like the program or listing it; without one, the profile "default".

Verbs:
`)
	for _, v := range verbs() {
		fmt.Fprintf(a.out, "  %-11s %s\n", v.name, v.help)
	}
	fmt.Fprint(a.out, `
`+"`jail run --help`"+` lists the flags that widen or narrow a profile. A program that
has the name of a verb is run with `+"`jail run NAME`"+` or `+"`jail -- NAME`"+`.
`)
	return 0
}

// helpPrinter prints the help of a verb. Kong would put the flags behind the
// arguments, where run and plan take them for the program's.
func helpPrinter(verb string) kong.HelpPrinter {
	return func(options kong.HelpOptions, ctx *kong.Context) error {
		out := ctx.Stdout
		var b bytes.Buffer
		ctx.Stdout = &b
		err := kong.DefaultHelpPrinter(options, ctx)
		ctx.Stdout = out
		if err != nil {
			return err
		}
		_, rest, _ := bytes.Cut(b.Bytes(), []byte("\n"))
		_, err = fmt.Fprintf(out, "Usage: %s\n%s", usage(verb), rest)
		return err
	}
}

// usage is the form of a verb's arguments.
func usage(verb string) string {
	switch verb {
	case "run":
		return "jail [run] [flags] [--] PROGRAM [ARGUMENT...]"
	case "plan":
		return "jail plan [flags] PROGRAM [ARGUMENT...]"
	case "show":
		return "jail show [flags] NAME"
	case "explain":
		return "jail explain [flags] NAME WHAT..."
	case "score":
		return "jail score [flags] NAME"
	case "check":
		return "jail check [--json] [NAME|FILE...]"
	case "completion":
		return "jail completion bash|zsh|fish"
	case "list":
		return "jail list [--names|--json]"
	case "ps":
		return "jail ps [--names|--json]"
	case "enter":
		return "jail enter ID [PROGRAM [ARGUMENT...]]"
	case "stop":
		return "jail stop [--grace DURATION] ID..."
	case "inspect":
		return "jail inspect [--json] ID"
	case "doctor", "version":
		return "jail " + verb + " [--json]"
	}
	return "jail " + verb
}
