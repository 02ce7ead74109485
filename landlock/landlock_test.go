package landlock

import (
	"bytes"
	"encoding/binary"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// header is what the kernel's header says about files and scopes, as package unix has it.
var header = map[string]uint64{
	"execute": unix.LANDLOCK_ACCESS_FS_EXECUTE, "write_file": unix.LANDLOCK_ACCESS_FS_WRITE_FILE,
	"read_file": unix.LANDLOCK_ACCESS_FS_READ_FILE, "read_dir": unix.LANDLOCK_ACCESS_FS_READ_DIR,
	"remove_dir": unix.LANDLOCK_ACCESS_FS_REMOVE_DIR, "remove_file": unix.LANDLOCK_ACCESS_FS_REMOVE_FILE,
	"make_char": unix.LANDLOCK_ACCESS_FS_MAKE_CHAR, "make_dir": unix.LANDLOCK_ACCESS_FS_MAKE_DIR,
	"make_reg": unix.LANDLOCK_ACCESS_FS_MAKE_REG, "make_sock": unix.LANDLOCK_ACCESS_FS_MAKE_SOCK,
	"make_fifo": unix.LANDLOCK_ACCESS_FS_MAKE_FIFO, "make_block": unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK,
	"make_sym": unix.LANDLOCK_ACCESS_FS_MAKE_SYM, "refer": unix.LANDLOCK_ACCESS_FS_REFER,
	"truncate": unix.LANDLOCK_ACCESS_FS_TRUNCATE, "ioctl_dev": unix.LANDLOCK_ACCESS_FS_IOCTL_DEV,
	"resolve_unix": unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX,
	"bind_tcp":     unix.LANDLOCK_ACCESS_NET_BIND_TCP, "connect_tcp": unix.LANDLOCK_ACCESS_NET_CONNECT_TCP,
	"abstract_unix_socket": unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET, "signal": unix.LANDLOCK_SCOPE_SIGNAL,
}

func TestTableIsTheHeader(t *testing.T) {
	if len(features) != len(header) {
		t.Errorf("the table has %d features, the header %d", len(features), len(header))
	}
	for _, f := range features {
		if bit, known := header[f.Name]; !known || bit != f.Bit {
			t.Errorf("%s is %#x, in the header %#x", f.Name, f.Bit, bit)
		}
	}
	for i := 1; i < len(features); i++ {
		if features[i].Since < features[i-1].Since {
			t.Errorf("%s stands behind later versions", features[i].Name)
		}
	}
}

// TestInstalledHeader compares with the header of the C library's kernel,
// which may be older than the table.
func TestInstalledHeader(t *testing.T) {
	text, err := os.ReadFile("/usr/include/linux/landlock.h")
	if err != nil {
		if os.Getenv("JAIL_TEST_REQUIRE") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	defines := regexp.MustCompile(`#define LANDLOCK_(?:ACCESS_FS|ACCESS_NET|SCOPE)_(\w+)\s+\(1ULL << (\d+)\)`).FindAllStringSubmatch(string(text), -1)
	if len(defines) < 13 {
		t.Fatalf("%d definitions", len(defines))
	}
	for _, d := range defines {
		shift, err := strconv.Atoi(d[2])
		if name := strings.ToLower(d[1]); err != nil || header[name] != 1<<shift {
			t.Errorf("%s is %#x, in the header 1<<%s", name, header[name], d[2])
		}
	}
}

func TestLayout(t *testing.T) {
	got := RulesetAttr(Execute|Refer, ConnectTCP, Signal)
	var want bytes.Buffer
	if err := binary.Write(&want, binary.NativeEndian, unix.LandlockRulesetAttr{Handled_access_fs: 0x2001, Handled_access_net: 2, Scoped: 2}); err != nil {
		t.Fatal(err)
	}
	// The structure has grown since version 6, and the kernel takes it as it was.
	if len(got) != rulesetSize || !bytes.Equal(got, want.Bytes()[:rulesetSize]) {
		t.Errorf("struct landlock_ruleset_attr is %x, want %x", got, want.Bytes())
	}
	want.Reset()
	if err := binary.Write(&want, binary.NativeEndian, unix.LandlockPathBeneathAttr{Allowed_access: 6, Parent_fd: -3}); err != nil {
		t.Fatal(err)
	}
	if got := PathBeneathAttr(WriteFile|ReadFile, -3); len(got) != pathBeneathSize || !bytes.Equal(got, want.Bytes()[:pathBeneathSize]) {
		t.Errorf("struct landlock_path_beneath_attr is %x, want %x", got, want.Bytes())
	}
}

// TestVersions: a version restricts all that an earlier one did, and lacks
// nothing that an earlier one had.
func TestVersions(t *testing.T) {
	const all = ^FS(0)
	var names [Newest + 1][]string
	for a := ABI(0); a <= Newest; a++ {
		for _, f := range a.Lacks() {
			names[a] = append(names[a], f.Name)
		}
		if a == 0 {
			continue
		}
		if gone := (a - 1).Has(all) &^ a.Has(all); gone != 0 {
			t.Errorf("version %d lost %s", a, gone)
		}
		if gone := (a - 1).HasScopes(^Scope(0)) &^ a.HasScopes(^Scope(0)); gone != 0 {
			t.Errorf("version %d lost %s", a, gone)
		}
		had := strings.Join(names[a-1], " ")
		if !strings.HasSuffix(had, strings.Join(names[a], " ")) {
			t.Errorf("version %d lacks %q, version %d %q", a, names[a], a-1, had)
		}
	}
	for a, want := range map[ABI]FS{0: 0, 1: 0x1fff, 2: 0x3fff, 3: 0x7fff, 4: 0x7fff, 5: 0xffff, 6: 0xffff, 7: 0xffff, 99: 0xffff} {
		if got := a.Has(all); got != want {
			t.Errorf("version %d restricts %s, want %s", a, got, want)
		}
	}
	for a, want := range map[ABI]Scope{0: 0, 5: 0, 6: 3, 7: 3, 99: 3} {
		if got := a.HasScopes(^Scope(0)); got != want {
			t.Errorf("version %d has the scopes %s, want %s", a, got, want)
		}
	}
	for a, want := range map[ABI]string{
		1: "refer truncate ioctl_dev abstract_unix_socket signal", 2: "truncate ioctl_dev abstract_unix_socket signal",
		3: "ioctl_dev abstract_unix_socket signal", 4: "ioctl_dev abstract_unix_socket signal", 5: "abstract_unix_socket signal", 6: "", 7: "",
	} {
		if got := strings.Join(names[a], " "); got != want {
			t.Errorf("version %d lacks %q, want %q", a, got, want)
		}
	}
}

// TestSets: the sets divide the rights among themselves.
func TestSets(t *testing.T) {
	all := Newest.Has(^FS(0))
	if Looking|Changing|Devices|IoctlDev != all || Looking&Changing != 0 || Changing&Devices != 0 || Looking&Devices != 0 {
		t.Error("a right is in no set, or in two")
	}
	if s := (ReadFile | Refer).String(); s != "READ_FILE|REFER" {
		t.Errorf("the names are %q", s)
	}
	if s := Scope(0).String(); s != "0" {
		t.Errorf("no scope is %q", s)
	}
	lack := ABI(0).Summary()
	if len(lack) < 5 || len(lack[0].Names) != 13 || lack[1].Names[0] != "refer" {
		t.Errorf("without Landlock a jail lacks %v", lack)
	}
}
