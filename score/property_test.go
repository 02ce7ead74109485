package score

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/compile"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/plan"
	"github.com/jail-project/jail/policy"
)

// profile is a random profile: entries that grant, by where they stand, and
// entries that take away.
type profile struct {
	grants map[string][]string
	denies map[string][]string
}

// grantsOf are entries that widen a jail. Reading a path inside a writable one
// narrows that, so what is read and what is written lie apart.
func grantsOf() map[string][]string {
	return map[string][]string{
		"read": {
			"/usr", "/etc", "/var", "/opt", "/sys", "/root", "/boot", "/run", "/run/user/1000/bus", "/run/docker.sock",
			"~/.ssh", "~/.gnupg", "~/Documents", "~/.npmrc", `"${XDG_RUNTIME_DIR}"`, "/run/dbus",
		},
		"write": {
			"~/Downloads", "~/.config", "~/.local", "~/.mozilla", "~/.pki", "/tmp", "/srv", "/mnt", `"${CWD}"`, "~/.bashrc",
			"/tmp/.X11-unix", "/home/ann/.password-store",
		},
		// No abstract name: "*" beside it leaves such names to Landlock, which refuses them all.
		"sockets": {`"*"`, "/run/user/1000/bus", "/run/docker.sock"},
		"keep":    {"PATH", "GITHUB_TOKEN", "LD_PRELOAD", "SSH_AUTH_SOCK", "DISPLAY", `"*"`},
		"caps":    {"net_admin", "net_raw", "sys_ptrace", "dac_override", "setuid", "sys_boot"},
		"calls": {
			`"@default"`, `"@sandbox"`, `"@system-service"`, "io_uring_setup", "ptrace", "bpf", "mount", "keyctl", "ioctl", "socket",
			"clone3", "setns", "iopl", "unshare", "personality",
		},
		"other": {
			"network: host", "namespaces.pid: false", "namespaces.ipc: false", "namespaces.cgroup: false", "namespaces.uts: false",
			"namespaces.user: true", "syscalls.default: allow", "syscalls.architectures: [x86]", "identity.user: root",
			"identity.machine-id: host",
		},
	}
}

// deniesOf are entries that narrow one.
func deniesOf() map[string][]string {
	return map[string][]string{
		"hide":  {`"@secrets"`, "~/.ssh", "/etc/ssh", "/run/docker.sock", "~/.mozilla", "/var/log", "~/Documents", "/run/user/1000"},
		"deny":  {"ptrace", "bpf", `"@mount"`, `"@keyring"`, "io_uring_setup", "socket", "ioctl", "clone3", `"@privileged"`, "personality", "unshare"},
		"limit": {"processes: 100", "open-files: 100", "file-size: 1G", "memory: 1G", "time: 1h", "cpu: 100%"},
	}
}

func pick(r *rand.Rand, from map[string][]string, share float64) map[string][]string {
	out := map[string][]string{}
	for _, key := range sorted(from) {
		for _, e := range from[key] {
			if r.Float64() < share {
				out[key] = append(out[key], e)
			}
		}
	}
	return out
}

func sorted(m map[string][]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// texts writes the profile down: what it grants, and a second layer on top
// that denies.
func (p profile) texts() (grants, denials string) {
	list := func(entries []string) string { return "[" + strings.Join(entries, ", ") + "]" }
	sections := map[string][]string{"syscalls": {"allow: " + list(p.grants["calls"])}}
	var b strings.Builder
	fmt.Fprintf(&b, "filesystem:\n  read: %s\n  write: %s\n", list(p.grants["read"]), list(p.grants["write"]))
	fmt.Fprintf(&b, "sockets: %s\n", list(p.grants["sockets"]))
	fmt.Fprintf(&b, "environment: {keep: %s}\n", list(p.grants["keep"]))
	fmt.Fprintf(&b, "capabilities: {drop: [all], keep: %s}\n", list(p.grants["caps"]))
	for _, o := range p.grants["other"] {
		key, value, _ := strings.Cut(o, ": ")
		section, name, nested := strings.Cut(key, ".")
		if nested {
			sections[section] = append(sections[section], name+": "+value)
		} else {
			b.WriteString(o + "\n")
		}
	}
	for _, section := range sorted(sections) {
		fmt.Fprintf(&b, "%s: {%s}\n", section, strings.Join(sections[section], ", "))
	}
	return b.String(), fmt.Sprintf("extends: [wide]\nfilesystem: {hide: %s}\nsyscalls: {deny: %s}\nlimits: {%s}\n",
		list(p.denies["hide"]), list(p.denies["deny"]), strings.Join(p.denies["limit"], ", "))
}

func (p profile) String() string {
	grants, denials := p.texts()
	return grants + denials
}

// narrowed returns the profile without one of its grants, with one more of the
// denials, and what was changed; false when there is nothing to change.
func (p profile) narrowed(r *rand.Rand) (profile, string, bool) {
	q := profile{clone(p.grants), clone(p.denies)}
	if r.IntN(2) == 0 {
		keys := sorted(q.grants)
		if len(keys) == 0 {
			return p, "", false
		}
		key := keys[r.IntN(len(keys))]
		i := r.IntN(len(q.grants[key]))
		gone := q.grants[key][i]
		q.grants[key] = slices.Delete(q.grants[key], i, i+1)
		if len(q.grants[key]) == 0 {
			delete(q.grants, key)
		}
		return q, "without " + key + " " + gone, true
	}
	all := deniesOf()
	key := sorted(all)[r.IntN(len(all))]
	more := all[key][r.IntN(len(all[key]))]
	if slices.Contains(q.denies[key], more) {
		return p, "", false
	}
	q.denies[key] = append(q.denies[key], more)
	return q, "with " + key + " " + more, true
}

func clone(m map[string][]string) map[string][]string {
	out := map[string][]string{}
	for k, v := range m {
		out[k] = slices.Clone(v)
	}
	return out
}

// assess grades the profile; false when it is refused, as some combinations
// are.
func (p profile) assess(t *testing.T, h *host.Host) (*Report, bool) {
	t.Helper()
	grants, denials := p.texts()
	s := store(denials)
	s.Dirs[0].FS.(fstest.MapFS)["wide.yaml"] = &fstest.MapFile{Data: []byte(grants)}
	loaded, _, problems := policy.Load(s, policy.Request{Name: "test"})
	if problems.HasErrors() {
		t.Fatalf("%v\n%s", problems, p)
	}
	c, problems := compile.Compile(loaded, h, compile.Command{})
	if problems.HasErrors() {
		return nil, false
	}
	limits, _ := compile.GroupLimits(loaded, h)
	return Assess(Input{Plan: c.Plan, View: c.View, Filter: &c.Filter, Host: h, Policy: loaded, Groups: []int{27}, Limits: limits, Grouped: true}), true
}

// TestNarrowingNeverWorsens: to add a denial or to take a grant away makes no
// check worse, and so neither the grade.
func TestNarrowingNeverWorsens(t *testing.T) {
	const runs = 400
	compared, better := 0, 0
	for seed := range uint64(runs) {
		r := rand.New(rand.NewPCG(seed, 7))
		wide := profile{pick(r, grantsOf(), r.Float64()), pick(r, deniesOf(), r.Float64()/3)}
		narrow, change, ok := wide.narrowed(r)
		if !ok {
			continue
		}
		h := desktop()
		before, ok := wide.assess(t, h)
		if !ok {
			continue
		}
		after, ok := narrow.assess(t, h)
		if !ok {
			continue
		}
		compared++
		if after.Sum < before.Sum || after.Exposure < before.Exposure {
			better++
		}
		if after.Exposure > before.Exposure || after.Sum > before.Sum {
			t.Errorf("seed %d, %s: from %s (%s) to %s (%s)\n%s", seed, change, before.Exposure, before.Sum, after.Exposure, after.Sum, narrow)
		}
		for i := range after.Findings {
			x, y := &before.Findings[i], &after.Findings[i]
			if y.Badness > x.Badness || y.Escape && !x.Escape {
				t.Errorf("seed %d, %s: %s from %d to %d: %s", seed, change, x.Check.ID, x.Badness, y.Badness, y.Detail)
			}
			if (x.State == NotApplicable) != (y.State == NotApplicable) {
				t.Errorf("seed %d, %s: whether %s applies depends on the profile", seed, change, x.Check.ID)
			}
		}
		if t.Failed() && seed > 60 {
			break
		}
	}
	if compared < runs/2 || better < compared/10 {
		t.Errorf("%d of %d profiles were compared, %d of them got better", compared, runs, better)
	}
}

// TestEveryCheckCanBeOpened: each check has a badness on some plan: what no
// profile can open is opened by changing the plan.
func TestEveryCheckCanBeOpened(t *testing.T) {
	opened := map[string]bool{}
	note := func(r *Report) {
		for i := range r.Findings {
			if r.Findings[i].Badness > 0 {
				opened[r.Findings[i].Check.ID] = true
			}
		}
	}
	all := profile{grants: grantsOf()}
	all.grants["read"] = append(all.grants["read"], `"~"`, "/tmp/tmux-1000", "/media")
	r, ok := all.assess(t, desktop())
	if !ok {
		t.Fatal("the widest profile is refused")
	}
	note(r)
	root := desktop()
	root.UID, root.GID = 0, 0
	in := input(t, load(t, "filesystem: {write: [/], startup: {automatic: report}}\nsyscalls: {default: allow}\nnamespaces: {user: true}\n"), root)
	note(Assess(in))
	// A plan without ops has none of the protections.
	stripped := *in.Plan
	stripped.Setup, stripped.Program, stripped.Namespaces, in.Filter = nil, nil, 0, nil
	stripped.Landlock = 0
	stripped.Setup = []plan.Op{
		{Name: "open_tree_attr", Subject: "all", Args: []plan.Arg{{}, {}, {}, {Block: &plan.Block{Bytes: make([]byte, 32)}}}},
		{Name: "fsopen", Args: []plan.Arg{{Text: "tmpfs"}}, Out: 5},
		{Name: "mknodat", Args: []plan.Arg{{}, {Text: "dev/kvm"}}},
	}
	in.Plan = &stripped
	note(Assess(in))
	// What jail puts in the place of the host's whatever a profile says.
	always := []string{"accounts", "shared-memory", "own-state", "own-program"}
	for _, c := range Checks() {
		if opened[c.ID] == slices.Contains(always, c.ID) {
			t.Errorf("%s is opened: %v", c.ID, opened[c.ID])
		}
	}
}

// TestPositions: the causes of what a profile opens stand in the profile.
func TestPositions(t *testing.T) {
	const text = `extends: [default]
filesystem:
  write: [~/Downloads]
syscalls:
  allow: [ptrace]
network: host
environment: {keep: [GITHUB_TOKEN]}
capabilities: {keep: [net_admin]}
identity: {user: root}
namespaces: {ipc: false}
landlock: off
sockets: ["*"]
`
	r := Assess(input(t, load(t, text), desktop()))
	for id, lineNumber := range map[string]int{
		"personal-files": 3, "writable-files": 3, "tracing": 5, "network": 6, "abstract-sockets": 6, "credentials": 7,
		"cap-network": 8, "root-inside": 9, "ipc": 10,
	} {
		x := r.found(t, id)
		i := slices.IndexFunc(x.By, func(c Cause) bool { return strings.HasSuffix(c.At.File, "test.yaml") && c.At.Start.Line == lineNumber })
		if i < 0 || x.Badness == 0 {
			t.Errorf("%s, badness %d, by %v, want line %d", id, x.Badness, x.By, lineNumber)
		}
	}
	if x := r.found(t, "file-limit"); x.State != Closed || x.By[0].At != (diag.Range{}) {
		t.Errorf("%+v", x)
	}
}
