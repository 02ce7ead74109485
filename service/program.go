package service

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/launch"
	"github.com/jail-project/jail/policy"
)

// Program is a program of the host that is to run beside a jail, confined like a service:
// it has a network without anything in it, no home and no file of the user's. It may
// execute what is in /usr.
type Program struct {
	Name string
	// Host is the machine and the caller, as for the jail itself.
	Host *host.Host
	// Argv are the program's path, which is absolute, and its arguments. Env is its whole
	// environment.
	Argv, Env []string
	// Passed are descriptors of the launcher that the program gets from 3 on,
	// compile.MostFurther at most. The launcher's own copies are its to close.
	Passed []int
	// Display is what it reaches of the host's displays.
	Display policy.Display
	// LandlockOptional is for a jail whose profile does without Landlock where the
	// kernel has none.
	LandlockOptional bool
}

// Started is a program that runs, and the jail that it is in.
type Started struct {
	*Service
	Compiled *compile.Compiled
	// Sockets are those at which its own jail listens for displays, in the order of the
	// plan. They are the caller's to close.
	Sockets []int
}

// StartProgram starts a program. It runs when this returns, and may not be ready.
func StartProgram(o Program) (*Started, error) {
	s, err := startProgram(&o)
	if err != nil {
		return nil, fmt.Errorf("the program %s: %w", o.Argv[0], err)
	}
	return s, nil
}

func startProgram(o *Program) (*Started, error) {
	if len(o.Passed) > compile.MostFurther {
		return nil, errors.New("too much is passed to it")
	}
	var d descriptors
	defer d.close()
	load, err := d.streams(3 + len(o.Passed))
	if err != nil {
		return nil, err
	}
	for _, fd := range o.Passed {
		if fd, err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3+len(o.Passed)); err != nil {
			return nil, fmt.Errorf("pass a descriptor: %w", err)
		}
		d.add(fd)
		load.Further = append(load.Further, fd)
	}
	h := *o.Host
	h.Terminal, h.Cwd = nil, "/"
	h.Stdio = [3]host.Stream{{Kind: host.StreamDevice, Read: true}, {Kind: host.StreamDevice, Write: true}, {Write: true}}
	compiled, problems := compile.Compile(o.policy(), &h, compile.Command{Argv: o.Argv, Filter: programFilter()})
	if problems.HasErrors() {
		return nil, problems
	}
	process, failure := launch.Start(compile.Connect(compiled.Plan, load), nil, launch.Options{})
	if failure != nil {
		return nil, failure
	}
	s := &Service{name: o.Name, process: process, control: -1, said: d.keep(1)}
	return &Started{Service: s, Compiled: compiled, Sockets: process.TakeRelayed()}, nil
}

// streams makes the standard streams: nothing to read, and a pipe that the launcher reads
// the program's complaints from. A program that says more than the pipe holds loses the
// rest, and does not wait. below is the first number that no descriptor is passed as.
func (d *descriptors) streams(below int) (compile.Payload, error) {
	load := compile.Payload{}
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	for err == nil && null < below {
		d.add(null)
		null, err = unix.FcntlInt(uintptr(null), unix.F_DUPFD_CLOEXEC, below)
	}
	if err != nil {
		return load, err
	}
	d.add(null)
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return load, err
	}
	for i, fd := range pipe {
		if pipe[i], err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, below); err != nil {
			return load, err
		}
		d.add(fd, pipe[i])
	}
	d.own[1] = pipe[0]
	load.Input, load.Output, load.Error = null, null, pipe[1]
	return load, nil
}

// policy is what such a program is granted: files that programs of the system are made of,
// fonts, data of keyboards, and a directory for temporary files in memory.
func (o *Program) policy() *policy.Policy {
	p := policyOf(&Options{Name: o.Name, LandlockOptional: o.LandlockOptional}, nil)
	p.Display = o.Display
	p.Filesystem.Rules = slices.Concat(p.Filesystem.Rules, []policy.PathRule{
		{Access: policy.Tmpfs, Path: "/tmp", Size: 16 << 20, Mode: 0o1777},
	})
	for _, path := range [...]string{"/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/alternatives", "/etc/X11", "/etc/fonts", "/var/cache/fontconfig"} {
		p.Filesystem.Rules = append(p.Filesystem.Rules, policy.PathRule{Access: policy.Read, Path: path})
	}
	for _, e := range o.Env {
		name, value := splitVariable(e)
		p.Environment.Set = append(p.Environment.Set, policy.Variable{Name: name, Text: value})
	}
	return p
}

func splitVariable(e string) (name, value string) {
	for i := range len(e) {
		if e[i] == '=' {
			return e[:i], e[i+1:]
		}
	}
	return e, ""
}

// Await waits until the program has written a line to the other end of a pipe, which this
// process no longer has open. An error says what the program complained of.
func (s *Started) Await(pipe int, patience time.Duration) error {
	err := awaitLine(pipe, patience)
	if err == nil {
		return nil
	}
	if s.process != nil {
		s.process.End() // what it said is complete then
		s.process = nil
	}
	if said := s.lastWords(); said != "" {
		err = fmt.Errorf("%w, and said %q", err, said)
	}
	return err
}

var (
	errEnded = errors.New("it has ended at once")
	errLate  = errors.New("it was not ready in time")
)

func awaitLine(pipe int, patience time.Duration) error {
	byWhen := time.Now().Add(patience)
	for {
		left := time.Until(byWhen)
		if left <= 0 {
			return errLate
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(pipe), Events: unix.POLLIN}}, int(left/time.Millisecond)+1)
		if errors.Is(err, unix.EINTR) || err == nil && n == 0 {
			continue
		}
		if err != nil {
			return err
		}
		var text [64]byte
		n, err = unix.Read(pipe, text[:])
		switch {
		case err != nil && !errors.Is(err, unix.EINTR):
			return err
		case n == 0:
			return errEnded
		case slices.Contains(text[:max(n, 0)], '\n'):
			return nil
		}
	}
}

// Complaint adds the first line that the program complained of to a line about it.
func (s *Started) Complaint(line string) string {
	if said := s.lastWords(); said != "" {
		line += fmt.Sprintf(" (it said %q)", said)
	}
	return line
}
