// Package security proves jail free of the known classes of weakness: each has
// an id and a row in a table, and is tried in several variants. Without a jail the
// thing works, in the jail it does not, and with the one guard switched off it
// works again. The same is tried in a jail that is made from the cache entry of an
// earlier launch and by jail enter, and in bubblewrap and firejail, whose known
// holes show that the probe finds any.
//
// What is tried is in the tables rows_*_test.go, by what is in the probe of
// package testenv.
package security

import (
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// weakenBin launches with a guard left out.
var weakenBin string

var (
	long      = flag.Bool("long", false, "as many launches, races and cases as the project promises")
	tableFile = flag.String("table", "", "write the table of results to this `FILE`")
)

func TestMain(m *testing.M) { testenv.Main(m, build) }

func build(dir string) error {
	weakenBin = filepath.Join(dir, "weaken")
	if out, err := exec.Command("go", "build", "-o", weakenBin, "./weaken").CombinedOutput(); err != nil {
		return fmt.Errorf("build weaken: %w\n%s", err, out)
	}
	return nil
}
