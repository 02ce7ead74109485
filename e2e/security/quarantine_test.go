package security

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// wayOut makes a directory, opens it, renames it to a name that is kept free, and when it
// was moved away goes up from it, into jail's own directories.
const wayOut = `
import os, time
home = os.environ["HOME"]
os.makedirs(home + "/x", exist_ok=True)
fd = os.open(home + "/x", os.O_RDONLY)
os.rename(home + "/x", home + "/.ssh")
end = time.time() + 10
while os.path.exists(home + "/.ssh") and time.time() < end:
    time.sleep(0.01)
for name in "../kept", "../../secret":
    try: print(os.read(os.open(name, os.O_RDWR, dir_fd=fd), 99).decode())
    except OSError as e: print(name, e.strerror)
`

// A directory that was taken from a program, and that it still has open, leads it neither
// to what was taken from others nor to jail's own files. Outside, all of that can be read.
func TestNoWayOutOfTheQuarantine(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "python3")
	w := testenv.NewBareWorld(t)
	w.Write(filepath.Join(w.Project, "out.py"), wayOut)
	state := filepath.Join(w.Home, ".local/state/jail")
	w.Succeeds("run", "--profile", "default", "--write", w.Home, "true") // makes the directories
	w.Write(filepath.Join(state, "quarantine/kept"), w.Canary+"\n")
	w.Write(filepath.Join(state, "secret"), w.Canary+"\n")
	profile := w.Profile("extends: [default]\nfilesystem: {home: host, write: [\"" + w.Home + "\", \"" + w.Project + "\"]}\n")
	python := []string{"python3", filepath.Join(w.Project, "out.py")}

	r := w.Jail(append([]string{"run", "--profile", profile}, python...)...)
	if r.Status != 0 || strings.Count(r.Stdout, "Permission denied") != 2 || !strings.Contains(r.Stderr, "taken away") {
		t.Errorf("in the jail: status %d\n%s", r.Status, r.Output())
	}
	r = w.Host(append([]string{weakenBin, "-profile", profile, "-off", "quarantine", "--"}, python...)...)
	if strings.Count(r.Stdout, w.Canary) != 2 {
		t.Errorf("with the guard off it does not work: status %d\n%s", r.Status, r.Output())
	}
}
