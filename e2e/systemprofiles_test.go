package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// V7: profiles of the system count only where nobody but root and the user can
// write them: the file, its directory, and what leads to it. In mounts of our own, over the
// directories of the system.
func TestV7SystemProfiles(t *testing.T) {
	unshare := []string{"unshare", "--mount"}
	if os.Getuid() != 0 {
		unshare = []string{"unshare", "--user", "--map-current-user", "--keep-caps", "--mount"}
	}
	for _, system := range []string{"/etc", "/usr/share"} {
		w := newWorld(t)
		secret := filepath.Join(w.home, canaries[0])
		for _, dir := range []string{"upper/jail/profiles", "work"} {
			w.mkdir(filepath.Join(w.root, dir))
		}
		profile := filepath.Join(w.root, "upper/jail/profiles/wide.yaml")
		w.write(profile, "extends: [default]\nfilesystem: {read: ["+secret+"]}\n")
		// The name of a profile of the pack, which somebody would put in its place.
		w.write(filepath.Join(w.root, "upper/jail/profiles/default.yaml"), "extends: [cli]\nfilesystem: {read: ["+secret+"]}\n")
		overlay := "mount -t overlay -o lowerdir=" + system + ",upperdir=" + w.root + "/upper,workdir=" + w.root + "/work none " + system
		launch := func(name string, change string) *result {
			script := overlay + " || exit 99; cd " + system + "/jail; " + change + "; cd; exec " + jailBin + " run --profile " + name + " cat " + secret
			return w.host(append(unshare, "sh", "-c", script)...)
		}
		for _, name := range []string{"wide", "default"} {
			if r := launch(name, ":"); r.status != 0 || !strings.Contains(r.stdout, w.canary) {
				t.Fatalf("%s, %s: status %d; the test is void\n%s", system, name, r.status, r.output())
			}
		}
		for _, c := range []struct{ name, change, back string }{
			{"a directory for its group", "chmod 775 profiles", "chmod 755 profiles"},
			{"a directory for everybody", "chmod 1777 profiles", "chmod 755 profiles"},
			{"a file for its group", "chmod 664 profiles/*", "chmod 644 profiles/*"},
			{"a file for everybody", "chmod 646 profiles/*", "chmod 644 profiles/*"},
			{"a way for everybody", "chmod 777 .", "chmod 755 ."},
			{"a file of another user", "mount --bind /proc/version profiles/wide.yaml; mount --bind /proc/version profiles/default.yaml", ":"},
		} {
			if c.name == "a file of another user" && os.Getuid() == 0 {
				c.change, c.back = "chown 4242 profiles/*", "chown 0 profiles/*"
			}
			for _, name := range []string{"wide", "default"} {
				if r := launch(name, c.change); r.status != 125 || strings.Contains(r.stdout, w.canary) || !strings.Contains(r.stderr, system) {
					t.Errorf("%s, %s, %s: status %d\n%s", system, c.name, name, r.status, r.output())
				}
				if r := launch(name, c.back); r.status != 0 || !strings.Contains(r.stdout, w.canary) {
					t.Errorf("%s, %s, %s, taken back: status %d\n%s", system, c.name, name, r.status, r.output())
				}
			}
		}
	}
}
