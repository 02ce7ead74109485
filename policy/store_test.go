package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/yaml"
)

// files makes a file system of "name: content" pairs.
func files(pairs ...string) fstest.MapFS {
	out := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return out
}

// described shows the layers and the read rules of a policy.
func described(p *Policy) string {
	var out []string
	for _, l := range p.Layers {
		out = append(out, l.Reason+" "+l.File)
	}
	for _, r := range p.Filesystem.Rules {
		out = append(out, r.Path)
	}
	return strings.Join(out, "\n")
}

func TestLoadOrder(t *testing.T) {
	store := Store{Parse: yaml.Parse, Dirs: []Dir{
		{Path: "/home/ann", FS: files(
			"app.d/90-mine.yaml", "filesystem: {read: [/mine]}",
			"app.d/.hidden.yaml", "no: yes",
			"tool.yaml", "filesystem: {read: [/my-tool]}")},
		{Path: "/etc/jail", FS: files(
			"app.yaml", "extends: [one, ./sub/two.yaml]\nfilesystem: {read: [/app]}",
			"sub/two.yaml", "extends: [base]\nfilesystem: {read: [/two]}",
			"app.d/20-b.yaml", "filesystem: {read: [/b]}",
			"app.d/10-a.yaml", "extends: [tool]\nfilesystem: {read: [/a]}",
			"tool.yaml", "filesystem: {read: [/etc-tool]}")},
		{FS: files(
			"app.yaml", "name: shadowed",
			"one.yaml", "name: other\nprograms: [x]\ndescription: d\nextends: [base]\nfilesystem: {read: [/one]}",
			"base.yaml", "filesystem: {read: [/base]}",
			"app.d/50-pack.yaml", "filesystem: {read: [/pack]}"), Embedded: true},
	}}
	p, sources, list := Load(store, Request{
		Name: "app", CommandLine: "jail --read /flag app",
		Flags: []Setting{{Path: []string{"filesystem", "read"}, Text: "/flag", At: diag.Range{File: CommandLine, Start: diag.Pos{Line: 1, Column: 13}, End: diag.Pos{Line: 1, Column: 18}}}},
	})
	if p == nil || len(list) > 0 {
		t.Fatal(rendered(t, list, sources))
	}
	want := `extends embedded:base.yaml
extends embedded:one.yaml
extends /etc/jail/sub/two.yaml
profile /etc/jail/app.yaml
drop-in embedded:app.d/50-pack.yaml
extends /home/ann/tool.yaml
drop-in /etc/jail/app.d/10-a.yaml
drop-in /etc/jail/app.d/20-b.yaml
drop-in /home/ann/app.d/90-mine.yaml
flags command line
/base
/one
/two
/app
/pack
/my-tool
/a
/b
/mine
/flag`
	if got := described(p); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if p.Name != "app" || p.Description.Set || len(p.Programs) > 0 {
		t.Errorf("name, description or programs are inherited: %q %v %v", p.Name, p.Description, p.Programs)
	}
	if dir := p.Layers[2].Dir; dir != "/etc/jail/sub" || p.Layers[0].Dir != "" || p.Layers[9].Dir != "" {
		t.Errorf("directories are wrong: %+v", p.Layers)
	}
	last := p.Filesystem.Rules[len(p.Filesystem.Rules)-1]
	if !last.Required || last.At.Start.Column != 13 || p.Filesystem.Rules[0].Required {
		t.Errorf("the rule of the flag is %+v", last)
	}
}

// loadFaults loads "app" from one directory and renders what is wrong.
func loadFaults(t *testing.T, fsys fs.FS) string {
	t.Helper()
	p, sources, list := Load(Store{Parse: yaml.Parse, Dirs: []Dir{{Path: "/d", FS: fsys}}}, Request{Name: "app"})
	if p != nil {
		t.Fatal("loaded")
	}
	return rendered(t, list, sources)
}

func TestLoadFaults(t *testing.T) {
	tests := []struct {
		name string
		fs   fs.FS
	}{
		{"cycle", files("app.yaml", "extends: [a]", "a.yaml", "extends:\n  - b", "b.yaml", "extends: [c, a]", "c.yaml", "")},
		{"self", files("app.yaml", "extends: [./app.yaml]")},
		{"unknown", files("app.yaml", "extends: [a]", "a.yaml", "extends: [bse]", "base.yaml", "")},
		{"missing-file", files("app.yaml", "extends: [./gone.yaml]")},
		{"escape", files("app.yaml", "extends: [../../etc/x.yaml, ./-x.yaml]")},
		{"several-files", files("app.yaml", "extends: [a]\nname: 3..", "a.yaml", "x: 1", "app.d/x.yaml", "name: x\nextends: [a]", "app.d/y.yaml", "programs: [x]\nz: [")},
		{"main-missing", files("ap.yaml", "")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			golden(t, "load/"+tt.name+".txt", []byte(loadFaults(t, tt.fs)))
		})
	}
}

func TestLoadBounds(t *testing.T) {
	deep, wide := fstest.MapFS{}, fstest.MapFS{}
	all := "extends: ["
	for i := range 10_000 {
		deep[fmt.Sprintf("p%d.yaml", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "extends: [p%d]", i+1)}
		wide[fmt.Sprintf("p%d.yaml", i)] = &fstest.MapFile{Data: []byte("")}
		all += fmt.Sprintf("p%d,", i)
	}
	deep["app.yaml"] = &fstest.MapFile{Data: []byte("extends: [p0]")}
	wide["app.yaml"] = &fstest.MapFile{Data: []byte(all + "]")}
	for _, fsys := range []fs.FS{deep, wide} {
		if out := loadFaults(t, fsys); !strings.Contains(out, "too many profiles") {
			t.Errorf("got %s", out)
		}
	}
}

func TestBadRequests(t *testing.T) {
	store := Store{Parse: yaml.Parse, Dirs: []Dir{{Path: "/d", FS: files("app.yaml", "")}}, Root: Dir{Path: "/", FS: files("x/app.yaml", "")}}
	for _, req := range []Request{
		{Name: ""},
		{Name: "../app"},
		{Name: "-app"},
		{Name: "a\x1b[2J"},
		{Name: strings.Repeat("a", 200)},
		{File: "x/app.yaml"},
		{File: "/x/gone.yaml"},
		{File: "/"},
		{File: "/x"},
	} {
		p, sources, list := Load(store, req)
		if out := rendered(t, list, sources); p != nil || out == "" || strings.ContainsRune(out, '\x1b') {
			t.Errorf("%+v gave %q", req, out)
		}
	}
	p, sources, list := Load(store, Request{File: "/x/../x/app.yaml", As: "app.yaml"})
	if p == nil {
		t.Fatal(rendered(t, list, sources))
	}
	if l := p.Layers[0]; l.File != "app.yaml" || l.Dir != "/x" || p.Name != "app" {
		t.Errorf("got %+v", l)
	}
}

func TestTrust(t *testing.T) {
	deny := func(names ...string) func(string, fs.FileInfo) error {
		return func(name string, info fs.FileInfo) error {
			if slices.Contains(names, name) {
				return errors.New("others can write it")
			}
			if info == nil {
				t.Error("no information about", name)
			}
			return nil
		}
	}
	weak := Dir{Path: "/weak", FS: files("app.yaml", "", "base.yaml", "")}
	strong := files("app.yaml", "extends: [base]", "app.d/x.yaml", "", "base.yaml", "")
	tests := []struct {
		deny string
		want string // part of the message, "" for success
	}{
		{"other", ""},
		{".", "the profile /strong/app.yaml is not trusted: others can write it"},
		{"app.yaml", "the profile /strong/app.yaml is not trusted"},
		{"base.yaml", "the profile /strong/base.yaml is not trusted"},
		{"app.d", "the profile /strong/app.d is not trusted"},
		{"app.d/x.yaml", "the profile /strong/app.d/x.yaml is not trusted"},
	}
	for _, tt := range tests {
		store := Store{Parse: yaml.Parse, Dirs: []Dir{{Path: "/strong", FS: strong, Trusted: deny(tt.deny)}, weak}}
		p, sources, list := Load(store, Request{Name: "app"})
		out := rendered(t, list, sources)
		if (p == nil) != (tt.want != "") || !strings.Contains(out, tt.want) {
			t.Errorf("denying %s gave %q", tt.deny, out)
		}
	}
	// An untrusted directory without the wanted file takes no part.
	store := Store{Parse: yaml.Parse, Dirs: []Dir{{Path: "/strong", FS: files("x.yaml", ""), Trusted: deny(".")}, weak}}
	if p, sources, list := Load(store, Request{Name: "app"}); p == nil {
		t.Error(rendered(t, list, sources))
	}
}

func TestForProgram(t *testing.T) {
	store := Store{Parse: yaml.Parse, Dirs: []Dir{
		{Path: "/a", FS: files(
			"plain.yaml", "this is not a profile",
			"firefox.yaml", "extends: [x]",
			"mine.yaml", "programs: [vim]",
			"bad.yaml", "programs: [nano\n",
			"one.yaml", "programs: [twice]", "two.yaml", "programs: [twice]")},
		{Path: "/b", FS: files(
			"firefox.yaml", "programs: [firefox-esr]",
			"editor.yaml", "programs: [vim, emacs]",
			"git.yaml", "description: not for firefox-esr")},
	}}
	tests := []struct {
		program, want string
		fault         string
	}{
		{"plain", "plain", ""}, // found by its name, not opened
		{"firefox", "firefox", ""},
		{"firefox-esr", "", ""}, // the list is in a file that another hides
		{"vim", "mine", ""},
		{"emacs", "editor", ""},
		{"ls", "", ""},
		{"-x", "", ""},
		{"../etc/passwd", "", ""},
		{"nano", "", "yaml-syntax"},
		{"twice", "one", "ambiguous-program"},
	}
	for _, tt := range tests {
		got, _, list := store.ForProgram(tt.program)
		code := ""
		if len(list) > 0 {
			code = list[0].Code
		}
		if got != tt.want || code != tt.fault {
			t.Errorf("ForProgram(%q) = %q, %q; want %q, %q", tt.program, got, code, tt.want, tt.fault)
		}
	}
}

func TestProfiles(t *testing.T) {
	store := Store{Parse: yaml.Parse, Dirs: []Dir{
		{Path: "/a", FS: files("x.yaml", "description: mine\nprograms: [p, q]", "bad.yaml", "?", "-odd.yaml", "", "x.d/y.yaml", "", "note.txt", "")},
		{FS: files("x.yaml", "description: packed", "z.yaml", ""), Embedded: true},
	}}
	got, _, list := Profiles(store)
	want := "[{x /a/x.yaml mine [p q] [embedded:x.yaml]} {z embedded:z.yaml  [] []}]"
	if fmt.Sprint(got) != want {
		t.Errorf("got %v", got)
	}
	if len(list) != 1 || list[0].Subject.File != "/a/bad.yaml" {
		t.Errorf("got %v", list)
	}
}

func TestWarnings(t *testing.T) {
	p, sources, list := loadText("extends: [b]\nsyscalls: {allow: [{name: socket, when: [{arg: 0, value: 1}]}]}",
		map[string]string{"b.yaml": "syscalls: {deny: [socket]}", "p.d/x.yml": "", "p.d/-y.yaml": "", "p.d/README": ""})
	if p == nil {
		t.Fatal("not loaded")
	}
	golden(t, "load/warnings.txt", []byte(rendered(t, list, sources)))
}
