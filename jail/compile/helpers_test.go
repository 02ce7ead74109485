package compile

import (
	"flag"
	"os"
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
	jailtest.Golden(t, *update, name, got)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
