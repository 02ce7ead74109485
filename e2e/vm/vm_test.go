package vm

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// vm is a virtual machine for facts that the kernel under the tests does not
// have: control groups of version 2 that are delegated, an older kernel. It boots a
// kernel of Debian's (scripts/kernel) in emulation, which takes no rights
// and about three seconds, with a root file system in memory: busybox, the jail
// program, the probe, and what a test adds.
//
// The script of a test runs as root and prints to the console. The account
// ann, uid 1000, is for everything else.
type vm struct {
	t     *testing.T
	files map[string]vmFile
}

// vmFile is a file of the guest.
type vmFile struct {
	mode uint32
	data []byte
}

const (
	modeDir  = 0o040000
	modeFile = 0o100000
	modeLink = 0o120000
)

// newVM prepares a machine with the programs of this package's tests in /bin.
func newVM(t *testing.T) *vm {
	t.Helper()
	testenv.Need(t, "qemu-system-x86_64", "busybox")
	v := &vm{t: t, files: map[string]vmFile{}}
	v.copy(testenv.JailBin, "/bin/jail")
	v.copy(testenv.ProbeBin, "/bin/probe")
	for _, rest := range testenv.JailFiles()[1:] { // of an installed tree
		v.copy(rest, "/libexec/jail/"+filepath.Base(rest))
		v.copy(rest, rest)
	}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal(err)
	}
	v.program(busybox)
	if busybox != "/bin/busybox" {
		v.copy(busybox, "/bin/busybox")
	}
	for _, dir := range []string{"/proc", "/sys", "/dev", "/tmp", "/run", "/etc", "/usr/bin", "/home/ann", "/root", "/mnt"} {
		v.files[dir] = vmFile{mode: modeDir | 0o755}
	}
	v.add("/etc/passwd", 0o644, "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n")
	v.add("/etc/group", 0o644, "root:x:0:\nann:x:1000:\n")
	v.add("/init", 0o755, vmInit)
	return v
}

// vmInit begins on the file system of the initial ramdisk, which can't be
// pivoted away from (pivot_root(2)), and goes on in a copy of it.
const vmInit = `#!/bin/busybox sh
export PATH=/bin:/usr/bin
if [ "$1" = again ]; then
	/bin/busybox --install -s /bin
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mount -t devtmpfs dev /dev
	mkdir -p /dev/pts /dev/shm
	mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
	mount -t tmpfs -o mode=1777 tmpfs /dev/shm
	mount -t tmpfs -o mode=1777 tmpfs /tmp
	mount -t tmpfs -o mode=755 tmpfs /run
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	ip link set lo up
	chown -R 1000:1000 /home/ann
	mkdir -p /run/user/1000 && chown 1000:1000 /run/user/1000 && chmod 700 /run/user/1000
	echo vm: began
	sh /script
	echo "vm: status $?"
	/bin/busybox poweroff -f
fi
/bin/busybox mkdir /new
/bin/busybox mount -t tmpfs -o mode=755,size=1G root /new
for f in /*; do
	[ "$f" = /new ] || /bin/busybox cp -a "$f" /new/
done
exec /bin/busybox switch_root /new /init again
`

// add puts a file into the guest.
func (v *vm) add(name string, mode uint32, text string) {
	v.files[name] = vmFile{mode: modeFile | mode, data: []byte(text)}
}

// copy puts a file of this machine into the guest.
func (v *vm) copy(from, to string) {
	v.t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		v.t.Fatal(err)
	}
	v.files[to] = vmFile{mode: modeFile | 0o755, data: data}
}

// tree puts a file or directory of this machine into the guest, at the same
// place.
func (v *vm) tree(root string) {
	v.t.Helper()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			v.files[name] = vmFile{mode: modeDir | 0o755}
		case d.Type() == fs.ModeSymlink:
			target, err := os.Readlink(name)
			v.files[name] = vmFile{mode: modeLink | 0o777, data: []byte(target)}
			return err
		default:
			v.copy(name, name)
		}
		return nil
	})
	if err != nil {
		v.t.Fatal(err)
	}
}

// program puts a program of this machine into the guest, with the libraries
// that it needs.
func (v *vm) program(name string) {
	v.t.Helper()
	v.copy(name, name)
	out, err := exec.Command("ldd", name).Output()
	if err != nil {
		return // linked statically
	}
	for _, library := range regexp.MustCompile(`/\S+`).FindAllString(string(out), -1) {
		v.copy(library, library)
	}
}

// kernel is the path of the kernel to boot.
func (v *vm) kernel() string {
	v.t.Helper()
	kernel, err := exec.Command(filepath.Join(testenv.Checkout(), "scripts/kernel")).Output()
	if err != nil {
		testenv.Missing(v.t, fmt.Sprintf("no kernel for a virtual machine: scripts/kernel: %v", err))
	}
	return strings.TrimSpace(string(kernel))
}

// run boots the machine and returns what the script printed, and its exit
// status.
func (v *vm) run(script string) *testenv.Result {
	v.t.Helper()
	kernel := v.kernel()
	v.add("/script", 0o755, script)
	disk := filepath.Join(v.t.TempDir(), "initrd")
	if err := os.WriteFile(disk, v.archive(), 0o644); err != nil {
		v.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(v.t.Context(), 10*time.Minute)
	defer cancel()
	began := time.Now()
	out, err := exec.CommandContext(ctx, "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024",
		"-nodefaults", "-nographic", "-no-reboot", "-serial", "stdio", "-kernel", kernel, "-initrd", disk,
		"-append", "console=ttyS0 quiet loglevel=0 panic=-1").CombinedOutput()
	text := strings.ReplaceAll(string(out), "\r", "")
	_, text, ok := strings.Cut(text, "vm: began\n")
	end := strings.LastIndex(text, "vm: status ")
	if err != nil || !ok || end < 0 {
		v.t.Fatalf("the virtual machine: %v\n%s", err, out)
	}
	v.t.Logf("the virtual machine ran for %v", time.Since(began).Round(time.Millisecond))
	status, err := strconv.Atoi(strings.TrimSpace(strings.SplitN(text[end+len("vm: status "):], "\n", 2)[0]))
	if err != nil {
		v.t.Fatalf("the status of the script: %v\n%s", err, text)
	}
	return &testenv.Result{Status: status, Stdout: text[:end]}
}

// facts are the lines "name: value" that a script printed; the last of a name
// counts.
func factsOf(r *testenv.Result) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(r.Stdout) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			out[name] = value
		}
	}
	return out
}

// archive is the root file system as the kernel wants it: cpio(5), "newc".
func (v *vm) archive() []byte {
	var b bytes.Buffer
	number := 0
	entry := func(name string, f vmFile) {
		number++
		fmt.Fprintf(&b, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
			number, f.mode, 0, 0, 1, 0, len(f.data), 0, 0, 0, 0, len(name)+1, 0, name)
		b.Write(make([]byte, (4-b.Len()%4)%4))
		b.Write(f.data)
		b.Write(make([]byte, (4-b.Len()%4)%4))
	}
	made := map[string]bool{"/": true}
	var parents func(dir string)
	parents = func(dir string) {
		if made[dir] {
			return
		}
		parents(path.Dir(dir))
		made[dir] = true
		if _, listed := v.files[dir]; !listed {
			entry(dir[1:], vmFile{mode: modeDir | 0o755})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.files)) {
		parents(path.Dir(name))
		made[name] = true
		entry(name[1:], v.files[name])
	}
	entry("TRAILER!!!", vmFile{})
	return b.Bytes()
}
