package network

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/cgi"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// files serves texts by their paths.
func files(texts map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := texts[path.Clean(r.URL.Path)]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, text)
	})
}

// gitServer serves a repository with one commit as /hello.git.
func gitServer(w *testenv.World) http.Handler {
	w.T.Helper()
	root := filepath.Join(w.Root, "served")
	w.Mkdir(root)
	script := `set -e; git init -q -b main seed; cd seed; echo hello >file; git add file
git -c user.name=ann -c user.email=ann@a.org commit -qm hello; cd ..; git clone -q --bare seed hello.git`
	cmd := w.Command("sh", "-c", script)
	cmd.Dir = root
	if r := w.Finish(cmd); r.Status != 0 {
		w.T.Fatal(r.Output())
	}
	dir, err := exec.Command("git", "--exec-path").Output()
	testenv.Must(w.T, err)
	return &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(dir)), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1"},
	}
}

// goProxy serves one module as go.dev/ref/mod, "GOPROXY protocol", says.
func goProxy(t *testing.T, module, version string) http.Handler {
	t.Helper()
	mod := "module " + module + "\n\ngo 1.20\n"
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	for name, text := range map[string]string{"go.mod": mod, "hello.go": "package hello\n"} {
		f, err := z.Create(module + "@" + version + "/" + name)
		testenv.Must(t, err)
		_, _ = io.WriteString(f, text)
	}
	testenv.Must(t, z.Close())
	at := "/" + module + "/@v/" + version
	return files(map[string]string{
		at + ".info": `{"Version":"` + version + `","Time":"2024-01-01T00:00:00Z"}`, at + ".mod": mod, at + ".zip": packed.String(),
	})
}

// npmPackage is a package as npm packs it, and its digest for a lock file.
func npmPackage(t *testing.T, name string) (packed, integrity string) {
	t.Helper()
	var out bytes.Buffer
	compressed := gzip.NewWriter(&out)
	archive := tar.NewWriter(compressed)
	text := `{"name":"` + name + `","version":"1.0.0","main":"index.js"}`
	testenv.Must(t, archive.WriteHeader(&tar.Header{Name: "package/package.json", Mode: 0o644, Size: int64(len(text))}))
	_, err := io.WriteString(archive, text)
	testenv.Must(t, err)
	testenv.Must(t, archive.Close())
	testenv.Must(t, compressed.Close())
	digest := sha512.Sum512(out.Bytes())
	return out.String(), "sha512-" + base64.StdEncoding.EncodeToString(digest[:])
}

// sshServer is one up to the versions of the protocol (RFC 4253, section 4.2).
func sshServer(c net.Conn) {
	defer func() { _ = c.Close() }()
	_, _ = io.WriteString(c, "SSH-2.0-served_by_the_tests\r\n")
	_, _ = bufio.NewReader(c).ReadString('\n')
}

// redisServer answers PING and every other command by the protocol of Redis.
func redisServer(c net.Conn) {
	defer func() { _ = c.Close() }()
	for in := bufio.NewScanner(c); in.Scan(); {
		switch line := in.Text(); {
		case strings.EqualFold(line, "PING"):
			_, _ = io.WriteString(c, "+PONG\r\n")
		case strings.EqualFold(line, "COMMAND"):
			_, _ = io.WriteString(c, "*0\r\n")
		}
	}
}

// postgresServer lets everybody in and answers each query with one row, 42; see
// "Frontend/Backend Protocol" in the manual of PostgreSQL.
func postgresServer(c net.Conn) {
	defer func() { _ = c.Close() }()
	const wantsTLS, wantsGSS = 80877103, 80877104
	message := func(kind byte, body string) {
		_, _ = c.Write(append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(4+len(body))), body...))
	}
	read := func() []byte {
		var length [4]byte
		if _, err := io.ReadFull(c, length[:]); err != nil {
			return nil
		}
		body := make([]byte, max(4, min(binary.BigEndian.Uint32(length[:]), 1<<16))-4)
		_, _ = io.ReadFull(c, body)
		return body
	}
	for {
		body := read()
		if len(body) < 4 {
			return
		}
		if first := binary.BigEndian.Uint32(body); first != wantsTLS && first != wantsGSS {
			break
		}
		_, _ = io.WriteString(c, "N")
	}
	message('R', "\x00\x00\x00\x00")
	message('S', "server_version\x0015.0\x00")
	message('Z', "I")
	for {
		var kind [1]byte
		if _, err := io.ReadFull(c, kind[:]); err != nil || kind[0] != 'Q' || read() == nil {
			return
		}
		message('T', "\x00\x01answer\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x17\x00\x04\xff\xff\xff\xff\x00\x00")
		message('D', "\x00\x01\x00\x00\x00\x0242")
		message('C', "SELECT 1\x00")
		message('Z', "I")
	}
}

// debian serves one package for apt, of which only the index is there.
func debian(name string) http.Handler {
	return files(map[string]string{"/Packages": fmt.Sprintf(
		"Package: %s\nVersion: 1.0\nArchitecture: all\nMaintainer: Ann <ann@a.org>\nFilename: ./x.deb\nSize: 1\nSHA256: %064d\nDescription: hello\n\n", name, 0)})
}

// sorted are the keys of a map, for messages.
func sorted(counts map[string]int) []string { return slices.Sorted(maps.Keys(counts)) }
