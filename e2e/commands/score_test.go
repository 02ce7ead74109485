package commands

import (
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// What a plan declares is what a probe observes, for every profile of the
// pack, with canaries in the home and services in the directory of sockets.
func TestScoreAgreesWithTheKernel(t *testing.T) {
	t.Parallel()
	for _, name := range append(testenv.Shipped(t), "everything") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := testenv.NewWorld(t)
			for _, service := range []string{"bus", "pipewire-0", "wayland-0", "docker.sock", "gnupg/S.gpg-agent"} {
				w.Write(w.Root+"/run/"+service, "")
			}
			w.Env = append(w.Env, "GITHUB_TOKEN="+w.Canary, "LD_PRELOAD=", "NODE_ENV=test")
			profile := name
			if name == "everything" {
				w.Mkdir(w.Project + "/hidden")
				w.Write(w.Project+"/overlaid/file", "x")
				profile = w.Profile(testenv.EverythingProfile)
			}
			before := w.Snap()
			r := w.Jail("score", "--measure", profile)
			if r.Status != 0 || !strings.Contains(r.Stdout, " 0 of them disagree with the plan") {
				t.Errorf("exit status %d\n%s", r.Status, r.Output())
			}
			if name == "default" {
				before.Unchanged(t)
			}
		})
	}
}
