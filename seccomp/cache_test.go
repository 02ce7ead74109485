package seccomp

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// small is a filter that compiles quickly.
func small() Filter {
	return Filter{Default: Allow, Deny: []Rule{{Name: "ptrace", Action: Errno}}, Arches: []string{"native"}}
}

// compile stands in for the compiler: each filter has another program.
func compile(f Filter) (Program, error) {
	digest := sha256.Sum256(EncodeFilter(f))
	return append(digest[:], 0x06, 0, 0, 0, 0, 0, 0, 0), nil
}

// in is a cache in a directory.
func in(dir string) Cache { return Cache{Dir: dir, Compile: compile, Compiler: "test 1"} }

// fetch asks a cache and demands a usable program from a place.
func fetch(t *testing.T, c Cache, f Filter, want From) (warning error) {
	t.Helper()
	program, source, err := c.Program(f)
	if err != nil {
		t.Fatal(err)
	}
	if source.From != want {
		t.Errorf("the program was %v, want %v (%v)", source.From, want, source.Warning)
	}
	if expected, err := compile(f); err != nil || !bytes.Equal(expected, program) {
		t.Errorf("the program is not that of the filter (%v)", err)
	}
	return source.Warning
}

// onlyFile returns the path of the one file in a directory.
func onlyFile(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d files in the cache, want 1 (%v)", len(entries), err)
	}
	return filepath.Join(dir, entries[0].Name())
}

func TestCache(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	c := in(dir)
	for _, want := range []From{Compiled, Cached, Cached} {
		if warning := fetch(t, c, small(), want); warning != nil {
			t.Error(warning)
		}
	}
	info, err := os.Stat(onlyFile(t, dir))
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("the file has mode %v (%v)", info.Mode(), err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has mode %v (%v)", info.Mode(), err)
	}
	if warning := fetch(t, in(""), small(), Compiled); warning != nil {
		t.Errorf("a cache without a directory warns: %v", warning)
	}
}

// TestCompilers shows that programs of another compiler are not used, and that
// what goes wrong with compiling comes out and is not kept.
func TestCompilers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	c := in(dir)
	fetch(t, c, small(), Compiled)
	c.Compiler = "test 2"
	fetch(t, c, small(), Compiled)
	fetch(t, c, small(), Cached)

	broken := errors.New("broken")
	answers := map[string]func(Filter) (Program, error){
		"broken":               func(Filter) (Program, error) { return nil, broken },
		"the program is empty": func(Filter) (Program, error) { return nil, nil },
		"cut off":              func(Filter) (Program, error) { return make(Program, 9), nil },
	}
	for want, compile := range answers {
		for _, dir := range []string{"", dir, "/proc/none"} {
			c := Cache{Dir: dir, Compile: compile}
			if _, _, err := c.Program(small()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("in %q: %v, want %q", dir, err, want)
			}
		}
	}
	wrong := small()
	wrong.Arches = append(wrong.Arches, "mips") // which is not in the encoding
	if _, _, err := in(t.TempDir()).Program(wrong); err == nil || !strings.Contains(err.Error(), `"mips" is unknown`) {
		t.Errorf("a wrong filter: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("%d files in the cache, want 2 (%v)", len(entries), err)
	}
}

// TestDamagedEntries puts everything that is not our cache entry under its name.
// Each time the program must be compiled and the entry be good afterwards.
func TestDamagedEntries(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	c := in(dir)
	fetch(t, c, small(), Compiled)
	path := onlyFile(t, dir)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := small()
	other.Default = Log
	program, err := compile(other)
	if err != nil {
		t.Fatal(err)
	}
	put := func(entry []byte, mode os.FileMode) func(t *testing.T) {
		return func(t *testing.T) {
			t.Helper()
			if err := errors.Join(os.WriteFile(path, entry, 0o600), os.Chmod(path, mode)); err != nil {
				t.Fatal(err)
			}
		}
	}
	do := func(actions ...func() error) func(t *testing.T) {
		return func(t *testing.T) {
			t.Helper()
			for _, action := range actions {
				if err := action(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	target := filepath.Join(t.TempDir(), "target")
	flipped := func(at int) []byte {
		bad := slices.Clone(good)
		bad[at] ^= 0x10
		return bad
	}
	remove := func() error { return os.Remove(path) }
	damages := map[string]func(t *testing.T){
		"missing":              do(remove),
		"empty":                put(nil, 0o600),
		"cut off":              put(good[:len(good)-8], 0o600),
		"cut in the head":      put(good[:entrySize-1], 0o600),
		"longer":               put(append(slices.Clone(good), 0), 0o600),
		"too long":             put(make([]byte, MaxEntry+1), 0o600),
		"heading":              put(flipped(0), 0o600),
		"key":                  put(flipped(len(entryHeading)), 0o600),
		"length":               put(flipped(len(entryHeading)+sha256.Size), 0o600),
		"digest":               put(flipped(entrySize-1), 0o600),
		"instruction":          put(flipped(entrySize+3), 0o600),
		"last byte":            put(flipped(len(good)-1), 0o600),
		"of another filter":    put(encodeEntry(cacheKey(other, c.Compiler), program), 0o600),
		"readable by others":   put(good, 0o644),
		"writable by others":   put(good, 0o602),
		"set-user-id":          put(good, 0o600|os.ModeSetuid),
		"a symbolic link":      do(func() error { return os.Rename(path, target) }, func() error { return os.Symlink(target, path) }),
		"a dangling link":      do(remove, func() error { return os.Symlink(target+"-missing", path) }),
		"a second hard link":   do(func() error { return os.Link(path, target+"-hard") }),
		"a fifo":               do(remove, func() error { return unix.Mkfifo(path, 0o600) }),
		"an empty directory":   do(remove, func() error { return os.Mkdir(path, 0o700) }),
		"a socket":             do(remove, func() error { return unix.Mknod(path, unix.S_IFSOCK|0o600, 0) }),
		"a link to a device":   do(remove, func() error { return os.Symlink("/dev/zero", path) }),
		"right key, no return": put(encodeEntry(cacheKey(small(), c.Compiler), make(Program, 16)), 0o600),
	}
	if os.Geteuid() == 0 {
		damages["of another owner"] = do(func() error { return os.Chown(path, 65534, 65534) })
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			damage(t)
			if warning := fetch(t, c, small(), Compiled); warning != nil {
				t.Errorf("warning: %v", warning)
			}
			fetch(t, c, small(), Cached)
			onlyFile(t, dir)
		})
	}
	if _, err := os.Stat(target + "-missing"); err == nil {
		t.Error("a link in the cache was followed for writing")
	}
}

// TestUnusableDirectories shows that a program comes out, with a warning, and
// that nothing is put into the directory.
func TestUnusableDirectories(t *testing.T) {
	base := t.TempDir()
	place := func(name string) string { return filepath.Join(base, name) }
	directory := func(name string, mode os.FileMode) string {
		if err := errors.Join(os.Mkdir(place(name), 0o700), os.Chmod(place(name), mode)); err != nil {
			t.Fatal(err)
		}
		return place(name)
	}
	if err := errors.Join(
		os.WriteFile(place("file"), nil, 0o600), os.Symlink(directory("own", 0o700), place("link")),
	); err != nil {
		t.Fatal(err)
	}
	dirs := map[string]string{
		"writable by all":     directory("all", 0o777),
		"sticky like /tmp":    directory("sticky", 0o777|os.ModeSticky),
		"writable by a group": directory("group", 0o770),
		"a file":              place("file"),
		"below a file":        place("file") + "/below",
		"a symbolic link":     place("link"),
		"in /proc":            "/proc/jail-cache",
		"with a NUL":          place("nul\x00byte"),
	}
	if os.Geteuid() == 0 {
		dirs["of another owner"] = directory("foreign", 0o700)
		if err := os.Chown(dirs["of another owner"], 65534, 65534); err != nil {
			t.Fatal(err)
		}
	} else {
		dirs["read-only"] = directory("read-only", 0o500)
		dirs["of another owner"] = "/usr"
	}
	for name, dir := range dirs {
		t.Run(name, func(t *testing.T) {
			warning := fetch(t, in(dir), small(), Compiled)
			if warning == nil || !strings.Contains(warning.Error(), "continuing without") {
				t.Errorf("warning: %v", warning)
			}
			matches, err := filepath.Glob(dir + "/*.bpf")
			if err != nil || len(matches) != 0 {
				t.Errorf("files were put there: %v %v", matches, err)
			}
		})
	}
}

// childVariable makes a second start of the test binary use the cache in the
// directory that it names while no file can grow beyond a few bytes.
const childVariable = "SECCOMP_TEST_FULL_DISK"

func TestMain(m *testing.M) {
	dir := os.Getenv(childVariable)
	if dir == "" {
		os.Exit(m.Run())
	}
	signal.Ignore(unix.SIGXFSZ)
	limit := unix.Rlimit{Cur: 50, Max: 50}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		panic(err)
	}
	_, source, err := in(dir).Program(small())
	fmt.Fprintln(os.Stdout, source.From, source.Warning, err)
}

// TestFullDisk shows that a failing write leaves no file behind.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	again := exec.Command(self)
	again.Env = append(os.Environ(), childVariable+"="+dir)
	out, err := again.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "compiled ") || !strings.Contains(string(out), "write a file: file too large") {
		t.Errorf("%v: %s", err, out)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v (%v)", entries, err)
	}
}

func TestShipped(t *testing.T) {
	dir := t.TempDir()
	second := ordinary()
	if err := Ship(dir, []Filter{small(), second}, compile); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "mips-0123.bpf")
	if err := os.WriteFile(foreign, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	shipped := os.DirFS(dir)
	if err := CheckShipped(shipped, []Filter{second, small()}); err != nil {
		t.Errorf("fresh programs are stale: %v", err)
	}
	c := in(filepath.Join(t.TempDir(), "unused"))
	c.Shipped = shipped
	fetch(t, c, small(), Shipped)
	fetch(t, c, second, Shipped)
	if _, err := os.Stat(c.Dir); err == nil {
		t.Error("a directory was made although nothing was compiled")
	}
	third := ordinary(Rule{Name: "ptrace"})
	fetch(t, c, third, Compiled)
	fetch(t, c, third, Cached)

	err := CheckShipped(shipped, []Filter{small(), third})
	if err == nil || !strings.Contains(err.Error(), "filter 1 has no shipped program") ||
		!strings.Contains(err.Error(), "belongs to no filter") {
		t.Errorf("a changed profile is not noticed: %v", err)
	}
	if err := Ship(dir, []Filter{third}, compile); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("%d files after shipping one filter beside a foreign one (%v)", len(entries), err)
	}
	path := filepath.Join(dir, shippedName(filterKey(third)))
	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := CheckShipped(shipped, []Filter{third}); err == nil {
		t.Error("a damaged program is not noticed")
	}
	fetch(t, c, third, Cached)
}

// TestKeysDiffer changes filters in one place and demands another key.
func TestKeysDiffer(t *testing.T) {
	cond := Cond{Arg: 1, Op: "&", Mask: 3, Value: 1, Width: 32}
	base := Filter{
		Default: Errno, Arches: []string{"native"}, Allow: []Rule{{Name: "read", When: []Cond{cond, cond}}, {Name: "write"}},
		Deny: []Rule{{Name: "kill", Action: Errno, Errno: 3}},
	}
	copyOf := func() Filter {
		f := base
		f.Allow, f.Deny = slices.Clone(base.Allow), slices.Clone(base.Deny)
		f.Allow[0].When = slices.Clone(base.Allow[0].When)
		return f
	}
	changes := []func(f *Filter){
		func(*Filter) {},
		func(f *Filter) { f.Default = Kill },
		func(f *Filter) { f.Arches = nil },
		func(f *Filter) { f.Allow[0].Name = "readv" },
		func(f *Filter) { f.Allow[0].When[0].Arg = 2 },
		func(f *Filter) { f.Allow[0].When[1].Op = "==" },
		func(f *Filter) { f.Allow[0].When[0].Mask = 7 },
		func(f *Filter) { f.Allow[0].When[0].Value = 2 },
		func(f *Filter) { f.Allow[0].When[0].Width = 64 },
		func(f *Filter) { f.Allow[0].When = f.Allow[0].When[:1] },
		func(f *Filter) { f.Allow[0].Action = Log },
		func(f *Filter) { f.Allow = f.Allow[:1] },
		func(f *Filter) { f.Allow[0], f.Allow[1] = f.Allow[1], f.Allow[0] },
		func(f *Filter) { f.Deny[0].Errno = 4 },
		func(f *Filter) { f.Deny[0].Action = Kill },
		func(f *Filter) { f.Deny = nil },
		func(f *Filter) { f.Allow, f.Deny = append(f.Allow, f.Deny...), nil },
		func(f *Filter) { f.Allow, f.Deny = nil, append(f.Allow, f.Deny...) },
	}
	seen := map[key]int{}
	for i, change := range changes {
		f := copyOf()
		change(&f)
		for _, k := range []key{filterKey(f), cacheKey(f, ""), cacheKey(f, "a"), cacheKey(f, "b")} {
			if other, twice := seen[k]; twice {
				t.Errorf("changes %d and %d have the same key", other, i)
			}
			seen[k] = i
		}
	}
	same := copyOf()
	same.Arches = []string{"native", nativeABI.String(), "native"}
	if filterKey(same) != filterKey(base) {
		t.Error("another spelling of the same architectures has another key")
	}
}

// TestVocabularyVersion fails when a group or a syscall number changed and
// vocabularyVersion did not, since stored programs would then be used for what
// the filter no longer says.
func TestVocabularyVersion(t *testing.T) {
	digest := sha256.New()
	for _, name := range GroupNames() {
		fmt.Fprintf(digest, "%s %+v\n", name, Group(name))
	}
	for _, row := range syscallTable {
		fmt.Fprintln(digest, row)
	}
	got := fmt.Sprintf("%d %x", vocabularyVersion, digest.Sum(nil)[:8])
	if want := "2 104a8c58168efb56"; got != want {
		t.Errorf("the vocabulary is %q, was %q: raise vocabularyVersion, put the new text here, "+
			"and ship the programs of the profiles anew", got, want)
	}
}

func FuzzDecodeEntry(f *testing.F) {
	k := filterKey(small())
	program := append(make(Program, 8), 0x06, 0, 0, 0, 0, 0, 0, 0)
	f.Add(encodeEntry(k, program))
	f.Add([]byte(nil))
	f.Add([]byte(entryHeading))
	f.Fuzz(func(t *testing.T, entry []byte) {
		program, err := decodeEntry(k, entry)
		if err == nil && !bytes.Equal(encodeEntry(k, program), entry) {
			t.Error("an entry was accepted that no program has")
		}
	})
}

func BenchmarkCached(b *testing.B) {
	f := Filter{Default: Errno, Arches: []string{"native"}}
	for _, name := range SyscallNames()[:400] {
		f.Allow = append(f.Allow, Rule{Name: name})
	}
	c := in(filepath.Join(b.TempDir(), "cache"))
	if _, source, err := c.Program(f); err != nil || source.Warning != nil {
		b.Fatal(err, source.Warning)
	}
	for b.Loop() {
		if _, source, _ := c.Program(f); source.From != Cached {
			b.Fatal(source)
		}
	}
}
