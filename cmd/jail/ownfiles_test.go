package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestOwnDirectoriesAreMade compiles for a jail that may write the home: a
// launch finds jail's directories guarded, a look at the plan makes none.
func TestOwnDirectoriesAreMade(t *testing.T) {
	for _, c := range []struct {
		name      string
		flag      string
		launching bool
		made      bool
	}{
		{"launch", "--write", true, true},
		{"plan", "--write", false, false},
		{"nothing to write", "--read", true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := atHome(t)
			_, l := loadLine(t, "jail", c.flag, home, "true")
			l.launching = c.launching
			compiled, problems := l.compile()
			if problems.HasErrors() {
				t.Fatal(problems)
			}
			for _, dir := range []string{".config/jail", ".local/state/jail", ".cache/jail"} {
				_, err := os.Stat(filepath.Join(home, dir))
				if (err == nil) != c.made {
					t.Errorf("%s: %v", dir, err)
				}
			}
			if open := compiled.View.Unguarded(&l.host.Own); (len(open) == 0) != (c.made || c.flag == "--read") {
				t.Errorf("the program can make %q", open)
			}
		})
	}
}
