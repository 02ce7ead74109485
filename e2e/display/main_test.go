// Package display tests the displays of jails from end to end: Xvfb with a cookie is the
// host's X server, and real X programs are in jails and beside them.
package display

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// screen is an X server of a test's own, and the world whose programs use it.
type screen struct {
	*testenv.World
	number int
	cookie []byte
	server *testenv.Command
}

// newScreen starts one for a new world. Further arguments are for Xvfb.
func newScreen(t *testing.T, further ...string) *screen {
	t.Helper()
	testenv.Need(t, "Xvfb", "xdpyinfo", "xwd", "xterm", "xprop")
	s := &screen{World: testenv.NewWorld(t)}
	s.start(further...)
	s.use()
	return s
}

// start starts the server and waits until it has said its number.
func (s *screen) start(further ...string) {
	s.T.Helper()
	s.cookie = make([]byte, 16)
	for i := range s.cookie {
		s.cookie[i] = byte(rand.Uint32())
	}
	file := filepath.Join(s.Root, "cookie-"+s.secret()) // the server reads it again when it changes
	s.Write(file, string(cookieFile(s.cookie)))
	s.Write(s.authority(), string(cookieFile(s.cookie)))
	read, write, err := os.Pipe()
	testenv.Must(s.T, err)
	defer read.Close()
	// A server that chooses its number can take the socket from one that starts at the same
	// time. No reset when the last client leaves, which would forget cookies that it made.
	s.number = 1000 + os.Getpid()%900*64 + int(started.Add(1))
	s.server = s.Command(append([]string{"Xvfb", fmt.Sprintf(":%d", s.number), "-displayfd", "3", "-auth", file, "-noreset", "-screen", "0", "640x480x24"}, further...)...)
	s.server.ExtraFiles = []*os.File{write}
	testenv.Must(s.T, s.server.Start())
	testenv.Must(s.T, write.Close())
	s.T.Cleanup(func() {
		_ = s.server.Process.Signal(os.Interrupt) // it removes its socket
		_ = s.server.Wait()
	})
	// The number and the end of the line are written one after the other.
	if line, _ := bufio.NewReader(read).ReadString('\n'); line != strconv.Itoa(s.number)+"\n" {
		s.T.Fatalf("Xvfb for :%d has said %q", s.number, line)
	}
}

// started counts the servers of this process.
var started atomic.Int64

func (s *screen) authority() string { return filepath.Join(s.Home, ".Xauthority") }

func (s *screen) socket() string { return fmt.Sprintf("/tmp/.X11-unix/X%d", s.number) }

// use makes the server that of the world's programs.
func (s *screen) use() { s.Env = append(s.Env, fmt.Sprintf("DISPLAY=:%d", s.number)) }

// other is the same world with another value of DISPLAY.
func (s *screen) other(display string) *screen {
	with := *s
	world := *s.World
	with.World = &world
	with.Env = append(append([]string{}, s.Env...), "DISPLAY="+display)
	return &with
}

// filter is the process id of the service of the only jail of the world.
func (s *screen) filter() int {
	s.T.Helper()
	var found []string
	testenv.Eventually(func() bool {
		found = slices.DeleteFunc(s.Processes(), func(p string) bool { return !strings.Contains(p, "jail-service-display") })
		return len(found) > 0
	})
	if len(found) != 1 {
		s.T.Fatalf("there are %d filters: %q", len(found), s.Processes())
	}
	pid, _, _ := strings.Cut(found[0], " ")
	n, err := strconv.Atoi(pid)
	testenv.Must(s.T, err)
	return n
}

// cookieFile is an Xauthority file with a cookie for every display of every host.
func cookieFile(cookie []byte) []byte {
	const name = "MIT-MAGIC-COOKIE-1"
	file := append([]byte{0xff, 0xff, 0, 0, 0, 0, 0, byte(len(name))}, name...)
	return append(append(file, 0, byte(len(cookie))), cookie...)
}

// secret is the cookie as people and programs write it.
func (s *screen) secret() string { return hex.EncodeToString(s.cookie) }

// works tells whether a program ended well and said something.
func works(r *testenv.Result) bool { return r.Status == 0 && r.Stdout != "" }

// inJail runs a program with a display in a jail.
func (s *screen) inJail(mode string, argv ...string) *testenv.Result {
	s.T.Helper()
	return s.Jail(append([]string{"--profile", "cli", "--x11", mode}, argv...)...)
}

// window has xterm show a window with a title, and returns when it is there.
func (s *screen) window(title string, start ...string) {
	s.T.Helper()
	c := s.Command(append(start, "xterm", "-T", title, "-e", "sleep 1000")...)
	testenv.Must(s.T, c.Start())
	s.T.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	if !testenv.Eventually(func() bool { return strings.Contains(s.Host("xwininfo", "-root", "-tree").Stdout, title) }) {
		s.T.Fatalf("%q shows no window %s", start, title)
	}
}
