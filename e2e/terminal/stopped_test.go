package terminal

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// A program that stops itself stops the launcher, which keeps names free: nothing in the
// jail goes on meanwhile.
func TestNothingRunsWhileStopped(t *testing.T) {
	testenv.Need(t, "bash")
	t.Parallel()
	w := testenv.NewWorld(t)
	const script = `setsid sh -c 'while :; do [ -e now ] && rm now && echo >HEAD; echo >beat; sleep 0.1; done' & sleep 0.5; kill -STOP 0; wait`
	w.Write(filepath.Join(w.Project, "inside"), script)
	w.Write(filepath.Join(w.Project, "outside"), `set -m
`+testenv.JailBin+` --profile default --write . sh inside
touch now; rm -f beat; sleep 1; ls HEAD beat; echo "end of stop"
kill -CONT %1; sleep 1; ls beat HEAD; kill %1; wait
echo "all is over"
`)
	p := w.Terminal("bash", "outside")
	p.Shows("all is over", 1)
	stopped, after, _ := strings.Cut(p.Seen(), "end of stop")
	if strings.Count(stopped, "No such file") != 2 {
		t.Errorf("while it was stopped: %q", stopped)
	}
	if strings.Count(after, "No such file") != 1 || !strings.Contains(after, "taken away") {
		t.Errorf("when it went on: %q", after)
	}
}
