package publish

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// server is a program that answers each connection, when the other side has ended, with
// how many bytes came, where it runs, and zeros, as many as the first argument says. It
// listens at the addresses that follow.
const server = `
import socket, sys, threading, time
def serve(c):
    n = 0
    while data := c.recv(1 << 16): n += len(data)
    try: mark = open('/tmp/mark').read()
    except OSError: mark = 'outside'
    c.sendall(f'{n} bytes, {mark}\n'.encode() + b'\0' * int(sys.argv[1]))
    c.close()
def accept(host, port):
    s = socket.create_server((host, int(port)), family=socket.AF_INET6 if ':' in host else socket.AF_INET)
    while True: threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
open('/tmp/mark', 'w').write('inside')
for at in sys.argv[2:]: threading.Thread(target=accept, args=at.rsplit('-', 1)).start()
`

// world is one with the server in it.
func world(t *testing.T) *testenv.World {
	t.Helper()
	testenv.Need(t, "python3")
	w := testenv.NewWorld(t)
	w.Write(filepath.Join(w.Project, "server.py"), server)
	return w
}

// serves are the arguments of a jail in which the server runs. at are HOST-PORT.
func serves(w *testenv.World, flags []string, zeros int, at ...string) []string {
	args := append([]string{"--profile", "default", "--read", filepath.Join(w.Project, "server.py")}, flags...)
	return append(append(args, "python3", filepath.Join(w.Project, "server.py"), strconv.Itoa(zeros)), at...)
}

// free is a port at an address that nothing listens at.
func free(t *testing.T, host string) string {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// asks sends some bytes to an address of the host, ends, and returns the answer.
func asks(addr string, n int64) (string, error) {
	c, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	go func() {
		_, _ = io.CopyN(c, zeros{}, n)
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	answer, err := io.ReadAll(c)
	return string(answer), err
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// answers waits until the server in the jail answers at an address of the host.
func answers(addr string) bool {
	return testenv.Eventually(func() bool {
		answer, err := asks(addr, 1)
		return err == nil && strings.HasPrefix(answer, "1 bytes, inside\n")
	})
}

// closed tells whether nothing listens at an address of the host.
func closed(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err == nil {
		_ = c.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}
