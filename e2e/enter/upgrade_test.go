package enter

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// R12: jail is updated while a jail runs. Who enters with the new one is confined
// as the jail is; a registration that another version wrote is refused.
func TestR12BinaryReplaced(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	secret := filepath.Join(w.Home, testenv.Canaries[0])
	program := filepath.Join(w.Root, "program")
	w.JailBin = w.InstallJail(program)
	guarded := w.Runs("--profile", "default", "--read", testenv.BinDir, "sleep", "600")
	granted := w.Runs("--profile", "default", "--read", secret, "sleep", "600")
	w.InstallBuild(program, "another build")

	before := guarded.Enter(testenv.ProbeBin)
	facts := testenv.ParseFacts(t, before.Stdout)
	launched := w.Probe("--profile", "default")
	for _, key := range []string{"Seccomp", "Seccomp_filters", "NoNewPrivs", "CapEff", "CapBnd", "CapPrm", "CapInh", "CapAmb", "Uid", "Gid", "Groups"} {
		if facts.Status[key] != launched.Status[key] || key != "Groups" && facts.Status[key] == "" {
			t.Errorf("entered by a new binary, %s is %q, launched %q", key, facts.Status[key], launched.Status[key])
		}
	}
	if r := w.Host("cat", secret); !strings.Contains(r.Stdout, w.Canary) {
		t.Fatalf("the test is void: %s", r.Output())
	}
	if r := guarded.Enter("cat", secret); r.Status != 1 || strings.Contains(r.Stdout, w.Canary) {
		t.Errorf("entered by a new binary: status %d, %s", r.Status, r.Output())
	}
	if r := granted.Enter("cat", secret); r.Status != 0 || !strings.Contains(r.Stdout, w.Canary) {
		t.Errorf("the test is void: what is granted can't be read: status %d, %s", r.Status, r.Output())
	}

	// The registration begins with its version.
	registration := filepath.Join(w.Root, "run/jail", granted.ID)
	data := []byte(w.Read(registration))
	put := func(data []byte) {
		if err := os.WriteFile(registration, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, version := range []byte{0, data[0] + 1, 0x7f} {
		other := slices.Clone(data)
		other[0] = version
		put(other)
		for _, args := range [][]string{{"enter", granted.ID, "cat", secret}, {"stop", "--grace", "0s", granted.ID}} {
			if r := w.Jail(args...); r.Status != 125 || r.Stdout != "" || !strings.Contains(r.Stderr, "another version of jail") {
				t.Errorf("a registration of version %d: %q: status %d, %s", version, args, r.Status, r.Output())
			}
		}
	}
	put(data)
	if r := w.Jail("stop", "--grace", "0s", granted.ID); r.Status != 0 {
		t.Errorf("with the registration as it was: status %d, %s", r.Status, r.Output())
	}
}
