package network

import (
	"os"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// TestW22List: a host that is taken out of a list is out of reach, connections included,
// and one that is added is in reach; what else is in the list stays as it is. A list that
// the program can write only takes away.
func TestW22List(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "python3")
	for _, open := range []bool{false, true} {
		w := world(t)
		stays, ended := holder("stays")
		goes, reset := holder("goes")
		later, _ := holder("later")
		dir := w.Home + "/lists"
		if open {
			dir = w.Project
		}
		testenv.Must(t, os.MkdirAll(dir, 0o755))
		write := func(name, text string) {
			testenv.Must(t, os.WriteFile(dir+"/new", []byte(text), 0o644))
			testenv.Must(t, os.Rename(dir+"/new", dir+"/"+name))
		}
		write("hosts.txt", stays.name+"\n"+goes.name+"\n")
		write("profile.yaml", "extends: [default]\nnetwork: {mode: filtered, allow: [{file: hosts.txt}]}\n")
		cmd := w.Command(w.JailBin, "run", "--profile", dir+"/profile.yaml", "--write", w.Project, "--", "python3", "-c", `
import os, socket, time
def connect(name):
    c = socket.create_connection((name, 80), 60)
    c.recv(100)
    return c
a, b = connect("`+stays.name+`"), connect("`+goes.name+`")
open("connected", "w").close()
try: print("goes", b.recv(100))
except OSError as e: print("goes", e)
try: print("again", connect("`+goes.name+`"))
except OSError as e: print("again: no")
end = time.time() + 15
while True:
    try: connect("`+later.name+`"); print("later: yes"); break
    except OSError as e:
        if time.time() > end: print("later: no"); break
        time.sleep(0.2)
a.settimeout(0.1)
try: print("stays", a.recv(100))
except TimeoutError: print("stays: yes")
`)
		done := make(chan *testenv.Result, 1)
		go func() { done <- w.Finish(cmd) }()
		if !testenv.Eventually(func() bool { return testenv.Exists(w.Project + "/connected") }) {
			t.Fatalf("nothing is connected: %s", (<-done).Output())
		}
		write("hosts.txt", stays.name+"\n"+later.name+" # in its place\n")
		ends(t, reset)
		r := <-done
		want := "later: yes"
		if open {
			want = "later: no"
		}
		if r.Status != 0 || !strings.Contains(r.Stdout, "goes [Errno 104]") || !strings.Contains(r.Stdout, "again: no") ||
			!strings.Contains(r.Stdout, want) || !strings.Contains(r.Stdout, "stays: yes") {
			t.Errorf("open %v: exit status %d\n%s", open, r.Status, r.Output())
		}
		<-ended // with the program
	}
}
