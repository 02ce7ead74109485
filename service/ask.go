package service

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/memfile"
)

// introduce tells the service what it was passed, and waits until it is ready.
func (s *Service) introduce(o *Options) error {
	message, rights := []byte{byte(len(o.Sockets)), byte(o.connects())}, []byte(nil)
	if len(o.Setting) <= mostMessage {
		message = append(message, o.Setting...)
	} else {
		file, err := memfile.Data(prefix+o.Name, o.Setting)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		rights = unix.UnixRights(int(file.Fd()))
	}
	if err := unix.Sendmsg(s.control, message, rights, nil, unix.MSG_NOSIGNAL); err != nil {
		return fmt.Errorf("it ended before it was told what to do: %w", err)
	}
	word, err := s.receive(len(readyWord)+1, patience)
	switch {
	case errors.Is(err, errSilent):
		return fmt.Errorf("it is not ready after %v", patience)
	case err != nil || len(word) == 0:
		return errors.New("it ended before it was ready")
	case string(word) != readyWord:
		return errors.New("it sent something else than that it is ready")
	}
	return nil
}

// errSilent is why nothing was received.
var errSilent = errors.New("it does not answer")

// receive returns the next message of the service, as far as it has no more bytes than
// most; none at end of file.
func (s *Service) receive(most int, wait time.Duration) ([]byte, error) {
	fds := []unix.PollFd{{Fd: int32(s.control), Events: unix.POLLIN}}
	for end := time.Now().Add(wait); ; {
		n, err := unix.Poll(fds, max(0, int(time.Until(end).Milliseconds())))
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return nil, err
		case n == 0:
			return nil, errSilent
		}
		message := make([]byte, most)
		n, err = unix.Read(s.control, message)
		return message[:max(n, 0)], err
	}
}

// MostAnswer is how long the answer of a service can be.
const MostAnswer = 64 << 10

// ErrEnded is why a service that has ended does not answer.
var ErrEnded = errors.New("it has ended")

// Ask asks a service something, which answers in Passed.Answer. It waits a second at most,
// also for a service that does not read or that sends something else without end. A
// confined launcher can do it. The error is ErrEnded if the service has ended.
func (s *Service) Ask(question string) ([]byte, error) {
	if _, err := unix.Write(s.control, []byte(question)); errors.Is(err, unix.EPIPE) {
		return nil, ErrEnded
	} else if err != nil {
		return nil, err
	}
	answer, err := s.receive(MostAnswer+1, time.Second)
	switch {
	case errors.Is(err, unix.ECONNRESET), err == nil && len(answer) == 0: // end of file
		return nil, ErrEnded
	case err != nil:
		return nil, err
	}
	return answer[:len(answer)-1], nil // without answerEnd
}

// Tell tells a service something, which Passed.Answer takes like a question, and for which
// there is no answer. It gets a descriptor as well if that is not negative. A service that
// does not read what it was told is not waited for (EAGAIN).
func (s *Service) Tell(message string, descriptor int) error {
	var rights []byte
	if descriptor >= 0 {
		rights = unix.UnixRights(descriptor)
	}
	return unix.Sendmsg(s.control, []byte(message), rights, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
}
