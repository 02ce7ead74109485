package build_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// makeProgram builds a program of jail with a build id.
func makeProgram(t *testing.T, path, id, source string) {
	t.Helper()
	cmd := exec.Command("go", "build", "-ldflags", "-X github.com/jail-project/jail/cmd/internal/build.id="+id, "-o", path, "../../"+source)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", source, err, out)
	}
}

// version runs a program with JAIL_LAUNCHER set to a mark, "" for not set.
func version(t *testing.T, program, mark string) (status int, said string) {
	t.Helper()
	cmd := exec.Command(program, "version")
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	if mark != "" {
		cmd.Env = append(cmd.Env, "JAIL_LAUNCHER="+mark)
	}
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// TestOneBuild: the launcher executes the whole program of its own build, whatever the
// environment says, and no other.
func TestOneBuild(t *testing.T) {
	dir := t.TempDir()
	launcher, whole := filepath.Join(dir, "bin/jail"), filepath.Join(dir, "libexec/jail/jail")
	other, alone := filepath.Join(dir, "other/bin/jail"), filepath.Join(dir, "alone/bin/jail")
	makeProgram(t, launcher, "one", "jail-launcher")
	makeProgram(t, whole, "one", "jail")
	makeProgram(t, other, "two", "jail-launcher")
	makeProgram(t, alone, "one", "jail-launcher")
	itself := filepath.Join(dir, "itself/bin/jail")
	for link, target := range map[string]string{
		filepath.Join(dir, "other/libexec"):            filepath.Join(dir, "libexec"),
		filepath.Join(dir, "itself/libexec/jail/jail"): itself,
	} {
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	makeProgram(t, itself, "one", "jail-launcher")
	const refused = "of different builds"
	for _, c := range []struct {
		what, program, mark string
		status              int
		says                string
	}{
		{"both", launcher, "", 0, "jail"},
		{"a mark that somebody set", launcher, "x", 0, "jail"},
		{"a mark of this build that somebody set", launcher, "one:/nowhere/bin/jail", 0, "jail"},
		{"the whole program", whole, "", 0, "jail"},
		{"no mark of a build", whole, "x", 125, refused},
		{"a launcher of another build", other, "", 125, refused},
		{"a launcher of this build elsewhere", whole, "one:/nowhere/bin/jail", 125, refused},
		{"a launcher alone", alone, "", 125, "install jail anew"},
		{"a launcher that is the whole program too", itself, "", 125, "is bin/jail itself"},
	} {
		if status, said := version(t, c.program, c.mark); status != c.status || !strings.Contains(said, c.says) {
			t.Errorf("%s: status %d, want %d, and it says %q, want %q", c.what, status, c.status, said, c.says)
		}
	}
}
