package filesystem

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// F4: a file on standard input can't be opened with more rights. Package jail
// has the variant with Landlock switched off; by the command line that is refused.
func TestF4StandardInput(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	file := filepath.Join(w.Home, "Documents/diary.txt")
	text := w.Read(file)
	for _, target := range []string{"/proc/self/fd/0", "/dev/stdin", "/dev/fd/0"} {
		if r := w.WithStdin(file, "sh", "-c", "echo pwned >>"+target); r.Status != 0 || w.Read(file) == text {
			t.Fatalf("outside of a jail %s can't be written: %s", target, r.Output())
		}
		w.Write(file, text)
		for _, shown := range []string{w.Project, "/"} {
			r := w.WithStdin(file, testenv.JailBin, "run", "--profile", "default", "--read", shown, "sh", "-c", "cat "+target+"; echo pwned >>"+target)
			if r.Status == 0 || w.Read(file) != text || r.Stdout != text {
				t.Errorf("--read %s: %s: exit status %d, the file holds %q\n%s", shown, target, r.Status, w.Read(file), r.Output())
			}
			w.Write(file, text)
		}
	}
	r := w.WithStdin(file, testenv.JailBin, "run", "--profile", "default", "--landlock", "off", "touch", filepath.Join(w.Project, "ran"))
	if r.Status != 125 || !strings.Contains(r.Stderr, "standard input is a file") || testenv.Exists(filepath.Join(w.Project, "ran")) {
		t.Errorf("a file without Landlock: exit status %d\n%s", r.Status, r.Output())
	}
	r = w.WithStdin(w.Home, testenv.JailBin, "run", "--profile", "default", "--write", w.Project, "touch", filepath.Join(w.Project, "ran"))
	if r.Status != 125 || !strings.Contains(r.Stderr, "standard input is a directory") || testenv.Exists(filepath.Join(w.Project, "ran")) {
		t.Errorf("a directory: exit status %d\n%s", r.Status, r.Output())
	}
}

// S6: every thread is restricted, and so is what was started before.
func TestS6Threads(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	testenv.Need(t, "python3")
	w := testenv.NewWorld(t)
	file := filepath.Join(w.Home, "Documents/diary.txt")
	text := w.Read(file)
	script := `
import threading, os
def reopen(i):
    try:
        os.close(os.open('/proc/self/fd/0', os.O_WRONLY))
        print('open', end=' ')
    except OSError as e:
        print(e.errno, end=' ')
    for l in open('/proc/thread-self/status'):
        if l.startswith(('Seccomp:', 'NoNewPrivs:')): print(l.split()[1], end=' ')
    print()
ts = [threading.Thread(target=reopen, args=(i,)) for i in range(4)]
[t.start() or t.join() for t in ts]
if os.fork() == 0: reopen(9)
else: os.wait()
`
	want := strings.Repeat("13 1 2 \n", 5)
	if r := w.WithStdin(file, testenv.JailBin, "run", "--profile", "default", "python3", "-uc", script); r.Stdout != want || w.Read(file) != text {
		t.Errorf("threads could open, or are not filtered: %q, want %q\n%s", r.Stdout, want, r.Stderr)
	}
	if r := w.WithStdin(file, "python3", "-uc", script); strings.Count(r.Stdout, "open ") != 5 {
		t.Errorf("outside: %q", r.Output())
	}
}
