// Package netmodes tests the networks that others make: one behind the host's, and network
// namespaces of others. Who answers for all addresses is a scene of network namespaces.
package netmodes

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// weakenBin launches with a guard left out.
var weakenBin string

func TestMain(m *testing.M) {
	testenv.Main(m, func(dir string) error {
		weakenBin = filepath.Join(dir, "weaken")
		if out, err := exec.Command("go", "build", "-o", weakenBin, "../security/weaken").CombinedOutput(); err != nil {
			return fmt.Errorf("build weaken: %w\n%s", err, out)
		}
		return nil
	})
}

// scene is a world whose commands run in the scene of testdata/scene.
type scene struct {
	*testenv.World
	resolver string // of the scene's host
}

func newScene(t *testing.T) *scene {
	t.Helper()
	testenv.Need(t, "pasta", "python3", "ip", "nsenter", "unshare")
	tun, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
	if err != nil {
		testenv.Missing(t, "/dev/net/tun that a user can open")
	}
	_ = tun.Close()
	s := &scene{testenv.NewWorld(t), "9.9.9.9"}
	for _, name := range []string{"scene", "answers", "asks"} {
		s.Write(s.file(name), string(testenv.ReadFile(t, "testdata/"+name)))
	}
	return s
}

// file is the path of a file of testdata.
func (s *scene) file(name string) string { return s.Expand("~/testdata/" + name) }

// command prepares a command of the scene's user.
func (s *scene) command(argv ...string) *testenv.Command {
	cmd := s.Command(append([]string{"sh", s.file("scene")}, argv...)...)
	cmd.Env = append(cmd.Env, "RESOLVER="+s.resolver, "SCENE="+s.file("scene"))
	return cmd
}

// jail is the beginning of a command line that starts a jail with a network behind the
// host's.
func (s *scene) jail(flags ...string) []string {
	return slices.Concat([]string{s.JailBin, "run", "--profile", "default", "--read", s.Expand("~/testdata"), "--network", "nat"}, flags)
}

// asks returns, for each address that something answers at, what does: "host", or "world"
// and the address that it was asked at.
func (s *scene) asks(before, addresses []string) map[string]string {
	s.T.Helper()
	r := s.Finish(s.command(slices.Concat(before, []string{"python3", s.file("asks")}, addresses)...))
	if r.Status != 0 {
		s.T.Fatalf("%q: exit status %d\n%s", before, r.Status, r.Output())
	}
	answers := map[string]string{}
	for line := range strings.Lines(r.Stdout) {
		if address, said, ok := strings.Cut(strings.TrimSpace(line), " "); ok && said != "nothing" {
			answers[address] = said
		}
	}
	return answers
}
