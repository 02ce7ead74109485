package jail

import "testing"

// TestProcIsProtected looks at /proc from inside, with and without a PID
// namespace: what root could change the host with is read-only, for a jail that
// root starts has root's files.
func TestProcIsProtected(t *testing.T) {
	requireJails(t)
	for _, c := range []struct{ name, text string }{
		{"own", systemProfile},
		{"the host's", systemProfile + "namespaces: {pid: false}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			runScript(t, c.text, realHost(t), `grep -q " /proc/sys ro,"  /proc/self/mountinfo && ! cat /proc/keys 2>/dev/null`)
		})
	}
}

// runScript runs a shell script in a jail, and fails unless it ends with 0.
func runScript(t *testing.T, profile string, h *Host, script string) {
	t.Helper()
	c, problems := compileFor(t, profile, h, "/bin/sh", "-c", script)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	process, failure := start(t, c.Plan)
	if failure != nil {
		t.Fatal(failure.Diagnostic())
	}
	if status := process.Wait(); status != 0 {
		t.Errorf("%q ends with %d", script, status)
	}
}
