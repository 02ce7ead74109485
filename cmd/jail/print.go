package main

import "github.com/jail-project/jail/cmd/jail/internal/output"

// printJSON writes a value, indented, and returns the exit status.
func (a *app) printJSON(value any) int {
	text, err := output.JSON(value)
	if err != nil {
		return a.fail("internal error: "+err.Error(), "")
	}
	return a.print(text)
}

// print writes the output of a verb and returns the exit status: output that
// can't be written is a failure.
func (a *app) print(output []byte) int {
	if _, err := a.out.Write(output); err != nil {
		return a.fail("cannot write the output: "+err.Error(), "")
	}
	return 0
}
