package launch

import (
	"testing"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/jailtest"
	"github.com/jail-project/jail/jail/plan"
)

// compileFor compiles a profile's text for a host.
func compileFor(t *testing.T, text string, h *host.Host, argv ...string) (*compile.Compiled, diag.List) {
	t.Helper()
	p, _ := jailtest.LoadPolicy(t, text)
	return compile.Compile(p, h, compile.Command{Argv: argv, Filter: jailtest.CompileFilter(t, compile.FilterOf(p))})
}

// start launches a plan.
func start(t *testing.T, p *plan.Plan) (*Process, *Failure) {
	t.Helper()
	return Start(p, nil, Options{})
}

// number is an argument of an op.
func number(n uint64) plan.Arg { return plan.Arg{Kind: plan.ArgNumber, Num: n} }
