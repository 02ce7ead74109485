package main

import "github.com/jail-project/jail/policy/reference"

type schemaGrammar struct{}

func (*schemaGrammar) run(a *app, _ []string) int {
	if _, err := a.out.Write(reference.JSONSchema()); err != nil {
		return a.fail("cannot write the schema: "+err.Error(), "")
	}
	return 0
}
