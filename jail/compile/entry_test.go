package compile

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/child"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/jailtest"
	"github.com/jail-project/jail/jail/plan"
)

// TestEntryIsKept encodes what entering takes, for plans of many kinds, and
// reads it again: nothing of it is lost, but for places in profiles.
func TestEntryIsKept(t *testing.T) {
	for _, profile := range []string{
		jailtest.SystemProfile, jailtest.FullProfile,
		"filesystem: {read: [/usr, /bin, /lib]}\nnamespaces: {pid: false, cgroup: false, time: true}\n",
		"filesystem: {read: [/usr, /bin, /lib], home: private}\nnetwork: {mode: host}\n",
	} {
		c, problems := compileFor(t, profile, jailtest.Desktop(), "/usr/bin/true")
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		entry := c.Entry(nil)
		data, err := entry.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := DecodeEntry(data)
		if err != nil {
			t.Fatal(err)
		}
		for part := range entry.ops {
			for i := range entry.ops[part] {
				want, got := entry.ops[part][i], again.ops[part][i]
				if want.String() != got.String() || want.Number != got.Number || want.Out != got.Out || want.Accept != got.Accept || want.Subject != got.Subject {
					t.Errorf("%s comes back as %s", &want, &got)
				}
				for j := range want.Args {
					if want.Args[j].Num != got.Args[j].Num || want.Args[j].Kind != got.Args[j].Kind {
						t.Errorf("%s: argument %d is %+v", &want, j, got.Args[j])
					}
				}
			}
		}
		if second, err := again.Encode(); err != nil || !bytes.Equal(second, data) {
			t.Errorf("what was read is written differently: %v", err)
		}
		for cut := 0; cut < len(data); cut += 7 {
			if _, err := DecodeEntry(data[:cut]); err == nil {
				t.Fatalf("%d of %d bytes are read", cut, len(data))
			}
		}
	}
}

// TestEntryIsConfinement expects in what is kept for entering every step
// that confines a process: what is missing there would be missing for who enters.
func TestEntryIsConfinement(t *testing.T) {
	c, problems := compileFor(t, jailtest.FullProfile, jailtest.Desktop(), "/usr/bin/true")
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	var have []string
	for _, ops := range c.Entry(nil).ops {
		for i := range ops {
			have = append(have, ops[i].String())
		}
	}
	all := strings.Join(have, "\n")
	for _, want := range []string{
		"prlimit64(0, RLIMIT_CORE", "prlimit64(0, RLIMIT_NOFILE, {512, 512}", "prlimit64(0, RLIMIT_NPROC", "prlimit64(0, RLIMIT_FSIZE",
		"KEYCTL_JOIN_SESSION_KEYRING", "PR_CAPBSET_DROP, sys_admin", "PR_SET_SECUREBITS", "capset(", "PR_CAP_AMBIENT_RAISE, net_bind_service",
		"PR_SET_NO_NEW_PRIVS, 1", "PR_SET_DUMPABLE, 0", "close_range(3, ~0, CLOSE_RANGE_CLOEXEC", "sendmsg(status, {ready", "SECCOMP_SET_MODE_FILTER", "chdir(",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("who enters does not take the step %s", want)
		}
	}
	for _, foreign := range []string{"mount", "execve", "pivot_root", "sethostname", "uid_map"} {
		if strings.Contains(all, foreign) {
			t.Errorf("who enters makes the jail again: %s", foreign)
		}
	}
}

// TestEntryNeedsNothingOfTheLaunch refuses to keep a step that uses a
// descriptor that only the launch had.
func TestEntryNeedsNothingOfTheLaunch(t *testing.T) {
	close5 := plan.Op{Name: "close", Number: unix.SYS_CLOSE, Out: plan.NoSlot, Args: []plan.Arg{fd(5)}}
	open5 := plan.Op{Name: "openat", Number: unix.SYS_OPENAT, Out: 5}
	for _, c := range []struct {
		name string
		ops  [3][]plan.Op
		ok   bool
	}{
		{"a descriptor of the launch", [3][]plan.Op{0: {close5}}, false},
		{"its own", [3][]plan.Op{0: {open5, close5}}, true},
		{"one that the other process opened", [3][]plan.Op{1: {open5}, 2: {close5}}, false},
		{"one from before the fork", [3][]plan.Op{0: {open5}, 2: {close5}}, true},
	} {
		if _, err := (&Entry{ops: c.ops}).Encode(); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestJoinedLimits(t *testing.T) {
	for _, c := range []struct{ launcher, own, want host.Rlimit }{
		{host.Rlimit{Soft: 10, Hard: 20}, host.Rlimit{Soft: 10, Hard: 20}, host.Rlimit{}},
		{host.Rlimit{Soft: 10, Hard: 20}, host.Rlimit{Soft: 50, Hard: 100}, host.Rlimit{Soft: 10, Hard: 20}},
		{host.Rlimit{Soft: 50, Hard: 100}, host.Rlimit{Soft: 10, Hard: 20}, host.Rlimit{Soft: 20, Hard: 20}},
		{host.Rlimit{Soft: 50, Hard: ^uint64(0)}, host.Rlimit{Soft: 10, Hard: 100}, host.Rlimit{Soft: 50, Hard: 100}},
	} {
		made := (&Entry{}).Join(&Join{Limits: []host.Rlimit{c.launcher}, OwnLimits: []host.Rlimit{c.own}})
		var got host.Rlimit
		for i := range made.Setup {
			if made.Setup[i].Name == "prlimit64" {
				data := words(c.want.Soft, c.want.Hard)
				if !bytes.Equal(made.Setup[i].Args[2].Block.Bytes, data) {
					t.Errorf("launched with %v, entered with %v: not %v", c.launcher, c.own, c.want)
				}
				got = c.want
			}
		}
		if got != c.want {
			t.Errorf("launched with %v, entered with %v: got %v, want %v", c.launcher, c.own, got, c.want)
		}
	}
}

func TestWhatIsExecuted(t *testing.T) {
	for _, c := range []struct {
		argv  []string
		env   []string
		shell string
		want  []string
	}{
		{[]string{"/bin/x", "y"}, nil, "", []string{"/bin/x"}},
		{[]string{"./x"}, nil, "", []string{"./x"}},
		{[]string{"x"}, []string{"PATH=/a:rel::/b/"}, "", []string{"/a/x", "/b/x"}},
		{[]string{"x"}, []string{"PATH="}, "", []string{"/bin/x"}},
		{[]string{"x"}, nil, "", []string{"/usr/local/bin/x", "/usr/bin/x", "/bin/x"}},
		{[]string{""}, nil, "", []string{""}},
		{nil, nil, "/bin/zsh", []string{"/bin/zsh", "/bin/sh", "/usr/bin/sh"}},
		{nil, nil, "zsh", []string{"/bin/sh", "/usr/bin/sh"}},
	} {
		made := (&Entry{environmentRules: environmentRules{keep: []string{"*"}}}).Join(&Join{Argv: c.argv, Env: c.env, Shell: c.shell})
		var got []string
		for i := range made.Program {
			if op := &made.Program[i]; op.Number == unix.SYS_EXECVE {
				got = append(got, op.Args[0].Text)
				if last := i == len(made.Program)-1; (op.Accept == plan.AcceptAny) == last {
					t.Errorf("%v: the failure of %s decides: %v", c.argv, op, last)
				}
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v with %v: %q, want %q", c.argv, c.env, got, c.want)
		}
	}
}

// FuzzDecodeEntry: whatever the bytes, no panic, and what is accepted can be
// lowered and has one encoding.
func FuzzDecodeEntry(f *testing.F) {
	small := &Entry{environmentRules: environmentRules{keep: []string{"A"}, drop: []string{"B"}}, ops: [3][]plan.Op{0: {{
		Name: "x", Number: 1, Out: plan.NoSlot, Args: []plan.Arg{block(vector("v", []string{"a"})), text("b"), shared(plan.InitBarrier)},
	}}}}
	data, err := small.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := DecodeEntry(data)
		if err != nil {
			return
		}
		again, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := DecodeEntry(again); err != nil || !reflect.DeepEqual(twice, e) {
			t.Errorf("%x is read as something else the second time: %v", data, err)
		}
		made := e.Join(&Join{})
		memory, err := child.NewMemory(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = memory.Encode(made)
		memory.Unmap()
	})
}
