package main

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"

	"github.com/jail-project/jail/score/probe"
)

// answersOf reads answers up to what is none, such as the last words of a
// probe that went wrong.
func answersOf(text []byte) ([]string, []byte) {
	var answers []string
	decoder := json.NewDecoder(bytes.NewReader(text))
	for {
		var answer string
		if err := decoder.Decode(&answer); err != nil {
			return answers, text[min(int(decoder.InputOffset()), len(text)):]
		}
		answers = append(answers, answer)
	}
}

// The names by which the probe is called: for all questions, and for one that
// its process may not survive.
const (
	probeName  = "jail-probe"
	probeApart = "jail-probe-apart"
)

// isProbe tells whether this process is a probe.
func isProbe(argv []string) bool {
	if len(argv) != 1 {
		return false
	}
	name := path.Base(argv[0])
	return name == probeName || name == probeApart
}

// probeVerb answers the questions on standard input. It does so only where
// score has started it: made from sealed memory.
func probeVerb(a *app, name string) int {
	if !probe.Sealed() {
		return a.fail("this is a part of `jail score --measure` and cannot be used by itself", "")
	}
	err := probe.Serve(os.Stdin, os.Stdout, func(q probe.Question) string {
		if path.Base(name) == probeApart {
			return probe.Answer(q)
		}
		return apart(q)
	})
	if err != nil {
		return a.fail(err.Error(), "")
	}
	return 0
}

// loaderRemedy says what to do where the probe does not start: an executable
// with a dynamic loader runs only in jails that show it and the libraries. A
// static one has no such need, and no remedy.
func loaderRemedy(self []byte) string {
	file, err := elf.NewFile(bytes.NewReader(self))
	if err != nil {
		return ""
	}
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			return "this build of jail, which is also the probe, needs a dynamic loader that the jail may not show: " +
				"measure with one that `make build` made, or `CGO_ENABLED=0 go build`"
		}
	}
	return ""
}

// apart has a question answered by another process.
func apart(q probe.Question) string {
	var in bytes.Buffer
	if err := json.NewEncoder(&in).Encode(q); err != nil {
		return "error: " + err.Error()
	}
	command := probe.Command(probeApart, &in)
	text, err := command.Output()
	if answers, _ := answersOf(text); len(answers) == 1 {
		return answers[0]
	}
	if signal, ok := probe.Killed(command); ok {
		return probe.Ended(signal)
	}
	return fmt.Sprint("error: ", errors.Join(err, errors.New("no answer")))
}
