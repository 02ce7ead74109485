package compile

import (
	"fmt"
	"testing"

	"github.com/jail-project/jail/jail/child"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/jailtest"
	"github.com/jail-project/jail/policy"
)

// BenchmarkCompile compiles a profile of 2,900 files.
func BenchmarkCompile(b *testing.B) {
	h := jailtest.Desktop()
	h.Files = host.OSFiles{}
	p := &policy.Policy{Name: "bench"}
	p.Filesystem.Home.V, p.Filesystem.Root.V, p.Network.Mode.V = "host", "host", "none"
	p.Namespaces.PID.V = true
	for _, dir := range []string{"/usr", "/bin", "/lib"} {
		p.Filesystem.Rules = append(p.Filesystem.Rules, policy.PathRule{Path: dir})
	}
	for i := range 2900 {
		p.Filesystem.Rules = append(p.Filesystem.Rules, policy.PathRule{Path: fmt.Sprintf("/tmp/files/f%d", i+1)})
	}
	memory, err := child.NewMemory(16 << 20)
	if err != nil {
		b.Fatal(err)
	}
	defer memory.Unmap()
	b.ReportAllocs()
	for b.Loop() {
		c, problems := Compile(p, h, Command{Argv: []string{"/bin/true"}})
		if problems.HasErrors() {
			b.Fatal(problems)
		}
		if ok, err := memory.Encode(c.Plan); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
