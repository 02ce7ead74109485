package main

import (
	"bytes"
	"fmt"

	"github.com/alecthomas/kong"
)

// help prints the help of one verb, or what there is.
func (a *app) help(args []string) int {
	if len(args) > 0 && args[0] != "help" {
		if v := verbOf(args[0]); v != nil {
			return a.do(v, []string{"--help"})
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

// printHelp prints the help of a verb. Kong would put the flags behind the
// arguments, where run and plan take them for the program's.
func (v *verb) printHelp(options kong.HelpOptions, ctx *kong.Context) error {
	out := ctx.Stdout
	var b bytes.Buffer
	ctx.Stdout = &b
	err := kong.DefaultHelpPrinter(options, ctx)
	ctx.Stdout = out
	if err != nil {
		return err
	}
	_, rest, _ := bytes.Cut(b.Bytes(), []byte("\n"))
	_, err = fmt.Fprintf(out, "Usage: %s\n%s", v.usage, rest)
	return err
}
