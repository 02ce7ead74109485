package e2e

import (
	"strings"
	"testing"
)

// What a plan declares is what a probe observes, for every profile of the
// pack, with canaries in the home and services in the directory of sockets.
func TestScoreAgreesWithTheKernel(t *testing.T) {
	for _, name := range append(shipped(t), "everything") {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for _, service := range []string{"bus", "pipewire-0", "wayland-0", "docker.sock", "gnupg/S.gpg-agent"} {
				w.write(w.root+"/run/"+service, "")
			}
			w.env = append(w.env, "GITHUB_TOKEN="+w.canary, "LD_PRELOAD=", "NODE_ENV=test")
			profile := name
			if name == "everything" {
				w.mkdir(w.project + "/hidden")
				w.write(w.project+"/overlaid/file", "x")
				profile = w.profile(faultProfile)
			}
			before := w.snap()
			r := w.jail("score", "--measure", profile)
			if r.status != 0 || !strings.Contains(r.stdout, " 0 of them disagree with the plan") {
				t.Errorf("exit status %d\n%s", r.status, r.output())
			}
			if name == "default" {
				before.unchanged(t)
			}
		})
	}
}
