// Package service runs a process beside one jail that does something for it: what it is
// sent through sockets that are passed in, and nothing else. Such a process reads what a
// program inside sends it, so it is confined like one: by a plan of its own that goes
// through the same compiler, launcher and child. It sees no file of the host, has a
// network only if it asks for one, no capabilities, and namespaces, Landlock and a syscall
// filter of its own.
//
// The executable is the launcher's own, from sealed memory; Name and Serve are for its
// other side. A service ends with its launcher, however that ends. When it ends before,
// the sockets that it held are closed and nothing takes its place.
package service

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/launch"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/memfile"
)

// Options say what is to be started.
type Options struct {
	Name string
	// Host is the machine and the caller, as for the jail itself.
	Host *host.Host
	// Sockets are descriptors of the launcher that the service gets, compile.MostFurther
	// less one at most. The launcher's own copies are its to close: as long as one is
	// open, the other side does not notice the end of the service.
	Sockets []int
	// Setting is passed to Serve, MostSetting bytes at most.
	Setting []byte
	// Network: it has the host's network. Without, it has none.
	Network bool
	// Server is the path of a Unix socket of the host that it connects to; "" for none. The
	// socket is the only file that it sees.
	Server string
	// Inside are namespaces of a jail that the service is put into, in place of new ones:
	// it has the network of that jail then. nil for none.
	Inside *plan.Inside
	// Executable is the file that the service is in, "" for that of this process. It is
	// static, unless it is the file of this process.
	Executable string
	// LandlockOptional is for a jail whose profile does without Landlock where the
	// kernel has none.
	LandlockOptional bool
}

// connects are the kinds of sockets that the service makes by itself.
func (o *Options) connects() families {
	var f families
	if o.Network || o.Inside != nil {
		f |= internet
	}
	if o.Server != "" {
		f |= local
	}
	return f
}

// MostSetting is how long a setting can be. What is longer than mostMessage is in memory
// that is passed along.
const (
	MostSetting = 16 << 20
	mostMessage = 64 << 10
)

// patience is how long a service may take to get ready, which waits for no other process.
const patience = 10 * time.Second

// Service is a service that runs.
type Service struct {
	name    string
	process *launch.Process
	control int // a socket, -1 for a program of the host
	said    int // a pipe: its standard error
}

// Start starts a service and returns when it is ready. An error says which one did not
// start, and what it said. Signals that the launcher gets are noted from then on, for the
// jail that is to be started next; see launch.Start.
func Start(o Options) (*Service, error) {
	s, err := start(&o)
	if err == nil {
		err = s.introduce(&o)
	}
	if err != nil {
		if s != nil {
			err = s.explain(err)
			s.Close()
		}
		return nil, fmt.Errorf("the service %s: %w", o.Name, err)
	}
	return s, nil
}

// start has the process started, which waits for introduce.
func start(o *Options) (*Service, error) {
	if len(o.Sockets) >= compile.MostFurther || len(o.Setting) > MostSetting {
		return nil, errors.New("too much is passed to it")
	}
	var d descriptors
	defer d.close()
	load, err := d.payload(o)
	if err != nil {
		return nil, err
	}
	h := *o.Host
	h.Terminal, h.Env, h.Cwd = nil, nil, "/"
	h.Stdio = [3]host.Stream{{Kind: host.StreamDevice, Read: true}, {Kind: host.StreamDevice, Write: true}, {Write: true}}
	if o.Inside != nil {
		h.RunAs = 0 // root becomes the user that the namespace maps before anything else
	}
	compiled, problems := compile.Compile(policyOf(o, d.linked), &h, compile.Command{Filter: filter(o.connects(), false), Inside: o.Inside})
	if problems.HasErrors() {
		return nil, problems
	}
	process, failure := launch.Start(compile.Carry(compiled.Plan, load), nil, launch.Options{})
	if failure != nil {
		return nil, failure
	}
	return &Service{name: o.Name, process: process, control: d.keep(0), said: d.keep(1)}, nil
}

// descriptors are those that a start makes, all of which it closes but those that are
// kept.
type descriptors struct {
	own    [2]int // the launcher's ends of the control socket and of standard error
	all    []int
	linked []string
}

func (d *descriptors) add(fds ...int) { d.all = append(d.all, fds...) }

func (d *descriptors) close() {
	for _, fd := range d.all {
		_ = unix.Close(fd)
	}
}

// keep removes one of the launcher's own ends from the descriptors to close.
func (d *descriptors) keep(i int) int {
	d.all = slices.DeleteFunc(d.all, func(fd int) bool { return fd == d.own[i] })
	return d.own[i]
}

// payload makes the descriptors that the process is started with. In the process they get
// the numbers from 3 on. A descriptor of this process that has one of these numbers is
// duplicated to another one, and free ones are occupied until the process has started.
func (d *descriptors) payload(o *Options) (compile.Payload, error) {
	load := compile.Payload{Argv: []string{prefix + o.Name}}
	above := control + 1 + len(o.Sockets)
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return load, err
	}
	d.add(null)
	for null < above {
		if null, err = unix.FcntlInt(uintptr(null), unix.F_DUPFD_CLOEXEC, 3); err != nil {
			return load, err
		}
		d.add(null)
	}
	load.Input, load.Output = null, null
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return load, err
	}
	d.add(pair[0], pair[1])
	if err := unix.SetNonblock(pair[0], true); err != nil { // see Ask
		return load, err
	}
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return load, err
	}
	d.add(pipe[0], pipe[1])
	d.own, load.Error = [2]int{pair[0], pipe[0]}, pipe[1]
	load.Further = append(load.Further, pair[1])
	for _, socket := range o.Sockets {
		if socket, err = unix.FcntlInt(uintptr(socket), unix.F_DUPFD_CLOEXEC, above); err != nil {
			return load, fmt.Errorf("pass a socket: %w", err)
		}
		d.add(socket)
		load.Further = append(load.Further, socket)
	}
	load.Program, err = d.program(o, above)
	return load, err
}

// program puts the executable into memory that nobody can change. Files of the host lie
// outside of what Landlock lets a service execute.
func (d *descriptors) program(o *Options, above int) (int, error) {
	name, from := o.Name, o.Executable
	if from == "" {
		from = "/proc/self/exe"
	}
	executable, err := mapFile(from)
	if err != nil {
		return -1, err
	}
	defer func() { _ = unix.Munmap(executable) }()
	if d.linked, err = linked(executable); err != nil {
		return -1, err
	}
	needed, err := loaded(executable)
	if err != nil {
		return -1, err
	}
	file, err := memfile.Executable(prefix+name, needed)
	if err != nil {
		return -1, err
	}
	defer file.Close()
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, above)
	if err == nil {
		d.add(fd)
	}
	return fd, err
}

// mapFile maps a file into memory for reading. It is copied once that way, and not by way
// of the heap, which the launcher would keep.
func mapFile(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	text, err := unix.Mmap(int(file.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_POPULATE)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", name, err)
	}
	return text, nil
}

// explain adds the first line that a service said on standard error. One that was not
// ready in time is ended first: what it said is complete then.
func (s *Service) explain(err error) error {
	if s.process != nil {
		s.process.End()
		s.process = nil
	}
	if said := s.lastWords(); said != "" {
		return fmt.Errorf("%w, and said %q", err, said)
	}
	return err
}

func (s *Service) lastWords() string {
	var text [1024]byte
	if unix.SetNonblock(s.said, true) != nil {
		return ""
	}
	n, err := unix.Read(s.said, text[:])
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(bytes.TrimSpace(text[:max(n, 0)])), "\n")
	return line
}

// Follow makes a jail's launcher call report with one line when the service ends while
// the jail runs. The service is not started again.
func (s *Service) Follow(jail *launch.Process, report func(line string)) {
	jail.Watch(s.process, func() { report(s.Ended()) })
}

// Ended is a line that says that the service has ended, and what it said at last.
func (s *Service) Ended() string {
	line := "the service " + s.name + " has ended; what the jail reached through it is out of reach now"
	if said := s.lastWords(); said != "" {
		line += fmt.Sprintf(" (it said %q)", said)
	}
	return line
}

// Pid is the process id of the service, as seen from outside.
func (s *Service) Pid() int { return s.process.Pid() }

// Close ends the service. It is for after the jail has ended.
func (s *Service) Close() {
	if s.process != nil {
		s.process.End()
		s.process = nil
	}
	if s.control >= 0 {
		_ = unix.Close(s.control)
	}
	_ = unix.Close(s.said)
}
