package security

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// allABIsButSetID leaves the filter nothing to refuse but set-id modes.
const allABIsButSetID = "syscalls: {default: allow, architectures: [native, x86]}\n"

var setIDProbe = []string{
	"set-id", "{project}", "chmod", "fchmod", "fchmodat", "fchmodat2", "open", "old-open", "creat", "tmpfile", "openat2", "mknod", "mknodat",
}

// setIDFiles decides by the files on the host.
func setIDFiles(s *scene, o *outcome) {
	for name := range o.parts {
		info, err := os.Stat(filepath.Join(s.Project, name))
		o.set(name, err == nil && info.Mode()&(fs.ModeSetuid|fs.ModeSetgid) != 0)
	}
}

// What programs do who copy, unpack or install set-id files goes on: the files are
// there without the bits, and the program says so by its exit status.
func TestSetIDFilesAreCopiedWithoutTheBits(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	const script = `mkdir -p in && echo text >in/file && echo text >in/plain && chmod 4755 in/file && chmod 2775 in && tar cf in.tar in`
	for _, c := range []struct{ name, command, file string }{
		{"cp -a", "cp -a in out", "out/file"},
		{"tar -p", "mkdir unpacked && tar xpf in.tar -C unpacked", "unpacked/in/file"},
		{"install", "install -m 4755 in/file installed", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, off := range []bool{false, true} {
				w := w.In(t)
				dir := filepath.Join(w.Project, filepath.Base(t.Name()), map[bool]string{false: "on", true: "off"}[off])
				w.Mkdir(dir)
				if r := w.Host("sh", "-c", "cd "+dir+" && "+script); r.Status != 0 {
					t.Fatal(r.Output())
				}
				flags := []string{testenv.JailBin, "run", "--profile", "default", "--write", dir}
				if off {
					flags = append(flags, "--set", "syscalls.restrict-suid-sgid=false")
				}
				r := w.Host(append(flags, "sh", "-c", "cd "+dir+" && "+c.command)...)
				found := setIDIn(t, dir, filepath.Join(dir, "in"))
				if off != (len(found) > 0) {
					t.Errorf("off %v: set-id: %q, exit status %d\n%s", off, found, r.Status, r.Output())
				}
				if off && r.Status != 0 {
					t.Errorf("without the guard: exit status %d\n%s", r.Status, r.Output())
				}
				if text, err := os.ReadFile(filepath.Join(dir, c.file)); c.file != "" && (err != nil || string(text) != "text\n") {
					t.Errorf("off %v: the file is not complete: %v", off, err)
				}
			}
		})
	}
}

// setIDIn lists what below dir has a bit, but for one directory.
func setIDIn(t *testing.T, dir, but string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path == but {
			return fs.SkipDir
		}
		info, err := d.Info()
		if err == nil && info.Mode()&(fs.ModeSetuid|fs.ModeSetgid) != 0 {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A directory with the set-group-ID bit hands it on, without anybody asking for it.
func TestDirectoriesInheritTheirGroup(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	shared := filepath.Join(w.Project, "shared")
	w.Mkdir(shared)
	if err := os.Chmod(shared, 0o2775|fs.ModeSetgid); err != nil {
		t.Fatal(err)
	}
	r := w.Host(testenv.JailBin, "run", "--profile", "default", "--write", w.Project, "sh", "-c", "mkdir -p "+shared+"/a/b && echo >"+shared+"/a/b/file")
	info, err := os.Stat(filepath.Join(shared, "a/b"))
	if r.Status != 0 || err != nil || info.Mode()&fs.ModeSetgid == 0 {
		t.Errorf("exit status %d, %v, %v\n%s", r.Status, info, err, r.Output())
	}
}

// Who is root of a namespace inside makes none either.
func TestSetIDFilesInNestedNamespaces(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "unshare")
	w := testenv.NewWorld(t)
	file := filepath.Join(w.Project, "file")
	for _, off := range []bool{true, false} {
		_ = os.Remove(file)
		flags := []string{"run", "--profile", "default", "--write", w.Project, "--nested-userns", "--set", "syscalls.default=allow"}
		if off {
			flags = append(flags, "--set", "syscalls.restrict-suid-sgid=false")
		}
		r := w.Jail(append(flags, "unshare", "--user", "--map-root-user", "sh", "-c", "touch "+file+" && chmod 4755 "+file)...)
		info, err := os.Stat(file)
		if set := err == nil && info.Mode()&fs.ModeSetuid != 0; err != nil || set != off {
			t.Errorf("off %v: set-id %v, %v, exit status %d\n%s", off, set, err, r.Status, r.Output())
		}
	}
}
