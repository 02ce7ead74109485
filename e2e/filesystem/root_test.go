package filesystem

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// N6: a jail of root that shows the root directory starts although the jail's
// user can't enter what only root can, and shows nothing of that but what is
// granted there.
func TestN6WholeRoot(t *testing.T) {
	testenv.Requires(t, testenv.Root)
	t.Parallel()
	w := testenv.NewWorld(t)
	diary, key := filepath.Join(w.Home, "Documents/diary.txt"), filepath.Join(w.Home, ".ssh/id_ed25519")
	testenv.Must(t, os.Chmod(w.Root, 0o700))
	testenv.Must(t, os.Chmod(filepath.Join(w.Root, "run"), 0o700))
	testenv.Must(t, os.MkdirAll(filepath.Join(w.Root, "run", "jail"), 0o700))
	whole := []string{"--profile", "default", "--home", "host", "--read", "/"}
	w.Variants("grep -q canary '"+diary+"'", whole, []string{"--hide", diary}, []string{"--read", diary})
	w.Variants("grep -q canary '"+diary+"'", whole, nil, []string{"--read", filepath.Dir(diary)})
	// The directory itself, by name; what is secret in it stays so.
	w.Variants("grep -q canary '"+key+"'", whole, []string{"--read", w.Root}, []string{"--read", w.Root, "--read", filepath.Dir(key)})
	args := append([]string{"run"}, whole...)
	w.Succeeds(append(args, "--read", w.Root, "grep", "-q", "canary", diary)...)
	r := w.Succeeds(append(args, "--read", diary, "find", w.Root, "-type", "f")...)
	if r.Stdout != diary+"\n" {
		t.Errorf("beside what is granted, the jail shows %q", r.Stdout)
	}
	before := w.Snap()
	for _, script := range []string{"echo x >>'" + diary + "'", "touch '" + w.Root + "/made'", "touch '" + w.Home + "/made'"} {
		if r := w.Jail(append(args, "--read", diary, "sh", "-c", script)...); r.Status == 0 || r.Status == 125 {
			t.Errorf("%q: exit status %d\n%s", script, r.Status, r.Output())
		}
	}
	before.Unchanged(t)
	profile := w.Profile("extends: [default]\nfilesystem: {read: [/], home: host}\n")
	testenv.Must(t, os.Chmod(profile, 0o644))
	if r := w.Succeeds("explain", profile, key); !strings.Contains(r.Stdout, "hidden") || !strings.Contains(r.Stdout, "what only root can enter") {
		t.Errorf("jail explain says %q", r.Stdout)
	}
}
