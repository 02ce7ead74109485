package main

import "github.com/jail-project/jail/policy/reference"

type schemaGrammar struct{}

func schemaVerb(a *app, args []string) int {
	if status, ok := a.parse("schema", "Print the JSON Schema of profiles, for editors.", &schemaGrammar{}, args); !ok {
		return status
	}
	if _, err := a.out.Write(reference.JSONSchema()); err != nil {
		return a.fail("cannot write the schema: "+err.Error(), "")
	}
	return 0
}
