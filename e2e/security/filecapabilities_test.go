package security

import (
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/internal/testenv"
)

// Files with capabilities are as good as set-id files. A jail of root in which the
// program could make one is refused, unless the profile asks for it.
func TestFileCapabilitiesOfRootsJails(t *testing.T) {
	testenv.Requires(t, testenv.Root)
	t.Parallel()
	for _, c := range []struct{ name, profile, how string }{
		{"kept", "capabilities: {keep: [setfcap]}\n", ""},
		{"all kept", "capabilities: {keep: [all], drop: [sys_admin]}\n", ""},
		{"nested, as nobody", "syscalls: {default: allow}\nnamespaces: {user: true}\nidentity: {user: nobody}\n", "nested"},
		{"nested, as another user", "syscalls: {default: allow}\nnamespaces: {user: true}\nidentity: {user: \"1234\"}\n", "nested"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			file := filepath.Join(s.Project, "file")
			probe := []string{testenv.ProbeBin, "file-capability", file}
			if r := s.Host(probe...); capabilityOf(file) == "" {
				t.Fatalf("without jail it does not work\n%s", r.Output())
			}
			if c.how != "" {
				probe = append(probe, c.how)
			}
			for _, off := range []bool{false, true} {
				_ = unix.Unlink(file)
				line := []string{testenv.JailBin, "run", "--profile", s.profile(c.profile)}
				if off {
					line = append(line, "--set", "syscalls.restrict-suid-sgid=false")
				}
				r := s.Host(append(line, probe...)...)
				if got := capabilityOf(file); (got != "") != off || !off && r.Status != 125 {
					t.Errorf("off %v: capability %x, exit status %d\n%s", off, got, r.Status, r.Output())
				}
			}
		})
	}
}

// capabilityOf is what a file has on the host, "" for nothing.
func capabilityOf(file string) string {
	value := make([]byte, 64)
	n, err := unix.Getxattr(file, "security.capability", value)
	if err != nil {
		return ""
	}
	return string(value[:n])
}
