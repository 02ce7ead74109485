package compile

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/jailtest"
	"github.com/jail-project/jail/jail/launch"
	"github.com/jail-project/jail/jail/plan"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// compileFor compiles a profile's text for a host.
func compileFor(t *testing.T, text string, h *host.Host, argv ...string) (*Compiled, diag.List) {
	t.Helper()
	p, _ := jailtest.LoadPolicy(t, text)
	return Compile(p, h, Command{Argv: argv, Filter: jailtest.CompileFilter(t, FilterOf(p))})
}

// start launches a plan.
func start(t *testing.T, p *plan.Plan) (*launch.Process, *launch.Failure) {
	t.Helper()
	return launch.Start(p, nil, launch.Options{})
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run with -update and look at the difference\n%s", file, got)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
