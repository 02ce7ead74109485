// Package security proves jail free of the known classes of weakness: each has
// an id and a row in a table, and is tried in several variants. Without a jail the
// thing works, in the jail it does not, and with the one guard switched off it
// works again. The same is tried in a jail that is made from the record of an
// earlier launch and by jail enter, and in bubblewrap and firejail, whose known
// holes show that the probe finds any.
//
// What is tried is in the tables rows_*_test.go, by what in testdata/probe.
package security

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// The programs that the rows take, in a directory that every user may read.
var (
	binDir    string
	weakenBin string
	probeBin  string // 64-bit
	probe32   string // the same as a 32-bit program, "" where that can't be built
)

var (
	long      = flag.Bool("long", false, "as many launches, races and cases as the project promises")
	tableFile = flag.String("table", "", "write the table of results to this `FILE`")
)

func TestMain(m *testing.M) { testenv.Main(m, build) }

// build makes the launcher with a guard left out, and the probe in both widths.
func build(dir string) error {
	binDir, weakenBin = dir, filepath.Join(dir, "weaken")
	probeBin, probe32 = filepath.Join(dir, "probe"), filepath.Join(dir, "probe32")
	if out, err := exec.Command("go", "build", "-o", weakenBin, "./weaken").CombinedOutput(); err != nil {
		return fmt.Errorf("build weaken: %w\n%s", err, out)
	}
	sources, err := filepath.Glob("testdata/probe/*.c")
	if err != nil {
		return err
	}
	compile := func(args ...string) ([]byte, error) {
		args = append([]string{"-std=gnu11", "-O1", "-static", "-Wall", "-Wextra", "-Werror"}, args...)
		return exec.Command("gcc", append(args, sources...)...).CombinedOutput()
	}
	if out, err := compile("-o", probeBin); err != nil {
		return fmt.Errorf("build the probe: %w\n%s", err, out)
	}
	if out, err := compile("-m32", "-o", probe32); err != nil {
		if os.Getenv("JAIL_TEST_REQUIRE") != "" {
			return fmt.Errorf("build the 32-bit probe: %w\n%s", err, out)
		}
		probe32 = ""
	}
	return nil
}
