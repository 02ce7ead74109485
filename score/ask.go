package score

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/score/probe"
	"github.com/jail-project/jail/seccomp"
)

// Outside is what only whoever measures knows: how things look from outside
// the jail, and what was put there for the probe to find.
type Outside struct {
	// Inode returns device and inode of a path, links followed; false when it
	// cannot be had.
	Inode func(path string) (device, inode uint64, ok bool)
	// Answer has a question answered outside, by the caller.
	Answer func(probe.Question) string
	// Namespaces holds the launcher's own: "ipc" to "ipc:[4026531839]".
	Namespaces map[string]string
	Devices    []string // of the file systems that the launcher sees, as "8:1"
	Abstract   string   // the name of an abstract socket that listens
	Port       int      // of 127.0.0.1 that listens
	Session    int      // the launcher's
	StdinFile  bool     // the probe's standard input is a file of the host
}

// Question is one question to the probe, and the answer that the plan
// promises.
type Question struct {
	Check   string // the id
	Subject string // what it is about, for people
	Want    string
	Ask     probe.Question
	// Reading turns the probe's answer into the words of Want.
	Reading func(answer string) string
}

// Questions turns every check that can be measured into questions. Some have
// none on this host: what they are about does not exist on it.
func Questions(in Input, out *Outside) []Question {
	f := newFacts(in)
	var all []Question
	for _, c := range Checks() {
		if c.ask == nil {
			continue
		}
		for _, q := range c.ask(f, out) {
			q.Check = c.ID
			all = append(all, q)
		}
	}
	return all
}

// Measurement is what the probe found about one question.
type Measurement struct {
	Question *Question
	Observed string
	Agrees   bool
}

// ErrNoAnswer says that the probe ended before it had answered everything.
var ErrNoAnswer = errors.New("the probe ended early")

// Compare holds the answers against what the plan promises. Questions without
// an answer disagree: not to know is not to agree.
func Compare(questions []Question, answers []string) ([]Measurement, error) {
	out := make([]Measurement, len(questions))
	for i := range questions {
		q := &questions[i]
		out[i] = Measurement{Question: q, Observed: "no answer"}
		if i < len(answers) {
			out[i].Observed = q.Reading(answers[i])
		}
		out[i].Agrees = out[i].Observed == q.Want
	}
	if len(answers) < len(questions) {
		return out, fmt.Errorf("%w, after %d of %d answers", ErrNoAnswer, len(answers), len(questions))
	}
	return out, nil
}

// asIs takes an answer as it is, without the "=" of one that is a text.
func asIs(answer string) string { return strings.TrimSpace(strings.TrimPrefix(answer, "=")) }

// line takes the value of one line "name: value" of a file of /proc.
func line(name string) func(string) string {
	return func(answer string) string {
		for l := range strings.Lines(answer) {
			l = strings.TrimPrefix(l, "=")
			if rest, ok := strings.CutPrefix(l, name); ok {
				return strings.TrimSpace(strings.TrimPrefix(rest, ":"))
			}
		}
		return "no " + name
	}
}

// askOne is one question.
func askOne(subject, want string, ask probe.Question, reading func(answer string) string) []Question {
	return []Question{{Subject: subject, Want: want, Ask: ask, Reading: reading}}
}

// askWhether asks about what is either so or not, with a word for each.
func askWhether(subject string, so bool, yes, no string, ask probe.Question, seen func(answer string) bool) []Question {
	word := func(is bool) string {
		if is {
			return yes
		}
		return no
	}
	return askOne(subject, word(so), ask, func(answer string) string { return word(seen(answer)) })
}

// toRead is the question what a file says.
func toRead(name string) probe.Question { return probe.Question{Kind: probe.Read, Name: name} }

// askStatus asks for a line of /proc/self/status, read by what.
func askStatus(name, subject, want string, what func(string) string) []Question {
	return askOne(subject, want, toRead("/proc/self/status"), func(answer string) string { return what(line(name)(answer)) })
}

// same leaves a text as it is.
func same(s string) string { return s }

// The words for what the program reaches of a path.
const (
	reachNone    = "out of reach"
	reachOverlay = "read, changes in a layer"
	reachRead    = "read"
	reachWrite   = "written"
	reachConnect = "in reach"
)

// askPath asks what a path of the jail leads to, and whether that is the file that the
// host has at another one. Nothing can be told about a path that does not exist outside.
func askPath(inside, path, want string, out *Outside) []Question {
	device, inode, ok := out.Inode(path)
	if !ok {
		return nil
	}
	return askOne(path, want, probe.Question{Kind: probe.Path, Name: inside}, func(answer string) string {
		return reachOf(answer, device, inode)
	})
}

// reachOf reads the answer to a question about a path.
func reachOf(answer string, device, inode uint64) string {
	var dev, ino uint64
	var mode string
	var kind uint32
	if n, _ := fmt.Sscanf(answer, "%d %d %s %v", &dev, &ino, &mode, &kind); n != 4 {
		return reachNone
	}
	switch {
	case kind == unix.OVERLAYFS_SUPER_MAGIC && (dev != device || ino != inode):
		return reachOverlay
	case dev != device || ino != inode:
		return reachNone
	case mode == "rw":
		return reachWrite
	}
	return reachRead
}

// askCalls asks what becomes of several syscalls.
func (f *facts) askCalls(calls []syscallOf) []Question {
	var all []Question
	for _, c := range calls {
		all = append(all, f.askCall(c)...)
	}
	return all
}

// The words for what becomes of a syscall.
const (
	callRefused = "refused"
	callAllowed = "allowed"
	callEnds    = "ends the program"
)

// askCall asks what becomes of a syscall. The arguments are such that the
// kernel itself has another error than the filter; kernelRefuses says that it
// has not, and then nothing can be told where the filter lets the call through.
func (f *facts) askCall(c syscallOf) []Question {
	number, ok := seccomp.SyscallNumber(c.name)
	if !ok {
		return nil
	}
	r := f.verdict(c.name, c.args)
	ask := probe.Question{Kind: probe.Call, Call: number, Args: c.args[:]}
	want, refusal := callAllowed, "EPERM"
	switch {
	case r != nil && r.Action == seccomp.Kill:
		want, ask.Ends = callEnds, true
	case r != nil && r.Action == seccomp.Errno:
		want, refusal = callRefused, unix.ErrnoName(unix.Errno(r.Errno))
	case c.kernelRefuses:
		return nil
	}
	return askOne(c.String(), want, ask, func(answer string) string {
		switch answer {
		case probe.Ended(unix.SIGSYS):
			return callEnds
		case refusal:
			return callRefused
		}
		return callAllowed
	})
}
