package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/paths"
	"github.com/jail-project/jail/policy/yaml"
)

// settings reads "key.path=text" words of a made-up command line; "+" at the
// end of the key stands for !replace, and "key.path!" for an empty !replace.
func settings(line string) []Setting {
	var out []Setting
	column := 1
	for word := range strings.SplitSeq(line, " ") {
		key, text, _ := strings.Cut(word, "=")
		s := Setting{Text: text, At: diag.Range{
			File:  CommandLine,
			Start: diag.Pos{Line: 1, Column: column + len(key) + 1},
			End:   diag.Pos{Line: 1, Column: column + len(word)},
		}}
		if k, ok := strings.CutSuffix(key, "!"); ok {
			key, s.Replace, s.None = k, true, true
		}
		if k, ok := strings.CutSuffix(key, "+"); ok {
			key, s.Replace = k, true
		}
		s.Path = strings.Split(key, ".")
		out = append(out, s)
		column += len(word) + 1
	}
	return out
}

func loadFlags(line string) (*Policy, *diag.Sources, diag.List) {
	fsys := files("p.yaml", "filesystem: {read: [/a]}\nnetwork: host\nenvironment: {keep: [A, B]}")
	return Load(Store{Parse: yaml.Parse, Dirs: []Dir{{Path: "/p", FS: fsys}}}, Request{Name: "p", CommandLine: line, Flags: settings(line)})
}

func TestFlags(t *testing.T) {
	tests := []struct {
		line string
		see  func(*Policy) any
		want string
	}{
		{"network.mode=none network.mode=host network.mode=none", func(p *Policy) any { return p.Network.Mode.V }, "none"},
		{"environment.set.A=x=y environment.set.A=no", func(p *Policy) any { return p.Environment.Set[0].Text }, "no"},
		{"environment.keep!", func(p *Policy) any { return len(p.Environment.Keep) }, "0"},
		{"environment.keep+=C environment.keep=D", func(p *Policy) any { return len(p.Environment.Keep) }, "2"},
		{"filesystem.write=/w filesystem.write=/w", func(p *Policy) any { return len(p.Filesystem.Rules) }, "2"},
		{"filesystem.hide=/a", func(p *Policy) any { return p.Filesystem.Rules[0] }, "{2 /a 0 true 0 0 0  false {command line:1:17 [/p/p.yaml:1:21] 1}}"},
		{"filesystem.tmpfs=/t", func(p *Policy) any { return p.Filesystem.Rules[1].Required }, "false"},
		{"filesystem.hide=@secrets", func(p *Policy) any { return p.Filesystem.Rules[1].Required }, "false"},
		{"limits.processes=12", func(p *Policy) any { return p.Limits.Processes.V }, "12"},
		{"namespaces.pid=false", func(p *Policy) any { return p.Namespaces.PID.V }, "false"},
		{"capabilities.keep=CAP_KILL", func(p *Policy) any { return p.Capabilities.Keep[0].Text }, "kill"},
		{"identity.hostname=123", func(p *Policy) any { return p.Identity.Hostname.V }, "123"},
		{"filesystem.read=/x\\*y", func(p *Policy) any { return paths.Unescape(p.Filesystem.Rules[1].Path) }, "/x*y"},
	}
	for _, tt := range tests {
		p, sources, list := loadFlags(tt.line)
		if p == nil {
			t.Errorf("%s: %s", tt.line, rendered(t, list, sources))
			continue
		}
		if got := fmt.Sprint(tt.see(p)); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.line, got, tt.want)
		}
	}
}

func TestFlagFields(t *testing.T) {
	p, sources, list := Load(goodStore(), Request{Name: "base", CommandLine: "x", Flags: []Setting{{
		Path: []string{"filesystem", "tmpfs"}, Text: "/t", Fields: []SettingField{{Name: "size", Text: "4K"}, {Name: "mode", Text: "0700"}},
		At: diag.Range{File: CommandLine, Start: diag.Pos{Line: 1, Column: 1}},
	}}})
	if p == nil {
		t.Fatal(rendered(t, list, sources))
	}
	if r := p.Filesystem.Rules[len(p.Filesystem.Rules)-1]; r.Access != Tmpfs || r.Size != 4096 || r.Mode != 0o700 {
		t.Errorf("got %+v", r)
	}
}

func TestBadFlags(t *testing.T) {
	var b strings.Builder
	for _, line := range []string{
		"filesystem.raed=/a",
		"filesystem=/a",
		"filesystem.read=rel",
		"filesystem.read=${PROFILE_DIR}/x",
		"filesystem.read=/w filesystem.write=/w",
		"network.mode=nnoe",
		"environment.set.A-B=x",
		"limits.memory=lots",
		"syscalls.allow=ptrcae filesystem.tmpfs=/x/*",
	} {
		p, sources, list := loadFlags(line)
		if p != nil {
			t.Errorf("%s: loaded", line)
		}
		b.WriteString(rendered(t, list, sources))
	}
	golden(t, "load/flags.txt", []byte(b.String()))
}
