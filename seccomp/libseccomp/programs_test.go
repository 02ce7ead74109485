//go:build cgo

package libseccomp

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program is a real program and what it prints when all is well.
type program struct {
	needs  string // the executable without which the case is left out
	script string // for sh, in a fresh directory
	want   string // part of the output
}

// programs are the families of programs that @default is for: C library,
// shells, compilers, and the runtimes with threads and event loops of their
// own.
var programs = []program{
	{"sh", "id -u | cat; sleep 0.05 & wait; echo $(ls -d /)", "/"},
	{"bash", `bash -c 'set -o pipefail; for i in 3 1 2; do echo $i; done | sort | tr -d "\n"'`, "123"},
	{"gcc", `printf '#include <stdio.h>\nint main(void){puts("made");}\n' >h.c
		printf 'all: h\n\t./h\n' >Makefile; make -s`, "made"},
	// musl asks the kernel for other things than glibc does: statically, and
	// with its own loader.
	{"musl-gcc", muslScript, "musl done, musl done"},
	{"git", `git init -q g && cd g && echo x >f && git add f &&
		git -c user.name=a -c user.email=a@example.org commit -qm one && git gc -q && git log --format=%s`, "one"},
	{"python3", `python3 -c '
import asyncio, multiprocessing, socket, subprocess, threading
t = threading.Thread(target=lambda: None); t.start(); t.join()
a, b = socket.socketpair(); a.send(b"x"); b.recv(1)
s = socket.create_server(("127.0.0.1", 0)); c = socket.create_connection(s.getsockname()); c.close()
subprocess.run(["true"], check=True)
asyncio.run(asyncio.sleep(0))
if __name__ == "__main__":
    p = multiprocessing.Process(target=print, args=("forked",)); p.start(); p.join()
    assert p.exitcode == 0
    print("python", "done")'`, "python done"},
	{"node", `node -e '
const {Worker} = require("worker_threads"), os = require("os"), fs = require("fs");
fs.statSync("/"); os.cpus();
fs.writeFileSync("a", "x"); fs.cpSync("a", "b");
require("child_process").execFileSync("true");
require("net").createServer().listen(0, "127.0.0.1", function () { this.close();
  new Worker("1", {eval: true}).on("exit", () => console.log("node done")); });'`, "node done"},
	{"javac", `cat >H.java <<'J'
public class H { public static void main(String[] a) throws Exception {
  Thread t = new Thread(() -> {}); t.start(); t.join();
  new java.net.ServerSocket(0).close();
  new ProcessBuilder("true").start().waitFor();
  System.out.println("java done"); } }
J
		javac H.java && java H`, "java done"},
	{"go", `cat >m.go <<'G'
package main
import ("fmt"; "net")
func main() { l, err := net.Listen("tcp", "127.0.0.1:0"); if err == nil { l.Close(); fmt.Println("go done") } }
G
		GOFLAGS= GO111MODULE=off go run m.go`, "go done"},
	{"ffmpeg", "ffmpeg -loglevel error -f lavfi -i testsrc=d=0.2 -c:v libx264 t.mp4 && ls t.mp4", "t.mp4"},
	{"gs", "gs -q -dSAFER -dNOPAUSE -dBATCH -sDEVICE=png16m -sOutputFile=o.png -c showpage && ls o.png", "o.png"},
	{"convert", "convert -size 9x9 gradient: o.png && ls o.png", "o.png"},
	{"tar", "echo x >a; tar cf a.tar a && tar xf a.tar && cp -a a b && install -m 600 a c && xz -k a; ls a.xz", "a.xz"},
	{"perl", `perl -e 'pipe(R, W); if (!fork) { print W "perl done\n"; exit } wait; print scalar <R>'`, "perl done"},
}

const muslScript = `cat >m.c <<'C'
#include <netdb.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
extern char **environ;
static void *thread(void *p) { return p; }
int main(void)
{
	char *argv[] = { "true", 0 };
	struct addrinfo *found;
	pthread_t t;
	pid_t child;
	int status = 1, pair[2];

	if (pthread_create(&t, 0, thread, 0) || pthread_join(t, 0) || posix_spawnp(&child, "true", 0, 0, argv, environ) ||
	    waitpid(child, &status, 0) < 0 || status || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) ||
	    getaddrinfo("127.0.0.1", "80", 0, &found))
		return 1;
	puts("musl done");
	return 0;
}
C
		musl-gcc -o dynamic m.c && musl-gcc -static -o static m.c && { ./dynamic; ./static; } | paste -sd, | sed 's/,/, /'`

// TestPrograms runs real programs under @default as it is. What is not
// installed is left out, except for the shell.
func TestPrograms(t *testing.T) {
	ran := 0
	for _, p := range programs {
		if _, err := exec.LookPath(p.needs); err != nil {
			t.Logf("%s is not installed", p.needs)
			continue
		}
		ran++
		t.Run(p.needs, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cmd := child(t, "exec", "/bin/sh", "-ec", p.script)
			cmd.Dir = dir
			cmd.Env = append(cmd.Env, "HOME="+dir, "GOCACHE="+goCache(t))
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), p.want) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	if ran == 0 {
		t.Error("not even sh could be run")
	}
}

// goCache lets the go command use the compiled standard library that this very
// test was built from.
func goCache(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("GOCACHE"); dir != "" {
		return dir
	}
	base, err := os.UserCacheDir()
	if err != nil {
		base = t.TempDir()
	}
	return filepath.Join(base, "go-build")
}
