package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestOwnDirectoriesAreMade compiles for a jail that may write the home, or
// read it: a launch finds those of jail's directories guarded that the program could
// make, or see once somebody makes them; a look at the plan makes none.
func TestOwnDirectoriesAreMade(t *testing.T) {
	hidden := []string{".local/state/jail", ".cache/jail", "run/jail"}
	all := append([]string{".config/jail"}, hidden...)
	for _, c := range []struct {
		name      string
		flag      string
		launching bool
		made      []string
	}{
		{"launch", "--write", true, all},
		{"plan", "--write", false, nil},
		{"nothing to write", "--read", true, hidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := atHome(t)
			t.Setenv("XDG_RUNTIME_DIR", filepath.Join(home, "run"))
			if err := os.Mkdir(filepath.Join(home, "run"), 0o700); err != nil {
				t.Fatal(err)
			}
			_, l := loadLine(t, "jail", c.flag, home, "true")
			l.launching = c.launching
			compiled, problems := l.compile()
			if problems.HasErrors() {
				t.Fatal(problems)
			}
			for _, dir := range all {
				_, err := os.Stat(filepath.Join(home, dir))
				if (err == nil) != slices.Contains(c.made, dir) {
					t.Errorf("%s: %v", dir, err)
				}
			}
			if open := compiled.View.Unguarded(&l.host.Own); (len(open) == 0) != c.launching {
				t.Errorf("the program can make, or see, %q", open)
			}
		})
	}
}
