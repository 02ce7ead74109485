package service

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/confine"
)

// prefix begins the argument 0 of a service's process, by which the executable tells that
// it is one.
const prefix = "jail-service-"

// Name tells which service this process is, from its arguments; "" for none.
func Name(argv []string) string {
	if len(argv) != 1 {
		return ""
	}
	name, is := strings.CutPrefix(path.Base(argv[0]), prefix)
	if !is {
		return ""
	}
	return name
}

// control is the descriptor of a service that leads to its launcher. Those that were
// passed in come behind it.
const control = 3

// Passed is what a service was started with.
type Passed struct {
	Sockets []int  // in the order of Options
	Setting []byte // likewise
}

// words of the launcher and of a service to each other.
const readyWord = "ready"

// Serve is called first in a service's process. It receives the sockets and options from
// the launcher, calls the service's preparation, installs a stricter filter, and tells the
// launcher that the service is ready. The caller then runs the service; it writes an error
// to standard error and exits.
func Serve(prepare func(Passed) error) (Passed, error) {
	var passed Passed
	message, rights := make([]byte, 1+1+mostMessage), make([]byte, unix.CmsgSpace(4))
	n, rn, _, _, err := unix.Recvmsg(control, message, rights, unix.MSG_CMSG_CLOEXEC)
	if err != nil || n < 2 {
		return passed, errors.Join(errors.New("a service is started by a launcher"), err)
	}
	for i := range int(message[0]) {
		passed.Sockets = append(passed.Sockets, control+1+i)
		unix.CloseOnExec(control + 1 + i)
	}
	passed.Setting = message[2:n]
	if long := received(rights[:rn]); long != nil {
		passed.Setting, err = io.ReadAll(long)
		if err = errors.Join(err, long.Close()); err != nil {
			return passed, fmt.Errorf("read the setting: %w", err)
		}
	}
	if err := prepare(passed); err != nil {
		return passed, err
	}
	if err := confine.Install(filter(families(message[1]), true)); err != nil {
		return passed, err
	}
	if _, err := unix.Write(control, []byte(readyWord)); err != nil {
		return passed, fmt.Errorf("tell the launcher: %w", err)
	}
	return passed, nil
}

// Run answers what the launcher asks and tells, see Answer, while the service serves. It
// returns when the launcher is gone, or with what ended the service before.
func (p *Passed) Run(answer func(question string, file *os.File) []byte, serve func() error) error {
	ended := make(chan error, 2)
	go func() {
		p.Answer(answer)
		ended <- nil
	}()
	go func() { ended <- serve() }()
	return <-ended
}

// Answer answers what the launcher asks, until the launcher is gone. For what it only tells
// the answer is nil, and none is sent. What it is told may come with a file, which is the
// function's to close.
func (*Passed) Answer(answer func(question string, file *os.File) []byte) {
	question, rights := make([]byte, 256), make([]byte, unix.CmsgSpace(4))
	for {
		n, rn, _, _, err := unix.Recvmsg(control, question, rights, unix.MSG_CMSG_CLOEXEC)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			return
		}
		text := answer(string(question[:n]), received(rights[:rn]))
		if text != nil {
			_, _ = unix.Write(control, append(text[:min(len(text), MostAnswer)], answerEnd))
		}
	}
}

// received is the file that came with a message, nil for none.
func received(rights []byte) *os.File {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil || len(messages) != 1 {
		return nil
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return nil
	}
	return os.NewFile(uintptr(fds[0]), "passed")
}

// answerEnd ends each answer, so that none is empty, which would be an end of file to the
// launcher.
const answerEnd = '\n'
