package commands

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// planJSON is what jail plan --json prints.
type planJSON struct {
	Setup, Init, Program []op
}

// op is one step of a plan.
type op struct {
	Syscall string
	Number  uint64
	Args    []planArg
	Result  *int
	Accept  string
	Text    string
	Subject string
	File    string
	Line    int
}

type planArg struct {
	Kind     string
	Value    int64
	Str      string `json:"string"`
	Slot     int
	Bytes    string
	Pointers []json.RawMessage
}

func plan(w *testenv.World, args ...string) *planJSON {
	w.T.Helper()
	var p planJSON
	r := w.Succeeds(append([]string{"plan", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(r.Stdout), &p); err != nil {
		w.T.Fatal(err)
	}
	return &p
}

// What the child of a launch does, as the kernel sees it, is the plan: every
// call, in order, and nothing else but the few that the tests below name.
func TestY11PlanMatchesKernel(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "strace")
	cases := [][]string{
		{"--profile", "default", "--user", "root", "--home", "private", "--keep-cap", "net_raw"},
		{"--profile", "default", "--overlay", "/usr/share", "--set", "limits.open-files=99", "--share", "uts"},
	}
	for _, name := range testenv.Shipped(t) {
		cases = append(cases, []string{"--profile", name})
	}
	for _, flags := range cases {
		t.Run(strings.ReplaceAll(strings.Join(flags, " "), "/", "_"), func(t *testing.T) {
			t.Parallel()
			w := testenv.NewWorld(t)
			args := append(slices.Clone(flags), "true")
			w.Succeeds(append([]string{"run"}, args...)...) // makes what create asks for
			p := plan(w, args...)
			tr, r := trace(w, append([]string{"run"}, args...)...)
			if r.Status != 0 {
				t.Fatalf("under strace: exit status %d\n%s", r.Status, r.Output())
			}
			m := &matcher{fail: t.Errorf, slots: map[int]uint64{}}
			m.init(p, tr.init)
			m.programProcess(p, tr.program)
			for _, calls := range tr.others {
				m.idle(calls)
			}
		})
	}
}

// matcher compares calls with the steps of a plan and keeps the descriptors
// that stand behind the plan's slots.
type matcher struct {
	fail        func(format string, args ...any)
	slots       map[int]uint64
	shared      uint64 // where the memory shared with the launcher begins
	nonDumpable bool   // the process is not dumpable: strace can't read its memory
}

// prelude is what the Go runtime and the launcher do in a new process before
// there is a plan: handlers and mask of signals are reset, the launcher's end
// of the report is closed, namespaces are made, and the plan is waited for.
// It returns what follows.
func (m *matcher) prelude(calls []call) []call {
	order := []string{"rt_sigaction", "rt_sigprocmask", "close", "unshare", "read"}
	at := 0
	for i, c := range calls {
		for at < len(order) && order[at] != c.name {
			at++
		}
		if at == len(order) {
			m.fail("before the plan begins, the child calls %s", c)
			return nil
		}
		if c.name == "read" {
			m.slots[0], _ = number(c.args[0])
			return calls[i+1:]
		}
	}
	return nil
}

// idle checks a process that was made in advance and not used.
func (m *matcher) idle(calls []call) {
	if rest := m.prelude(calls); len(rest) > 0 && rest[0].name != "exit_group" {
		m.fail("a process without a plan calls %s", rest[0])
	}
}

func (m *matcher) init(p *planJSON, calls []call) {
	rest := m.steps("setup", p.Setup, m.prelude(calls))
	if len(rest) == 0 || rest[0].name != "clone" {
		m.fail("after the set-up comes %v, want the clone of the program's process", first(rest))
		return
	}
	at := maps.Clone(m.slots)
	rest = m.steps("init", p.Init, rest[1:])
	m.slots = at // the program's process has the descriptors of the time of clone
	for _, c := range rest {
		if c.name != "wait4" && c.name != "exit_group" {
			m.fail("the init, which is to wait, calls %s", c)
		}
	}
}

func (m *matcher) programProcess(p *planJSON, calls []call) {
	m.steps("program", p.Program, calls) // what follows is the program's own
	if last := p.Program[len(p.Program)-1]; last.Syscall != "execve" {
		m.fail("the plan ends with %s", last.Text)
	}
}

func first(calls []call) any {
	if len(calls) == 0 {
		return "nothing"
	}
	return calls[0]
}

// steps compares a part of the plan and returns the calls that follow it.
func (m *matcher) steps(part string, ops []op, calls []call) []call {
	for i := range ops {
		if i >= len(calls) {
			m.fail("%s %d: nothing, want %s", part, i, ops[i].Text)
			return nil
		}
		if err := m.step(&ops[i], calls[i]); err != nil {
			m.fail("%s %d: %v\n  call %s\n  plan %s", part, i, err, calls[i], ops[i].Text)
			return nil
		}
	}
	return calls[len(ops):]
}

func (m *matcher) step(o *op, c call) error {
	if c.name != o.Syscall && c.name != fmt.Sprintf("syscall_%#x", o.Number) {
		return fmt.Errorf("another call")
	}
	unknown := c.name != o.Syscall // strace does not know what its arguments are
	for i, a := range o.Args {
		if i >= len(c.args) {
			// Arguments that do not count in this call are not printed.
			if a.Kind != "number" || a.Value != 0 {
				return fmt.Errorf("argument %d is missing", i)
			}
			continue
		}
		if err := m.arg(o, &a, c.args[i], unknown); err != nil {
			return fmt.Errorf("argument %d: %w", i, err)
		}
	}
	if name, failed := strings.CutPrefix(c.result, "-1 "); failed {
		if errno, _, _ := strings.Cut(name, " "); o.Accept == "" || errno != o.Accept {
			return fmt.Errorf("failed with %s", name)
		}
		return nil
	}
	if o.Result != nil {
		fd, ok := number(c.result)
		if !ok {
			return fmt.Errorf("result %q is no descriptor", c.result)
		}
		m.slots[*o.Result] = fd
	}
	if o.Syscall == "prctl" && o.Args[0].Value == 4 { // PR_SET_DUMPABLE
		m.nonDumpable = true
	}
	return nil
}

func (m *matcher) arg(o *op, a *planArg, text string, unknown bool) error {
	switch a.Kind {
	case "number":
		if o.Syscall == "futex" && strings.Contains(text, "<<") {
			return nil // FUTEX_WAKE_OP's operation, taken apart
		}
		n, ok := number(strings.TrimPrefix(text, "|")) // a mask that strace divides
		if !ok || n != uint64(a.Value) && uint32(n) != uint32(a.Value) {
			return fmt.Errorf("%s, want %d", text, a.Value)
		}
	case "slot":
		n, ok := number(text)
		if fd, known := m.slots[a.Slot]; !ok || !known || n != fd {
			return fmt.Errorf("descriptor %s, want slot %d, which holds %d", text, a.Slot, m.slots[a.Slot])
		}
	case "shared":
		n, ok := number(text)
		if m.shared == 0 {
			m.shared = n - uint64(a.Value)
		}
		if !ok || n != m.shared+uint64(a.Value) {
			return fmt.Errorf("%s, want the shared memory at %#x+%d", text, m.shared, a.Value)
		}
	case "string":
		if pointer(text) && (unknown || m.nonDumpable) {
			return nil
		}
		if s, ok := unquote(text); !ok || s != a.Str {
			return fmt.Errorf("%s, want %q", text, a.Str)
		}
	case "beneath":
		// struct landlock_path_beneath_attr: rights, then a descriptor.
		rights, err := hex.DecodeString(a.Bytes)
		got := fields(text)
		if fd, known := m.slots[a.Slot]; err != nil || !known || !slices.Equal(got, []uint64{binary.NativeEndian.Uint64(rights), fd}) {
			return fmt.Errorf("%s, want the rights %s beneath slot %d, which holds %d", text, a.Bytes, a.Slot, m.slots[a.Slot])
		}
	case "struct":
		if pointer(text) && (unknown || m.nonDumpable) {
			return nil
		}
		return structure(o, a, text)
	case "result": // the kernel's answer
	default:
		return fmt.Errorf("an argument of the unknown kind %q", a.Kind)
	}
	return nil
}

func pointer(text string) bool { return strings.HasPrefix(text, "0x") }

// structure compares memory that an argument points to: text, or numbers of
// eight bytes each.
func structure(o *op, a *planArg, text string) error {
	if o.Syscall == "sendmsg" && (strings.Contains(text, `iov_base="\xfc\xff\xff\xff`) || strings.Contains(text, `iov_base="\xfb\xff\xff\xff`)) && strings.Contains(text, "cmsg_len=20") {
		return nil // a status message with a directory or a socket, which strace has taken apart
	}
	want, err := hex.DecodeString(a.Bytes)
	if err != nil {
		return err
	}
	if strings.Contains(text, "nlmsg_len") || strings.Contains(text, "sa_family") {
		return nil // messages and addresses, which strace has taken apart
	}
	if s, ok := unquote(text); ok {
		if s == string(want) || o.Subject == "/etc/machine-id" && len(s) == len(want) {
			return nil // the id is another for every launch
		}
		return fmt.Errorf("%q, want %q", s, want)
	}
	if o.Syscall == "ioctl" {
		want = want[16:] // struct ifreq: the name, then the flags
		if !strings.Contains(text, `"\x6c\x6f"`) {
			return fmt.Errorf("%s is not about lo", text)
		}
	}
	width := 8
	if o.Syscall == "capset" {
		width = 4
	}
	var numbers []uint64
	for ; len(want) >= width; want = want[width:] {
		n := binary.NativeEndian.Uint64(append(slices.Clone(want[:width]), 0, 0, 0, 0)[:8])
		if n != 0 {
			numbers = append(numbers, n)
		}
	}
	got := fields(text)
	if cut := strings.HasSuffix(text, ", ...}"); cut && o.Syscall == "landlock_create_ruleset" {
		numbers = numbers[:min(len(numbers), 1)] // strace does not know the fields that came later
	}
	if o.Syscall == "capset" { // fields in another order
		slices.Sort(numbers)
		slices.Sort(got)
	}
	if !slices.Equal(got, numbers) {
		return fmt.Errorf("%s, want the numbers %s", text, strconv.Quote(fmt.Sprint(numbers)))
	}
	return nil
}
