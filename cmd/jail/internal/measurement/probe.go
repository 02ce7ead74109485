package measurement

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path"
	"slices"
	"syscall"

	"github.com/jail-project/jail/score/probe"
)

// answersOf reads answers up to the first line that is none, such as the error of a
// probe.
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
	ProbeName  = "jail-probe"
	ProbeApart = "jail-probe-apart"
)

// IsProbe tells whether this process is a probe.
func IsProbe(argv []string) bool {
	return len(argv) == 1 && slices.Contains([]string{ProbeName, ProbeApart}, path.Base(argv[0]))
}

// apart has a question answered by another process: by this program once more.
// A Go program that the kernel wants to end by SIGSYS may end itself by another exit.
func apart(q probe.Question) string {
	var in bytes.Buffer
	if err := json.NewEncoder(&in).Encode(q); err != nil {
		return "error: " + err.Error()
	}
	command := exec.Cmd{Path: "/proc/self/exe", Args: []string{ProbeApart}, Env: []string{}, Stdin: &in}
	text, err := command.Output()
	if answers, _ := answersOf(text); len(answers) == 1 {
		return answers[0]
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return probe.Ended(status.Signal())
		}
	}
	return fmt.Sprint("error: ", errors.Join(err, errors.New("no answer")))
}

// Serve answers the questions that a process called by one of these names reads.
func Serve(name string, in io.Reader, out io.Writer) error {
	return probe.Serve(in, out, func(q probe.Question) string {
		if path.Base(name) == ProbeApart {
			return probe.Answer(q)
		}
		return apart(q)
	})
}
