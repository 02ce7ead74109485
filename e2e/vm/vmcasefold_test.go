package vm

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// foldedDisk mounts an ext4 file system that can fold names and has ann's
// script run on it.
const foldedDisk = `
[ ! -e /loop.ko ] || insmod /loop.ko
losetup /dev/loop0 /image
mount -t ext4 /dev/loop0 /mnt
mkdir /mnt/project
chattr +F /mnt/project
chown ann /mnt/project
su ann -c 'cd /mnt/project; TERM=dumb sh /script-ann' 2>&1
`

// foldedScript takes the three variants of every attempt on a fresh directory: what
// counts is whether its files are the same after it, seen from outside.
const foldedScript = `
fresh() {
	cd /mnt/project
	rm -rf /mnt/project/* /mnt/project/.[!.]*
	echo canary >Secret; echo x >Head; echo x >x
}
# What was taken away is beside its name: the home is another file system.
state() { ls -A | grep -v '\.taken-'; cat Head Secret; }

# seen NAME: whether somebody outside sees a difference.
seen() { state >/tmp/after; cmp -s /tmp/before /tmp/after && echo "$1: same" || echo "$1: changed"; }

# try NAME FLAGS SCRIPT: three variants; the flags are those that leave the guard out.
try() {
	fresh; state >/tmp/before
	sh -c "$3"; seen $1-outside
	fresh; jail --write . sh -c "$3"; echo "$1-status: $?"; seen $1-jail
	fresh; jail $2 --write . sh -c "$3"; seen $1-wide
}

# look NAME FLAG ALIAS OPENED: the file is hidden by one alias and opened by
# another. So many names in one directory have jail read it as a whole.
look() {
	fresh
	many=$(for n in 1 2 3 4 5 6 7 8; do echo --hide none-$n; done)
	grep -q canary $4; echo "$1-outside: $?"
	jail $2 . $many --hide $3 grep -q canary $4; echo "$1-jail: $?"
	jail $2 . $many grep -q canary $4; echo "$1-wide: $?"
}

echo "release: $(uname -r)"
mkdir Folded && [ -d fOLDED ] && echo "folds: yes"
printf 'extends: [default]\nfilesystem: {startup: {automatic: report}}\n' >/tmp/open.yaml

look hide-read --read secret SECRET
look hide-read-as-is --read secret Secret
look hide-write --write secret SECRET
look hide-other --read Secret sEcReT

# shows NAME PATH HIDDEN OPENED: a file is granted by itself, or by a pattern, and
# hidden by another alias.
shows() {
	fresh
	grep -q canary $4; echo "$1-outside: $?"
	jail --read "$2" --hide $3 grep -q canary $4; echo "$1-jail: $?"
	jail --read "$2" grep -q canary $4; echo "$1-wide: $?"
}
shows shown-pattern '/mnt/project/*' secret Secret
shows shown-exact /mnt/project/Secret secret Secret
shows shown-other /mnt/project/SECRET sEcReT SECRET
try write "--write head" "echo y >HEAD"
try replace "--write head" "cat Secret >heaD"

open="--profile /tmp/open.yaml"
try file "$open" "echo y >.GIT"
try directory "$open" "mkdir .Git"
try rename "$open" "cp x y; mv y .gIT"
try link "$open" "ln -s x .Hg"
try hardlink "$open" "ln x .JJ"
`

// M16: where names differ by case only in writing, what is hidden or protected is
// so in every writing. Few kernels that tests run on can fold names, and to mount
// takes root: this is shown in a machine with Debian's.
func TestM16InVM(t *testing.T) {
	testenv.Requires(t, testenv.Slow)
	const mkfs, chattr = "/sbin/mkfs.ext4", "/usr/bin/chattr"
	testenv.Need(t, mkfs, chattr)
	image := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(image, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, 4<<20); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(mkfs, "-q", "-O", "casefold", "-E", "encoding=utf8", image).CombinedOutput(); err != nil {
		t.Fatalf("mkfs.ext4: %v\n%s", err, out)
	}
	v := newVM(t)
	v.copy(image, "/image")
	v.program(chattr)
	v.add("/script-ann", 0o755, foldedScript)
	if module := loopModule(v.kernel()); testenv.Exists(module) {
		v.copy(module, "/loop.ko")
	}
	r := v.run(foldedDisk)
	f := factsOf(r)
	expect(t, f, map[string]string{"folds": "yes"})
	for _, name := range []string{"hide-read", "hide-read-as-is", "hide-write", "hide-other", "shown-pattern", "shown-exact", "shown-other"} {
		expect(t, f, map[string]string{name + "-outside": "0", name + "-wide": "0"})
		if f[name+"-jail"] == "0" || f[name+"-jail"] == "125" {
			t.Errorf("%s: exit status %s in the jail", name, f[name+"-jail"])
		}
	}
	for _, name := range []string{"write", "replace", "file", "directory", "rename", "link", "hardlink"} {
		expect(t, f, map[string]string{name + "-outside": "changed", name + "-jail": "same", name + "-wide": "changed"})
		refused := name == "write" || name == "replace" // else it is made, and taken away
		if refused && f[name+"-status"] == "0" || f[name+"-status"] == "125" {
			t.Errorf("%s: exit status %s in the jail", name, f[name+"-status"])
		}
	}
	if t.Failed() {
		t.Log(r.Stdout)
	}
}

// loopModule is where the kernel's module for file systems in files is, unless
// the kernel has it built in.
func loopModule(kernel string) string {
	dir, name := filepath.Split(kernel)
	return filepath.Join(dir, "loop-"+strings.TrimPrefix(name, "vmlinuz-")+".ko")
}
