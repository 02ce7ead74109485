package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/yaml"
)

// hosts prints entries with their places.
func hosts(list []Entry) string {
	var out []string
	for _, e := range list {
		out = append(out, fmt.Sprintf("%s@%s:%d:%d-%d", e.Text, strings.TrimPrefix(e.At.File, "/p/"), e.At.Start.Line, e.At.Start.Column, e.At.End.Column))
	}
	return strings.Join(out, " ")
}

func TestHostFiles(t *testing.T) {
	list := "\ufeff# hosts\n\nA.org  # here\n\t@host:5432\r\na.ORG\n[::1]:80\nb.org"
	p, sources, problems := loadText("network:\n  mode: filtered\n  allow: [b.org, {file: lists/a.txt}, {host: c.org}]\n  deny: [{file: ./d.txt}]", map[string]string{
		"lists/a.txt": list, "d.txt": "*.evil.org",
	})
	if p == nil || len(problems) > 0 {
		t.Fatal(rendered(t, problems, sources))
	}
	if got, want := hosts(p.Network.Allow), "b.org@p.yaml:3:11-16 A.org@lists/a.txt:3:1-6 @host:5432@lists/a.txt:4:2-12 [::1]:80@lists/a.txt:6:1-9 c.org@p.yaml:3:46-51"; got != want {
		t.Errorf("allow is %s, want %s", got, want)
	}
	if got := hosts(p.Network.Deny); got != "*.evil.org@d.txt:1:1-11" {
		t.Errorf("deny is %s", got)
	}
	shown := Show(p)
	if !strings.Contains(shown, `- "@host:5432"`) || !strings.Contains(shown, "# /p/lists/a.txt:4") {
		t.Error(shown)
	}
	again, _, problems := loadText(shown, nil)
	if again == nil || len(problems) > 0 || len(again.Network.Allow) != 5 {
		t.Errorf("what is shown is not loaded: %v", problems)
	}
}

func TestHostFileProblems(t *testing.T) {
	many := strings.Repeat("0.0.0.0 ads.example\n", 1000)
	for _, tt := range []struct{ name, list, file, want string }{
		{"missing", "{file: gone.txt}", "", "cannot read /p/gone.txt: file does not exist"},
		{"out of the directory", "{file: ../x.txt}", "", "leads out of the profile directory"},
		{"variables", "{file: ~/x.txt}", "", "not a file of hosts"},
		{"both", "{host: a.org, file: x.txt}", "a.org", "a host or a file, not both"},
		{"neither", "{}", "", "neither host nor file"},
		{"an unknown key", "{hosts: a.org}", "", `unknown key "hosts"`},
		{"a bad line", "{file: x.txt}", "a.org\nb.org c.org\n", "/p/x.txt:2:1"},
		{"another format", "{file: x.txt}", many, "/p/x.txt:10:1"},
		{"a large file", "{file: x.txt}", strings.Repeat("#\n", 1<<19+1), "larger than 1 MiB"},
		{"rivals in the other list", "{file: x.txt}], deny: [a.org", "a.org", `"a.org" is listed twice`},
	} {
		p, sources, problems := loadText("network: {mode: filtered, allow: ["+tt.list+"]}", map[string]string{"x.txt": tt.file})
		if text := rendered(t, problems, sources); p != nil || !strings.Contains(text, tt.want) || len(problems) > maxLineFaults {
			t.Errorf("%s: %d problems, %s", tt.name, len(problems), text)
		}
	}
	flag := Setting{Path: []string{"network", "allow"}, Fields: []SettingField{{Name: "file", Text: "x"}}, Text: "a.org", At: diag.Range{File: CommandLine}}
	_, _, problems := Load(Store{Parse: yaml.Parse, Dirs: []Dir{{Path: "/p", FS: files("p.yaml", "")}}}, Request{Name: "p", Flags: []Setting{flag}})
	if !problems.HasErrors() {
		t.Error("a flag names a file")
	}
}

// TestHostFilesAreInputs: whoever keeps what was loaded learns of the file, and one that
// others could write is refused like a profile.
func TestHostFilesAreInputs(t *testing.T) {
	var saw []string
	dir := Dir{Path: "/p", FS: files("p.yaml", "network: {mode: filtered, allow: [{file: x.txt}, {file: /etc/y.txt}]}", "x.txt", "a.org")}
	store := Store{
		Parse: yaml.Parse, Dirs: []Dir{dir}, Root: Dir{Path: "/", FS: files("etc/y.txt", "b.org")},
		Saw: func(in Input) { saw = append(saw, fmt.Sprint(in.Kind, in.Path)) },
	}
	p, _, problems := Load(store, Request{Name: "p"})
	if p == nil || hosts(p.Network.Allow) != "a.org@x.txt:1:1-6 b.org@/etc/y.txt:1:1-6" {
		t.Fatal(problems)
	}
	for _, want := range []string{fmt.Sprint(InputRead, "/p/x.txt"), fmt.Sprint(InputRead, "/etc/y.txt")} {
		if !strings.Contains(strings.Join(saw, "\n"), want) {
			t.Errorf("no input %s in %v", want, saw)
		}
	}
	store.Dirs[0].Trusted = func(name string, _ fs.FileInfo) error {
		if name == "x.txt" {
			return errors.New("anybody can write it")
		}
		return nil
	}
	if p, _, problems := Load(store, Request{Name: "p"}); p != nil || !strings.Contains(problems.Error(), "the list of hosts /p/x.txt is not trusted: anybody can write it") {
		t.Error(problems)
	}
}

// TestHostFileOfANamedProfile: for a profile that is named by its path, the file lies
// beside it.
func TestHostFileOfANamedProfile(t *testing.T) {
	store := Store{Parse: yaml.Parse, Root: Dir{Path: "/", FS: fstest.MapFS{
		"home/ann/p.yaml": {Data: []byte("network: {mode: filtered, allow: [{file: x.txt}]}")},
		"home/ann/x.txt":  {Data: []byte("a.org")},
	}}}
	p, _, problems := Load(store, Request{File: "/home/ann/p.yaml", As: "./p.yaml"})
	if p == nil || hosts(p.Network.Allow) != "a.org@x.txt:1:1-6" {
		t.Fatal(problems)
	}
}

// TestAskForFilter: hosts of a later layer than the mode ask for a filtered network.
func TestAskForFilter(t *testing.T) {
	for _, tt := range []struct{ base, top, want, problem string }{
		{"", "network: {allow: [a.org]}", "filtered p.yaml:1", ""},
		{"network: none", "network: {allow: [a.org]}", "filtered p.yaml:1", ""},
		{"network: host", "network: {allow: [a.org]}", "filtered p.yaml:1", ""},
		{"network: {allow: [a.org]}", "", "filtered base.yaml:1", ""},
		{"network: {allow: [a.org]}", "network: none", "none p.yaml:1", ""},
		{"network: {allow: [a.org], deny: [b.org]}", "network: host", "host p.yaml:1", ""},
		{"network: nat", "network: {allow: [192.0.2.1]}", "nat base.yaml:1", ""},
		{"network: nat", "network: {allow: [a.org]}", "", "a network with mode: nat is filtered by addresses,"},
		{"network: {allow: [a.org]}", "network: nat", "", "a network with mode: nat is filtered by addresses,"},
		{"network: {allow: [a.org]}", "network: {mode: namespace, namespace: x}", "namespace p.yaml:1", ""},
		{"", "network: {mode: namespace, namespace: x, deny: [192.0.2.1]}", "", "network.deny keeps nothing out of reach"},
		{"", "network: {mode: none, namespace: x}", "none p.yaml:1", "network.namespace has no effect"},
		{"", "network: {allow: []}", "none :0", ""},
		{"", "network: {deny: [a.org]}", "none :0", ""},
		{"network: none", "network: {deny: [a.org]}", "none base.yaml:1", ""},
		{"network: host", "network: {deny: [b.org], allow: [a.org]}", "filtered p.yaml:1", ""},
		{"network: host", "network: {deny: [b.org]}", "", "network.deny keeps nothing out of reach"},
		{"", "network: {mode: host, deny: [b.org]}", "", "network.deny keeps nothing out of reach"},
		{"", "network: {mode: none, allow: [a.org]}", "none p.yaml:1", "network.allow has no effect with network: none"},
		{"", "network: {mode: host, allow: [a.org]}", "", "network.allow keeps nothing out of reach"},
	} {
		p, _, problems := loadText("extends: [base]\n"+tt.top, map[string]string{"base.yaml": tt.base})
		got := ""
		if p != nil {
			at := p.Network.Mode.At
			line := at.Start.Line
			if at.File == "/p/p.yaml" {
				line--
			}
			got = fmt.Sprintf("%s %s:%d", p.Network.Mode.V, strings.TrimPrefix(at.File, "/p/"), line)
		}
		if got != tt.want || problems.Error() != tt.problem && !strings.HasPrefix(problems.Error(), tt.problem+" ") || (tt.problem == "") != (len(problems) == 0) {
			t.Errorf("%q and %q: %s, %v; want %s, %s", tt.base, tt.top, got, problems, tt.want, tt.problem)
		}
		if p != nil && p.Network.Mode.V != "none" && len(p.Network.Mode.Over) != strings.Count(tt.base, "network: none")+strings.Count(tt.base, "network: host") {
			t.Errorf("%q and %q: over %v", tt.base, tt.top, p.Network.Mode.Over)
		}
	}
}
