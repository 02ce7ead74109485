package commands

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// V7: profiles of the system count only where nobody but root and the user can
// write them: the file, its directory, and what leads to it. In mounts of our own, over the
// directories of the system.
func TestV7SystemProfiles(t *testing.T) {
	testenv.Requires(t, testenv.User|testenv.RootSlow)
	t.Parallel()
	unshare := []string{"unshare", "--mount"}
	if os.Getuid() != 0 {
		unshare = []string{"unshare", "--user", "--map-current-user", "--keep-caps", "--mount"}
	}
	for _, system := range []string{"/etc", "/usr/share"} {
		w := testenv.NewWorld(t)
		secret := filepath.Join(w.Home, testenv.Canaries[0])
		for _, dir := range []string{"upper/jail/profiles", "work"} {
			w.Mkdir(filepath.Join(w.Root, dir))
		}
		profile := filepath.Join(w.Root, "upper/jail/profiles/wide.yaml")
		w.Write(profile, "extends: [default]\nfilesystem: {read: ["+secret+"]}\n")
		// The name of a profile of the pack, which somebody would put in its place.
		w.Write(filepath.Join(w.Root, "upper/jail/profiles/default.yaml"), "extends: [cli]\nfilesystem: {read: ["+secret+"]}\n")
		// The user's own group, in which is somebody else.
		groups, err := os.ReadFile("/etc/group")
		if err != nil {
			t.Fatal(err)
		}
		crowded := regexp.MustCompile(fmt.Sprintf(`(?m)^([^:]*:[^:]*:%d:).*`, os.Getgid())).ReplaceAllString(string(groups), "${1}somebody")
		w.Write(filepath.Join(w.Root, "group"), crowded)
		group := "mount --bind " + w.Root + "/group /etc/group && "
		overlay := "mount -t overlay -o lowerdir=" + system + ",upperdir=" + w.Root + "/upper,workdir=" + w.Root + "/work none " + system
		launch := func(name string, change string) *testenv.Result {
			script := overlay + " || exit 99; cd " + system + "/jail; " + change + "; cd; exec " + testenv.JailBin + " run --profile " + name + " cat " + secret
			return w.Host(append(unshare, "sh", "-c", script)...)
		}
		for _, name := range []string{"wide", "default"} {
			if r := launch(name, ":"); r.Status != 0 || !strings.Contains(r.Stdout, w.Canary) {
				t.Fatalf("%s, %s: status %d; the test is void\n%s", system, name, r.Status, r.Output())
			}
		}
		for _, c := range []struct{ name, change, back string }{
			{"a directory for its group", group + "chmod 775 profiles", "chmod 755 profiles"},
			{"a directory for everybody", "chmod 1777 profiles", "chmod 755 profiles"},
			{"a way for its group", group + "chmod 775 .", "chmod 755 ."},
			{"a file for its group", group + "chmod 664 profiles/*", "chmod 644 profiles/*"},
			{"a file for everybody", "chmod 646 profiles/*", "chmod 644 profiles/*"},
			{"a way for everybody", "chmod 777 .", "chmod 755 ."},
			{"a file of another user", "mount --bind /proc/version profiles/wide.yaml; mount --bind /proc/version profiles/default.yaml", ":"},
		} {
			if c.name == "a file of another user" && os.Getuid() == 0 {
				c.change, c.back = "chown 4242 profiles/*", "chown 0 profiles/*"
			}
			for _, name := range []string{"wide", "default"} {
				if r := launch(name, c.change); r.Status != 125 || strings.Contains(r.Stdout, w.Canary) || !strings.Contains(r.Stderr, system) {
					t.Errorf("%s, %s, %s: status %d\n%s", system, c.name, name, r.Status, r.Output())
				}
				if r := launch(name, c.back); r.Status != 0 || !strings.Contains(r.Stdout, w.Canary) {
					t.Errorf("%s, %s, %s, taken back: status %d\n%s", system, c.name, name, r.Status, r.Output())
				}
			}
		}
	}
}
