package filesystem

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// A home that HOME names by a link is there under that name, of whatever kind it is: the
// host's, in memory, or kept for the profile.
func TestHomeByLink(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"host", "empty", "private"} {
		w := testenv.NewWorld(t)
		link := filepath.Join(w.Root, "link")
		testenv.Must(t, os.Symlink(w.Home, link))
		args := []string{"run", "--profile", "default", "--home", kind}
		if kind == "host" {
			args = append(args, "--write", link)
		}
		for range 2 { // the second one finds a private home that is there
			w.Env = append(w.Env, "HOME="+link)
			r := w.Jail(append(args, "sh", "-ec", `test "$HOME" = `+link+`; echo x >~/x; cat `+w.Home+`/x`)...)
			if r.Status != 0 || r.Stdout != "x\n" {
				t.Errorf("%s: status %d\n%s", kind, r.Status, r.Output())
			}
		}
		if there := testenv.Exists(filepath.Join(w.Home, "x")); there != (kind == "host") {
			t.Errorf("%s: the file is in the host's home: %v", kind, there)
		}
	}
}
