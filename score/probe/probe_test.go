package probe

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// listen makes a socket that can be connected to.
func listen(t *testing.T, family int, at unix.Sockaddr) unix.Sockaddr {
	t.Helper()
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		t.Cleanup(func() { _ = unix.Close(fd) })
		if err = unix.Bind(fd, at); err == nil {
			err = unix.Listen(fd, 1)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	at, err = unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestAnswers asks where the answer is known: outside of any jail.
func TestAnswers(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	name := "jail-probe-test-" + filepath.Base(dir)
	listen(t, unix.AF_UNIX, &unix.SockaddrUnix{Name: "@" + name})
	listen(t, unix.AF_UNIX, &unix.SockaddrUnix{Name: filepath.Join(dir, "socket")})
	port := listen(t, unix.AF_INET, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}).(*unix.SockaddrInet4).Port
	for _, c := range []struct {
		q    Question
		want string
	}{
		{Question{Kind: Read, Name: file}, "=text"},
		{Question{Kind: Read, Name: file + "x"}, "ENOENT"},
		{Question{Kind: List, Name: dir}, "=file link socket"},
		{Question{Kind: List, Name: file}, "ENOTDIR"},
		{Question{Kind: Path, Name: file + "x"}, "ENOENT"},
		{Question{Kind: Link, Name: filepath.Join(dir, "link")}, "=file"},
		{Question{Kind: Link, Name: file}, "EINVAL"},
		{Question{Kind: New, Name: file}, "taken"},
		{Question{Kind: New, Name: filepath.Join(dir, "a/b")}, Answer(Question{Kind: Path, Name: dir})},
		{Question{Kind: Call, Call: unix.SYS_CLOSE, Args: []uint64{1<<32 - 1}}, "EBADF"},
		{Question{Kind: Call, Call: unix.SYS_PRCTL, Args: []uint64{unix.PR_GET_DUMPABLE}}, "1"},
		{Question{Kind: Socket, Name: filepath.Join(dir, "socket")}, "EPROTOTYPE"},
		{Question{Kind: Socket, Name: file}, "ECONNREFUSED"},
		{Question{Kind: Abstract, Name: name}, "="},
		{Question{Kind: Abstract, Name: name + "x"}, "ECONNREFUSED"},
		{Question{Kind: Loopback, Call: port}, "="},
		{Question{Kind: Loopback, Call: 1}, "ECONNREFUSED"},
		{Question{Kind: "nothing"}, "no such question"},
	} {
		if got := Answer(c.q); got != c.want {
			t.Errorf("%+v: %q, want %q", c.q, got, c.want)
		}
	}
	var st unix.Stat_t
	if err := unix.Stat(file, &st); err != nil {
		t.Fatal(err)
	}
	if got := Answer(Question{Kind: Path, Name: file}); !strings.Contains(got, " rw 0x") || len(strings.Fields(got)) != 4 {
		t.Errorf("path: %q", got)
	}
	if got := Answer(Question{Kind: Session}); len(strings.Fields(got)) != 2 {
		t.Errorf("session: %q", got)
	}
	if got := strings.Fields(Answer(Question{Kind: Descriptors})); !slices.Contains(got, "0") || !slices.Contains(got, "2") {
		t.Errorf("descriptors: %q", got)
	}
}

// TestServe answers in order, and passes on what may end the process.
func TestServe(t *testing.T) {
	var in, out bytes.Buffer
	for _, q := range []Question{{Kind: Link, Name: "/proc/self/exe/x"}, {Kind: Foreign, Ends: true}, {Kind: "?"}} {
		if err := json.NewEncoder(&in).Encode(q); err != nil {
			t.Fatal(err)
		}
	}
	err := Serve(&in, &out, func(q Question) string { return Ended(syscall.SIGSYS) + " " + q.Kind })
	if err != nil || out.String() != "\"ENOTDIR\"\n\"ended by SIGSYS foreign\"\n\"no such question\"\n" {
		t.Errorf("%v %q", err, out.String())
	}
	if err := Serve(strings.NewReader("nonsense"), &out, nil); err == nil {
		t.Error("nonsense is answered")
	}
	if Sealed() {
		t.Error("this test does not run from sealed memory")
	}
}
