package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestMergeRules(t *testing.T) {
	paths := func(p *Policy) string {
		var out []string
		for _, r := range p.Filesystem.Rules {
			out = append(out, fmt.Sprint(r.Access, r.Path))
		}
		return strings.Join(out, " ")
	}
	entries := func(list []Entry) string {
		var out []string
		for _, e := range list {
			out = append(out, e.Text)
		}
		return strings.Join(out, " ")
	}
	caps := func(p *Policy) string {
		keep := entries(p.Capabilities.Keep)
		if len(p.Capabilities.Keep) > 10 {
			keep = fmt.Sprint(len(p.Capabilities.Keep))
		}
		return entries(p.Capabilities.Drop) + " / " + keep
	}
	calls := func(p *Policy) string {
		name := func(rules []SyscallRule) string {
			var out []string
			for _, r := range rules {
				out = append(out, strings.Repeat("?", len(r.Rule.When))+r.Rule.Name)
			}
			return strings.Join(out, " ")
		}
		return name(p.Syscalls.Allow) + " / " + name(p.Syscalls.Deny)
	}
	keys := func(p *Policy) string {
		var out []string
		for _, name := range []string{"@system-service", "@keyring", "keyctl", "add_key"} {
			denied := slices.ContainsFunc(p.Syscalls.Deny, func(r SyscallRule) bool { return r.Rule.Name == name })
			out = append(out, fmt.Sprint(name, " ", denied))
		}
		return strings.Join(out, ", ")
	}
	env := func(p *Policy) string {
		var out []string
		for _, v := range p.Environment.Set {
			out = append(out, v.Name+"="+v.Text)
		}
		return entries(p.Environment.Keep) + " / " + strings.Join(out, " ")
	}
	arches := func(p *Policy) string { return entries(p.Syscalls.Architectures) }
	tests := []struct {
		name  string
		see   func(*Policy) string
		base  string
		child string
		want  string
	}{
		{"later list wins", paths, "filesystem: {read: [/a, /b]}", "filesystem: {hide: [/a]}", "0/b 2/a"},
		{"later list wins whatever order", paths, "filesystem: {hide: [/a, /b]}", "filesystem: {read: [/a]}", "2/b 0/a"},
		{"spelling does not matter", paths, "filesystem: {read: [~/x]}", `filesystem: {write: ["${HOME}//x/"]}`, "1${HOME}//x/"},
		{"replace forgets one list", paths, "filesystem: {read: [/a], write: [/b]}", "filesystem: {read: !replace [/c]}", "1/b 0/c"},
		{"replace with nothing", paths, "filesystem: {read: [/a]}", "filesystem: {read: !replace []}", ""},
		{"an empty list adds nothing", paths, "filesystem: {read: [/a]}", "filesystem: {read: []}", "0/a"},

		{"default", caps, "", "", "all / "},
		{"drop adds to all", caps, "", "capabilities: {drop: [chown]}", "all chown / "},
		{"keep wins over drop all", caps, "", "capabilities: {keep: [CAP_CHOWN], drop: [all]}", "all / chown"},
		{"later drop takes back", caps, "capabilities: {keep: [chown, kill]}", "capabilities: {drop: [chown]}", "all chown / kill"},
		{"later drop all takes back all", caps, "capabilities: {keep: [chown, kill]}", "capabilities: {drop: [all]}", "all / "},
		{"keep all", caps, "", "capabilities: {keep: [all]}", " / all"},
		{"keep all but one", caps, "", "capabilities: {keep: [all], drop: [chown]}", "all chown / 40"},
		{"later drop beats keep all", caps, "capabilities: {keep: [all]}", "capabilities: {drop: [chown, kill]}", "all chown kill / 39"},
		{"later keep all takes back drops", caps, "capabilities: {drop: [chown]}", "capabilities: {keep: [all]}", " / all"},
		{"replace forgets the base", caps, "", "capabilities: {drop: !replace [chown]}", "chown / "},
		{"drop nothing", caps, "", "capabilities: {drop: []}", "all / "},

		{"default calls", calls, "", "", "@default / "},
		{"absent and empty differ", calls, "", "syscalls: {allow: []}", " / "},
		{"an empty list takes nothing away", calls, "syscalls: {allow: [ptrace]}", "syscalls: {allow: []}", "ptrace / "},
		{"given list replaces the default", calls, "", "syscalls: {allow: [ptrace]}", "ptrace / "},
		{"deny alone keeps the default", calls, "", "syscalls: {deny: [ptrace]}", "@default / ptrace"},
		{"later allow wins", calls, "syscalls: {deny: [ptrace]}", "syscalls: {allow: [ptrace]}", "ptrace / "},
		{"later deny wins", calls, "syscalls: {allow: [ptrace]}", "syscalls: {deny: [ptrace]}", " / ptrace"},
		{"later allow takes back conditions", calls, "syscalls: {deny: [{name: socket, when: [{arg: 0, value: 1}]}]}", "syscalls: {allow: [socket]}", "socket / "},
		{"conditions are rules of their own", calls, "syscalls: {allow: [socket]}", "syscalls: {deny: [{name: socket, when: [{arg: 0, value: 1}]}]}", "socket / ?socket"},
		{"same conditions, later wins", calls, "syscalls: {deny: [{name: socket, when: [{arg: 0, value: 1}]}]}", "syscalls: {allow: [{name: socket, when: [{arg: 0, value: 1}]}]}", "?socket / "},
		{"conditional allow does not lift a deny", calls, "syscalls: {deny: [socket]}", "syscalls: {allow: [{name: socket, when: [{arg: 0, value: 1}]}]}", "?socket / socket"},

		{"later allow of a member opens a denied group", calls, "syscalls: {deny: [\"@raw-io\"]}", "syscalls: {allow: [iopl]}", "iopl / ioperm pciconfig_iobase pciconfig_read pciconfig_write"},
		{"allow of a member in the same layer does not", calls, "", "syscalls: {deny: [\"@raw-io\"], allow: [iopl]}", "iopl / @raw-io"},
		{"later deny of a group keeps it whole", calls, "syscalls: {allow: [iopl]}", "syscalls: {deny: [\"@raw-io\"]}", "iopl / @raw-io"},
		{"a group of groups is opened where needed", keys, "syscalls: {deny: [\"@system-service\"]}", "syscalls: {allow: [keyctl]}", "@system-service false, @keyring false, keyctl false, add_key true"},

		{"set after keep", env, "environment: {keep: [A, B]}", "environment: {set: {A: x}}", "B / A=x"},
		{"keep after set", env, "environment: {set: {A: x, B: w}}", "environment: {keep: [A]}", "A / B=w"},
		{"later set", env, "environment: {set: {A: x}}", "environment: {set: {A: z}}", " / A=z"},
		{"replace set", env, "environment: {set: {A: x}}", "environment: {set: !replace {B: z}}", " / B=z"},
		{"hosts in any case", func(p *Policy) string { return entries(p.Network.Allow) + " / " + entries(p.Network.Deny) }, "network: {allow: [A.org, b.org]}", "network: {deny: [a.ORG]}", "b.org / a.ORG"},
		{"architectures add to native", arches, "", "syscalls: {architectures: [x86]}", "native x86"},
		{"architectures replaced", arches, "", "syscalls: {architectures: !replace [x86]}", "x86"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, sources, list := loadText("extends: [base]\n"+tt.child, map[string]string{"base.yaml": tt.base})
			if p == nil {
				t.Fatal(rendered(t, list, sources))
			}
			if got := tt.see(p); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
