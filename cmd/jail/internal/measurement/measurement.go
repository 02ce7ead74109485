// Package measurement starts a probe in a jail and holds what it observes against what was
// graded. The probe is jail itself, under another name.
package measurement

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/launch"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/memfile"
	"github.com/jail-project/jail/score"
	"github.com/jail-project/jail/score/probe"
)

// measureTime bounds a probe that does not come to an end.
const measureTime = 30 * time.Second

// Jail is what is measured: a jail on this host.
type Jail struct {
	Host    *host.Host
	Options func() launch.Options // those of one launch
}

// Measure starts the probe in the jail of a plan and compares what it observes with what
// was graded. A probe that ended early is the subject of a warning. An error can be
// a *launch.Failure.
func (j *Jail) Measure(p *plan.Plan, in score.Input) ([]score.Measurement, diag.List, error) {
	m := measurement{Jail: j}
	defer m.close()
	out, err := m.outside()
	if err != nil {
		return nil, nil, err
	}
	questions := score.Questions(in, out)
	answers, err := m.run(p, questions)
	if err != nil {
		return nil, nil, err
	}
	found, err := score.Compare(questions, answers)
	if err != nil {
		next := questions[len(answers)]
		return found, diag.List{{
			Severity: diag.Warning, Code: "probe-ended",
			Summary: fmt.Sprintf("%v; it was asked about %s (%s)", err, diag.Quote(next.Subject), next.Check),
		}}, nil
	}
	return found, nil, nil
}

// Rehearse launches a jail in which nothing is asked but one thing that every
// probe can tell.
func (j *Jail) Rehearse(p *plan.Plan) error {
	m := measurement{Jail: j}
	defer m.close()
	_, err := m.run(p, []score.Question{{Ask: probe.Question{Kind: probe.Session}}})
	return err
}

// measurement is what has to be given back when it is over.
type measurement struct {
	*Jail
	closers []io.Closer
}

func (m *measurement) keep(c io.Closer) { m.closers = append(m.closers, c) }

func (m *measurement) close() {
	for _, c := range m.closers {
		_ = c.Close() // it was only read from
	}
}

// outside observes the host from here, and makes the sockets and files that the probe
// tries to reach.
func (m *measurement) outside() (*score.Outside, error) {
	out := &score.Outside{Namespaces: map[string]string{}, Inode: inode, Answer: probe.Answer, StdinFile: m.Host.Stdio[0].Kind == host.StreamFile}
	for _, name := range [...]string{"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"} {
		link, err := os.Readlink("/proc/self/ns/" + name)
		if err != nil {
			return nil, err
		}
		out.Namespaces[name] = link
	}
	out.Session, _ = unix.Getsid(0)
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	for l := range strings.Lines(string(table)) {
		if fields := strings.Fields(l); len(fields) > 2 {
			out.Devices = append(out.Devices, fields[2])
		}
	}
	out.Abstract = "jail-score-" + m.Host.RandomID
	if _, err := m.listen(unix.AF_UNIX, &unix.SockaddrUnix{Name: "@" + out.Abstract}); err != nil {
		return nil, fmt.Errorf("listen on an abstract socket: %w", err)
	}
	at, err := m.listen(unix.AF_INET, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	if err != nil {
		return nil, fmt.Errorf("listen on the loopback: %w", err)
	}
	if in, ok := at.(*unix.SockaddrInet4); ok {
		out.Port = in.Port
	}
	return out, nil
}

func inode(name string) (device, number uint64, ok bool) {
	var st unix.Stat_t
	err := unix.Stat(name, &st)
	return uint64(st.Dev), st.Ino, err == nil //nolint:unconvert // Dev has 32 bits elsewhere
}

// listen makes a socket that can be connected to, and returns its address. It
// accepts nothing: to be in the queue is to have reached it.
func (m *measurement) listen(family int, at unix.Sockaddr) (unix.Sockaddr, error) {
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	m.keep(os.NewFile(uintptr(fd), "socket"))
	if err := unix.Bind(fd, at); err != nil {
		return nil, err
	}
	if err := unix.Listen(fd, 8); err != nil {
		return nil, err
	}
	return unix.Getsockname(fd)
}

// run has the probe answer the questions.
func (m *measurement) run(plan *plan.Plan, questions []score.Question) ([]string, error) {
	input, err := m.questions(questions)
	if err != nil {
		return nil, err
	}
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	program, err := memfile.Executable(ProbeName, self)
	if err != nil {
		return nil, err
	}
	m.keep(program)
	output, end, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	m.keep(output)
	carrier := compile.Carry(plan, compile.Payload{
		Program: int(program.Fd()), Argv: []string{ProbeName}, Time: measureTime,
		Input: int(input.Fd()), Output: int(end.Fd()), Error: int(end.Fd()),
	})
	options := m.Options()
	options.Confined = false // more is to be launched, read and printed afterwards
	process, failure := launch.Start(carrier, nil, options)
	end.Close()
	if failure != nil {
		return nil, failure
	}
	// To wait is to serve: the probe's connections are answered meanwhile.
	var text []byte
	done := make(chan struct{})
	go func() {
		defer close(done)
		text, err = io.ReadAll(io.LimitReader(output, maxAnswers))
	}()
	ended := process.Wait()
	// All of the jail has ended; nothing else is to be waited for that may
	// have its end of the pipe.
	_ = output.SetReadDeadline(time.Now().Add(time.Second))
	<-done
	if err != nil {
		return nil, err
	}
	answers, rest := answersOf(text)
	if len(answers) == 0 {
		return nil, fmt.Errorf("the probe does not run in this jail: it ended with exit status %d%s", ended, firstLine(rest))
	}
	return answers, nil
}

// maxAnswers is far more than all answers of a probe; there is no more to
// read from one that went wrong.
const maxAnswers = 64 << 20

// Streams is what the probe has as standard input, output and error: a
// file that is open for reading, where a jail takes files, and pipes.
func Streams(file bool) [3]host.Stream {
	in := host.Stream{Read: true}
	if file {
		in.Kind = host.StreamFile
	}
	return [...]host.Stream{in, {Write: true}, {Write: true}}
}

// questions writes what is asked into a file without a name. It is the
// probe's standard input, opened for reading only, so that the probe can try
// to write to it. A jail that takes no file gets a pipe.
func (m *measurement) questions(list []score.Question) (*os.File, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	for i := range list {
		if err := encoder.Encode(list[i].Ask); err != nil {
			return nil, err
		}
	}
	if m.Host.Stdio[0].Kind != host.StreamFile {
		input, end, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		m.keep(input)
		go func() {
			_, _ = end.Write(b.Bytes()) // the probe may have ended
			end.Close()
		}()
		return input, nil
	}
	file, err := os.CreateTemp("", "jail-score-")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	defer func() { _ = os.Remove(file.Name()) }()
	if _, err := file.Write(b.Bytes()); err != nil {
		return nil, err
	}
	input, err := os.Open(file.Name())
	if err == nil {
		m.keep(input)
	}
	return input, err
}

func firstLine(text []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	if line == "" {
		return ""
	}
	return " and said " + diag.Quote(line)
}
