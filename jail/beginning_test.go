package jail

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Where the fields of a record's head are.
const (
	headHeading   = 0
	headSum       = 8
	headSize      = 16
	headProgram   = 24
	headImage     = 80
	headAddresses = 88
	headIDs       = 96
)

// addressOf is where a slice begins.
func addressOf(b []byte) uintptr { return reflect.ValueOf(b).Pointer() }

// guarded is memory of a size, with no room for a byte behind it.
func guarded(tb testing.TB, size int) []byte {
	tb.Helper()
	page := os.Getpagesize()
	pages := (size + page - 1) / page * page
	m, err := unix.Mmap(-1, 0, pages+page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = unix.Munmap(m) })
	if err := unix.Mprotect(m[pages:], unix.PROT_NONE); err != nil {
		tb.Fatal(err)
	}
	return m[pages-size : pages]
}

// isIntact asks about bytes as if they had been read from a file.
func isIntact(tb testing.TB, file []byte) bool {
	tb.Helper()
	if len(file) < int(beginningSize) {
		return false // openRecord has looked at that
	}
	m := guarded(tb, len(file))
	copy(m, file)
	return intact(addressOf(m), uintptr(len(m)))
}

// fakePlan compiles a profile for the desktop of the tests.
func fakePlan(tb testing.TB, profile, id string, env []string, argv ...string) *Plan {
	tb.Helper()
	h := fakeHost()
	h.RandomID, h.Env = id, env
	p, _ := loadPolicy(tb, profile)
	c, problems := Compile(p, h, Command{Argv: argv})
	if problems.HasErrors() {
		tb.Fatal(problems)
	}
	c.Plan.SetFilterProgram(bytes.Repeat([]byte{byte(len(argv))}, 8*(20+len(argv))))
	return c.Plan
}

// begunProfile has what a jail can have that gets a head start.
const begunProfile = `
filesystem:
  read: [/usr, /bin, ~/docs]
  write: [~/Downloads]
  hide: [/usr/lib/libc.so]
  tmpfs: [{path: /scratch, size: 1M}]
  absent: open
environment: {keep: [PATH, LANG]}
identity: {hostname: inside}
syscalls: {default: allow}
`

// head is the state of the entry point, which tests put in place and take away.
func head(tb testing.TB) {
	tb.Helper()
	ahead = headStart{uid: uintptr(os.Getuid())}
	tb.Cleanup(func() { ahead = headStart{} })
}

// withPointers gives the plan an early op with memory full of addresses: of
// texts, of another block, and of one that a late op refers to as well.
func withPointers(p *Plan) *Plan {
	texts := vector("texts", strings.Fields("some texts of which memory holds the addresses, and the id "+p.id))
	texts.Refs[len(texts.Refs)-2].Text, texts.Refs[len(texts.Refs)-2].Block = "", &Block{Bytes: []byte("a block")}
	o := Op{Name: "close", Number: unix.SYS_CLOSE, Out: NoSlot, Accept: unix.EBADF, Args: []Arg{num(1<<20, ""), block(texts)}}
	p = withOp(p, 5, o, false)
	return withOp(p, p.Len()-1, o, false)
}

const testKey = 0x00c0ffee

// keptRecord keeps the beginning of a plan and returns the file.
func keptRecord(tb testing.TB, p *Plan) []byte {
	tb.Helper()
	head(tb)
	dir := tb.TempDir()
	ahead.keys[3] = testKey
	if err := p.KeepBeginning(dir, 3, "/proc/self/exe"); err != nil {
		tb.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(dir, "0000000000c0ffee.begin"))
	if err != nil {
		tb.Fatal(err)
	}
	return file
}

func field(file []byte, at int) uint64 { return binary.NativeEndian.Uint64(file[at:]) }

// with changes a field of a record and makes the checksum true again.
func with(file []byte, at int, value uint64) []byte {
	file = bytes.Clone(file)
	binary.NativeEndian.PutUint64(file[at:], value)
	return honest(file)
}

func honest(file []byte) []byte {
	sum := uint64(1)
	for at := headSize; at+8 <= len(file); at += 8 {
		sum = mix(sum, field(file, at))
	}
	binary.NativeEndian.PutUint64(file[headSum:], sum)
	return file
}

const (
	oneID     = "0123456789abcdef0123456789abcdef"
	anotherID = "fedcba9876543210aabbccddeeff0011"
)

// TestRecordIsThePlan keeps the beginning of one launch and makes that of
// another from it, with another id, other arguments and another environment, at
// another address: it is what lower writes there, but for what comes behind the
// wait for the launcher; and finish adds that.
func TestRecordIsThePlan(t *testing.T) {
	first := withPointers(fakePlan(t, begunProfile, oneID, []string{"PATH=/usr/bin", "LANG=C"}, "/usr/bin/true", "one"))
	file := keptRecord(t, first)
	if bytes.Contains(file, []byte(oneID)) || bytes.Contains(file, []byte("LANG=C")) || bytes.Contains(file, []byte("one\x00")) {
		t.Error("the id, an argument or a variable of the first launch is in its record")
	}
	if field(file, headIDs) == 0 || field(file, headAddresses) < 10 {
		t.Fatalf("%d ids and %d addresses; the test is void", field(file, headIDs), field(file, headAddresses))
	}
	second := withPointers(fakePlan(t, begunProfile, anotherID, []string{"PATH=/usr/bin", "LANG=de_DE.UTF-8", "X=y"}, "/usr/bin/true", "two", "three"))
	id, err := hex.DecodeString(anotherID)
	if err != nil {
		t.Fatal(err)
	}
	copy(ahead.random[:], id)
	size := planSize(second)
	for range 2 { // addresses
		kept, memory := guarded(t, len(file)), guarded(t, size)
		copy(kept, file)
		if !intact(addressOf(kept), uintptr(len(kept))) {
			t.Fatal("the record is refused")
		}
		ahead.record, ahead.size = addressOf(kept), uintptr(len(kept))
		fill(recordHead(), addressOf(memory))
		filled := bytes.Clone(memory)

		cell := &Cell{record: kept, shared: memory}
		l := second.continues(cell)
		if l == nil {
			t.Fatal("the second launch would not go on from the record of the first")
		}
		l.finish(memory)
		finished := bytes.Clone(memory)

		clear(memory)
		if ok, err := second.lower(memory); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if at := differ(finished, memory); at >= 0 {
			t.Errorf("byte %d of a finished plan is not that of a lowered one", at)
		}
		// Without finish, what is late is not there.
		opSize := reflect.TypeFor[rawOp]().Size()
		late, end := l.opsAt+uintptr(l.late)*opSize, field(file, headImage)
		clear(memory[late:l.arenaAt])
		clear(memory[end:])
		if at := differ(filled, memory); at >= 0 {
			t.Errorf("byte %d of a plan from the record is not that of a lowered one (late ops are at %d to %d, the end is %d)", at, late, l.arenaAt, end)
		}
	}
}

func differ(a, b []byte) int {
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return i
		}
	}
	return -1
}

// TestAnotherPlanDoesNotGoOn changes what a plan says before its wait, and
// every part of a record: the cell is not used.
func TestAnotherPlanDoesNotGoOn(t *testing.T) {
	env := []string{"PATH=/usr/bin"}
	plan := fakePlan(t, begunProfile, oneID, env, "/usr/bin/true")
	file := keptRecord(t, plan)
	goesOn := func(p *Plan, record []byte) bool {
		return p.continues(&Cell{record: record, shared: make([]byte, cellSize)}) != nil
	}
	if !goesOn(plan, file) {
		t.Fatal("a plan does not go on from its own record; the test is void")
	}
	for at := int(comparedFrom); at < len(file); at++ {
		if at > int(beginningSize) && at%61 != 0 && at < len(file)-40 {
			continue
		}
		changed := bytes.Clone(file)
		changed[at] ^= 1
		if goesOn(plan, changed) {
			t.Errorf("the plan goes on from a record of which byte %d is another", at)
		}
	}
	for _, changed := range [][]byte{file[:len(file)-8], append(bytes.Clone(file), 0, 0, 0, 0, 0, 0, 0, 0)} {
		if goesOn(plan, changed) {
			t.Errorf("the plan goes on from a record of %d bytes, its own has %d", len(changed), len(file))
		}
	}
	for _, change := range [][2]string{
		{"~/docs", "~/src"},
		{"[~/Downloads]", "[~/Downloads, ~/src]"},
		{"size: 1M", "size: 2M"},
		{"hide: [/usr/lib/libc.so]", "hide: []"},
		{"hostname: inside", "hostname: jail"},
		{"environment:", "network: {mode: host}\nenvironment:"},
		{"environment:", "namespaces: {ipc: false}\nenvironment:"},
		{"environment:", "capabilities: {keep: [net_raw]}\nenvironment:"},
		{"environment:", "limits: {processes: 3}\nenvironment:"},
	} {
		profile := strings.Replace(begunProfile, change[0], change[1], 1)
		if goesOn(fakePlan(t, profile, oneID, env, "/usr/bin/true"), file) {
			t.Errorf("with %s the plan goes on from a record without it", change[1])
		}
	}
}

// TestEveryChangeOfARecordIsSeen is about the eyes of the entry point.
func TestEveryChangeOfARecordIsSeen(t *testing.T) {
	file := keptRecord(t, fakePlan(t, begunProfile, oneID, nil, "/usr/bin/true"))
	memory := guarded(t, len(file))
	copy(memory, file)
	at, size := addressOf(memory), uintptr(len(memory))
	if !intact(at, size) {
		t.Fatal("the record is refused; the test is void")
	}
	for i := range memory {
		for _, bit := range []byte{1 << (i % 8), 0xff} {
			memory[i] ^= bit
			if intact(at, size) {
				t.Errorf("byte %d may be another", i)
			}
			memory[i] ^= bit
		}
	}
	for n := range file {
		if n%8 != 0 && n%29 != 0 {
			continue
		}
		if isIntact(t, file[:n]) {
			t.Errorf("%d of %d bytes are a record", n, len(file))
		}
		if n > int(beginningSize) && isIntact(t, with(file[:n], headSize, uint64(n))) && field(file, headImage) > uint64(n) {
			t.Errorf("%d bytes hold an image of %d", n, field(file, headImage))
		}
	}
	if !isIntact(t, honest(bytes.Clone(file))) {
		t.Fatal("the checksum of the test is another one; the test is void")
	}
	image, count := field(file, headImage), field(file, headAddresses)+field(file, headIDs)
	offsets := int(beginningSize) + int(image)
	for name, bad := range map[string][]byte{
		"another heading":                   with(file, headHeading, field(file, headHeading)+1),
		"a size that is too small":          with(file, headSize, uint64(len(file)-8)),
		"a size that is too large":          with(file, headSize, uint64(len(file)+8)),
		"an image of no plan":               with(file, headImage, 0),
		"an image that is too large":        with(file, headImage, uint64(len(file))),
		"an image of an odd size":           with(file, headImage, image-8),
		"an image of nearly all of memory":  with(file, headImage, ^uint64(15)),
		"more addresses than there is room": with(file, headAddresses, uint64(len(file))),
		"addresses without number":          with(file, headAddresses, ^uint64(0)),
		"ids without number":                with(file, headIDs, ^uint64(0)),
		"ids that make the sum small":       with(file, headIDs, -field(file, headAddresses)),
	} {
		if isIntact(t, bad) {
			t.Errorf("a record with %s is taken", name)
		}
	}
	for i := range 5 {
		if isIntact(t, with(file, headProgram+8*i, field(file, headProgram+8*i)+1)) {
			t.Errorf("a record of another executable is taken: word %d", i)
		}
	}
	for i := range int(count) {
		for _, offset := range []uint32{uint32(image) - idDigits + 1, uint32(image), 1 << 31, ^uint32(0)} {
			bad := bytes.Clone(file)
			binary.NativeEndian.PutUint32(bad[offsets+4*i:], offset)
			if isIntact(t, honest(bad)) {
				t.Errorf("offset %d may be %d, the image has %d bytes", i, offset, image)
			}
		}
	}
}

// FuzzBeginning gives the entry point bytes to read. It believes only what jail
// wrote; and what somebody wrote who knows the checksum keeps fill within the
// image.
func FuzzBeginning(f *testing.F) {
	file := keptRecord(f, fakePlan(f, begunProfile, oneID, nil, "/usr/bin/true"))
	f.Add(file, false)
	f.Add(file, true)
	fewer := with(file, headAddresses, field(file, headAddresses)-1)
	fewer[headSum]++ // as it is without the correction
	f.Add(fewer, true)
	f.Fuzz(func(t *testing.T, data []byte, corrected bool) {
		if len(data) < int(beginningSize) || len(data) > maxBeginning {
			return
		}
		data = bytes.Clone(data)
		if corrected {
			data = data[:len(data)&^7]
			copy(data[:headProgram+5*8], file[:headProgram+5*8])
			data = with(data, headSize, uint64(len(data)))
		}
		kept := guarded(t, len(data))
		copy(kept, data)
		if !intact(addressOf(kept), uintptr(len(kept))) {
			return
		}
		if !corrected && !bytes.Equal(data, file) {
			t.Errorf("%d bytes that jail did not write are a record", len(data))
		}
		const before = 4096
		image := int(field(data, headImage))
		memory := guarded(t, before+image)
		head(t)
		ahead.record = addressOf(kept)
		fill(recordHead(), addressOf(memory[before:]))
		if at := differ(memory[:before], make([]byte, before)); at >= 0 {
			t.Errorf("fill wrote %d bytes before the image", before-at)
		}
	})
}

type anyGroup struct{}

func (anyGroup) Add(int) error { return nil }
func (anyGroup) Remove()       {}

// TestWhatIsNotBegun: a jail whose beginning takes more than its first process, or
// leaves something on the host, has no record.
func TestWhatIsNotBegun(t *testing.T) {
	plain := fakePlan(t, begunProfile, oneID, nil, "/usr/bin/true")
	if l, file := plain.beginning(oneID); l == nil || file == nil {
		t.Fatal("the plan that is changed here can't be begun itself; the test is void")
	}
	for name, change := range map[string]func(p *Plan){
		"a control group":      func(p *Plan) { p.Group = anyGroup{} },
		"inputs":               func(p *Plan) { p.Inputs = []Input{{Slot: 3, FD: 0}} },
		"another user":         func(p *Plan) { p.runAs = 1 << 30 },
		"borrowed descriptors": func(p *Plan) { p.borrowed = []borrowed{{}} },
		"newgidmap":            func(p *Plan) { p.subordinate = "/usr/bin/newgidmap" },
		"a jail to enter":      func(p *Plan) { p.entering = true },
		"traces":               func(p *Plan) { p.leavesTraces = true },
		"no reaper":            func(p *Plan) { p.Reap = false },
		"the caller's PIDs":    func(p *Plan) { p.OwnPIDs = false },
		"nothing to wait for":  func(p *Plan) { p.gated = 0 },
		"no ops":               func(p *Plan) { p.Setup, p.Init, p.Program = nil, nil, nil },
	} {
		p := *plain
		change(&p)
		if l, file := p.beginning(oneID); l != nil || file != nil {
			t.Errorf("with %s there is a record", name)
		}
	}
	for _, profile := range []string{
		strings.Replace(begunProfile, "write: [~/Downloads]", "write: [{path: ~/new/one, create: directory}]", 1),
		strings.Replace(begunProfile, "write: [~/Downloads]", "write: [{path: ~/new, create: file}]", 1),
		strings.Replace(begunProfile, "write: [~/Downloads]", "overlay: [{path: ~/Downloads, keep: ~/src}]", 1),
		strings.Replace(begunProfile, "environment:", "namespaces: {pid: false}\nenvironment:", 1),
	} {
		p := fakePlan(t, profile, oneID, nil, "/usr/bin/true")
		if _, file := p.beginning(oneID); file != nil {
			t.Errorf("there is a record of%s", profile)
		}
	}
	// The program and its filter wait for the launcher; what comes before that
	// prepares or takes away.
	for i := range plain.Program[:plain.gated] {
		switch o := &plain.Program[i]; {
		case slices.Contains([]string{
			"setpgid", "umask", "close_range", "futex", "landlock_add_rule", "landlock_restrict_self", "prlimit64",
		}, o.Name), o.Name == "seccomp" && o.Subject == hostSockets:
		default:
			t.Errorf("%s comes before the launcher agrees", o)
		}
	}
	if last := &plain.Program[plain.gated-1]; last.Subject != "the launcher" {
		t.Errorf("the last op before the launcher agrees is %s", last)
	}
}

// TestRecordsAreForgotten: where a record can't be replaced by one that is true,
// it goes, but only if this launch was begun from one.
func TestRecordsAreForgotten(t *testing.T) {
	plan := fakePlan(t, begunProfile, oneID, nil, "/usr/bin/true")
	head(t)
	dir := t.TempDir()
	name := filepath.Join(dir, recordName(testKey))
	if err := plan.KeepBeginning(dir, 3, "/proc/self/exe"); err == nil {
		t.Error("a record was kept without a key")
	}
	ahead.keys[3] = testKey
	if err := plan.KeepBeginning(dir, 3, "/bin/sh"); err == nil || exists(name) {
		t.Error("a record was kept although the name of the program leads to another one")
	}
	if err := plan.KeepBeginning(dir, 3, "/proc/self/exe"); err != nil || !exists(name) {
		t.Fatal(err)
	}
	plan.leavesTraces = true
	for _, from := range []uintptr{0, 1} {
		ahead.record, ahead.index = from, 3
		if err := plan.KeepBeginning(dir, 3, "/proc/self/exe"); err == nil {
			t.Error("a record was kept of what can't be begun")
		}
		if exists(name) != (from == 0) {
			t.Errorf("begun from a record: %d; the record is still there: %v", from, exists(name))
		}
	}
}

// TestWhichFilesAreRecords puts all kinds of things in the place of a record. The
// entry point reads none of them.
func TestWhichFilesAreRecords(t *testing.T) {
	file := keptRecord(t, fakePlan(t, begunProfile, oneID, nil, "/usr/bin/true"))
	write := func(name string) error { return os.WriteFile(name, file, 0o600) }
	for _, c := range []struct {
		name string
		put  func(name string) error
		want bool
	}{
		{"a record", write, true},
		{"a read-only record", func(name string) error { return os.WriteFile(name, file, 0o400) }, true},
		{"nothing", func(string) error { return nil }, false},
		{"a directory", func(name string) error { return os.Mkdir(name, 0o700) }, false},
		{"a fifo", func(name string) error { return unix.Mkfifo(name, 0o600) }, false},
		{"a link", func(name string) error {
			if err := write(name + ".real"); err != nil {
				return err
			}
			return os.Symlink(name+".real", name)
		}, false},
		{"a second name", func(name string) error {
			if err := write(name); err != nil {
				return err
			}
			return os.Link(name, name+".second")
		}, false},
		{"one that others may read", func(name string) error {
			if err := write(name); err != nil {
				return err
			}
			return os.Chmod(name, 0o640)
		}, false},
		{"one that others may write", func(name string) error {
			if err := write(name); err != nil {
				return err
			}
			return os.Chmod(name, 0o602)
		}, false},
		{"an executable", func(name string) error { return os.WriteFile(name, file, 0o700) }, false},
		{"an empty file", func(name string) error { return os.WriteFile(name, nil, 0o600) }, false},
		{"a large file", func(name string) error {
			if err := write(name); err != nil {
				return err
			}
			return os.Truncate(name, 1<<40)
		}, false},
	} {
		head(t)
		dir := t.TempDir()
		if err := c.put(filepath.Join(dir, recordName(testKey))); err != nil {
			t.Fatal(err)
		}
		d, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := openRecord(uintptr(d), testKey); got != c.want {
			t.Errorf("%s is taken: %v", c.name, got)
		}
		if c.want {
			ahead = headStart{uid: uintptr(os.Getuid()) + 1}
			if openRecord(uintptr(d), testKey) {
				t.Errorf("%s of another user is taken", c.name)
			}
		}
		unix.Close(d)
	}
}

// TestNamesOfRecords: both sides name a record alike.
func TestNamesOfRecords(t *testing.T) {
	head(t)
	for _, key := range []uint64{0, 1, testKey, 1 << 63, ^uint64(0), 0x0123456789abcdef} {
		nameRecord(key)
		name, _, _ := bytes.Cut(ahead.path[:], []byte{0})
		if want := recordName(key); string(name) != want || want != fmt.Sprintf("%016x.begin", key) {
			t.Errorf("the record of %#x is %s for one side and %s for the other", key, name, want)
		}
	}
}
