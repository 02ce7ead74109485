package network

import (
	"bufio"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// TestEnds: a program in a jail sees the end of a connection as it does without one.
func TestEnds(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "python3")
	w, s := world(t), out.site("ends")
	readLine := func(c net.Conn) { _, _ = bufio.NewReader(c).ReadString('\n') }
	reset := func(c net.Conn) {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = c.Close()
	}
	s.raw[80] = func(c net.Conn) { // closes when all was sent
		readAll, _ := io.ReadAll(c)
		_, _ = io.WriteString(c, "got "+string(readAll))
		_ = c.Close()
	}
	s.raw[443] = func(c net.Conn) { // closes its side first
		_, _ = io.WriteString(c, "hello\n")
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
		}
		readAll, _ := io.ReadAll(c)
		w.Write(w.Root+"/sent", string(readAll))
		_ = c.Close()
	}
	s.raw[8080] = func(c net.Conn) { readLine(c); reset(c) }
	s.raw[8443] = func(c net.Conn) { // resets while the program only waits
		_, _ = io.WriteString(c, "hello\n")
		time.Sleep(200 * time.Millisecond)
		reset(c)
	}
	script := `
import errno, socket
def say(name, port, act):
    with socket.create_connection(("` + s.name + `", port), 60) as c:
        try: print(name, act(c), flush=True)
        except OSError as e: print(name, errno.errorcode.get(e.errno, e), flush=True)
def everything(c):
    text = b""
    while True:
        more = c.recv(100)
        if not more: return text
        text += more
def sends_and_closes(c):
    c.sendall(b"all of it"); c.shutdown(socket.SHUT_WR); return everything(c)
def reads_and_sends(c):
    text = everything(c); c.sendall(b"after the end"); c.shutdown(socket.SHUT_WR); return text
def asks(c):
    c.sendall(b"x\n"); return everything(c)
say("client first", 80, sends_and_closes)
say("server first", 443, reads_and_sends)
say("reset after a question", 8080, asks)
say("reset", 8443, everything)
`
	want := w.Host("python3", "-c", script)
	if want.Status != 0 || strings.Count(want.Stdout, "ECONNRESET") != 2 || w.Read(w.Root+"/sent") != "after the end" {
		t.Fatalf("without a jail: %s", want.Output())
	}
	testenv.Must(t, os.Remove(w.Root+"/sent"))
	got := w.Host(append(jailed(w, []string{s.name}), "python3", "-c", script)...)
	if got.Stdout != want.Stdout || got.Status != 0 {
		t.Errorf("in the jail:\n%swithout:\n%s", got.Output(), want.Output())
	}
	if !testenv.Eventually(func() bool { return testenv.Exists(w.Root + "/sent") }) || w.Read(w.Root+"/sent") != "after the end" {
		t.Error("what was sent after the server's end has not arrived")
	}
}
