package service

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/jailtest"
)

// launcherVariable makes a copy of this test a launcher that can be killed.
const launcherVariable = "JAIL_TEST_LAUNCHER"

func TestMain(m *testing.M) {
	switch name := Name(os.Args); {
	case name != "":
		os.Exit(serve(name))
	case os.Getenv(launcherVariable) != "":
		os.Exit(m.Run())
	}
	os.Exit(m.Run())
}

// serve is the service of these tests: it answers each message with what comes of it.
func serve(name string) int {
	if name == "loose" {
		return loose()
	}
	passed, err := Serve(func(p Passed) error {
		switch name {
		case "fails":
			return fmt.Errorf("no %s today", p.Setting)
		case "dies":
			os.Exit(3)
		case "hangs-up":
			unix.Close(control)
			select {}
		}
		return nil
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return answer(passed)
}

// loose is a service that does not give up what a starting program may do.
func loose() int {
	var message [64]byte
	if _, err := unix.Read(control, message[:]); err != nil {
		return 1
	}
	if _, err := unix.Write(control, []byte(readyWord)); err != nil {
		return 1
	}
	return answer(Passed{Sockets: []int{control + 1}})
}

func answer(passed Passed) int {
	var message [4096]byte
	for {
		n, err := unix.Read(passed.Sockets[0], message[:])
		if err != nil || n == 0 {
			return 0
		}
		answer := do(string(message[:n]), passed)
		if _, err := unix.Write(passed.Sockets[0], []byte(answer)); err != nil {
			return 1
		}
	}
}

// do obeys a word and an argument, as a service that was taken over might.
func do(message string, passed Passed) string {
	word, argument, _ := strings.Cut(message, " ")
	switch word {
	case "setting":
		return string(passed.Setting)
	case "length":
		return strconv.Itoa(len(passed.Setting))
	case "listen": // to the launcher, and pass on what it says
		go passed.Answer(func(question string, file *os.File) []byte {
			text := []byte(nil)
			if file != nil {
				text, _ = io.ReadAll(file)
				_ = file.Close()
			}
			_, _ = unix.Write(passed.Sockets[0], append([]byte(question+": "), text...))
			if question == "ask" {
				return []byte("answer")
			}
			return nil
		})
	case "flood": // the launcher, and read nothing
		go func() {
			for {
				_, _ = unix.Write(control, make([]byte, 1000))
			}
		}()
	case "read":
		text, err := os.ReadFile(argument)
		return outcome(string(text), err)
	case "list":
		entries, err := os.ReadDir(argument)
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return outcome(strings.Join(names, " "), err)
	case "dial", "connect":
		c, err := net.DialTimeout(map[string]string{"dial": "tcp", "connect": "unix"}[word], argument, time.Second)
		if err == nil {
			c.Close()
		}
		return outcome("connected", err)
	case "execute":
		return outcome("executed", exec.Command(argument).Run())
	case "descriptors":
		var open []string
		for fd := range 256 {
			var st unix.Stat_t
			if unix.Fstat(fd, &st) == nil {
				open = append(open, strconv.Itoa(fd))
			}
		}
		return strings.Join(open, " ")
	case "end":
		os.Exit(0)
	case "panic":
		panic(argument)
	}
	return message
}

func outcome(text string, err error) string {
	if err != nil {
		return "failed: " + err.Error()
	}
	return "ok: " + text
}

// peer is the other side of a service's socket.
type peer struct {
	t  *testing.T
	fd int
	s  *Service
}

func start0(t *testing.T, o Options) (*peer, error) {
	t.Helper()
	jailtest.RequireJails(t)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(pair[0]) })
	if o.Host == nil {
		o.Host = jailtest.RealHost(t)
	}
	o.Sockets, o.LandlockOptional = append(o.Sockets, pair[1]), true
	s, err := Start(o)
	_ = unix.Close(pair[1])
	if err != nil {
		return nil, err
	}
	t.Cleanup(s.Close)
	return &peer{t, pair[0], s}, nil
}

func begin(t *testing.T, o Options) *peer {
	t.Helper()
	p, err := start0(t, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// ask sends a message and returns the answer, "" when there is nobody to give one.
func (p *peer) ask(message string) string {
	p.t.Helper()
	if err := unix.Sendto(p.fd, []byte(message), unix.MSG_NOSIGNAL, nil); err != nil {
		return ""
	}
	return p.receive()
}

func (p *peer) receive() string {
	var answer [4096]byte
	n, err := unix.Read(p.fd, answer[:])
	if err != nil {
		return ""
	}
	return string(answer[:n])
}
