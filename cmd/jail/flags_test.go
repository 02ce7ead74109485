package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/launchcache"
	"github.com/jail-project/jail/policy"
)

// TestEveryFlagHasAMeaning holds the flags that kong knows against what the
// settings are made from: a flag without a meaning would be ignored.
func TestEveryFlagHasAMeaning(t *testing.T) {
	parser, err := kong.New(&runGrammar{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range parser.Model.Flags {
		kind, key := meaning(f.Name)
		if f.Name == "help" {
			continue
		}
		if kind == flagSwitch {
			t.Errorf("--%s has no meaning", f.Name)
		}
		if f.IsBool() != (kind == flagBool) {
			t.Errorf("--%s takes a value for kong or for jail, not for both", f.Name)
		}
		if found, _ := findKey(key); key != "" && found == nil {
			t.Errorf("--%s is for the key %q, which does not exist", f.Name, key)
		}
	}
}

// TestPlainlyAgreesWithKong: what is read without kong has to be what kong
// reads.
func TestPlainlyAgreesWithKong(t *testing.T) {
	tests := []struct {
		args  string
		plain bool
	}{
		{"ls", true},
		{"ls -l --read x", true},
		{"--read /x ls", true},
		{"--read=/x --write /y ls --hide z", true},
		{"--nested-userns ls", true},
		{"--nested-userns=false ls", true},
		{"--profile p ls", true},
		{"--profile=a --profile=b ls", true},
		{"-- ls", true},
		{"-- --odd", true},
		{"--read /x -- ls --", true},
		{"--read --write ls", false},
		{"--read", false},
		{"--unknown ls", false},
		{"--json ls", false},
		{"-x ls", false},
		{"--nested-userns=perhaps ls", false},
		{"--read /x", false},
		{"--", false},
	}
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			args := strings.Fields(test.args)
			line := newCommandLine(append([]string{"jail"}, args...))
			var plain, full runGrammar
			ok := plain.plainly(&line, args)
			parser, err := kong.New(&full, kong.Exit(func(int) {}))
			if err != nil {
				t.Fatal(err)
			}
			_, err = parser.Parse(args)
			if ok != test.plain {
				t.Fatalf("plainly says %t, kong says %v", ok, err)
			}
			if !ok {
				return
			}
			if err != nil {
				t.Fatalf("kong refuses it: %v", err)
			}
			if len(full.Program) > 0 && full.Program[0] == "--" {
				full.Program = full.Program[1:]
			}
			if plain.Profile != full.Profile || !slices.Equal(plain.Program, full.Program) {
				t.Errorf("plainly read %q %q, kong %q %q", plain.Profile, plain.Program, full.Profile, full.Program)
			}
		})
	}
}

// files are the names that exist. Nothing else is asked about them.
type files struct {
	host.Files
	names []string
}

func (f files) Kind(path string) host.FileKind {
	if slices.Contains(f.names, path) {
		return host.KindFile
	}
	return host.KindMissing
}

func TestSettings(t *testing.T) {
	host := &host.Host{Cwd: "/home/ann/w[1]", Files: files{names: []string{"/home/ann/w[1]/a*b", "/home/ann/x,size=1", "/etc/$x"}}}
	key := func(key, text string) policy.Setting {
		return policy.Setting{Path: strings.Split(key, "."), Text: text}
	}
	tests := []struct {
		args []string
		want policy.Setting
		at   string // the text that the setting's place covers
	}{
		{[]string{"--read", "/usr"}, key("filesystem.read", "/usr"), "/usr"},
		{[]string{"--read=/usr"}, key("filesystem.read", "/usr"), "/usr"},
		{[]string{"--read", "a*b"}, key("filesystem.read", `/home/ann/w\[1\]/a\*b`), `"a*b"`},
		{[]string{"--read", "c*d"}, key("filesystem.read", `/home/ann/w\[1\]/c*d`), `"c*d"`},
		{[]string{"--read", "/etc/$x"}, key("filesystem.read", `/etc/\$x`), "/etc/$x"},
		{[]string{"--read", "."}, key("filesystem.read", `/home/ann/w\[1\]/`), "."},
		{[]string{"--read", "../x"}, key("filesystem.read", "/home/ann/x"), "../x"},
		{[]string{"--read", "./../../y"}, key("filesystem.read", "/home/y"), "./../../y"},
		{[]string{"--read", "y/../z"}, key("filesystem.read", `/home/ann/w\[1\]/y/../z`), "y/../z"},
		{[]string{"--read", "~/x"}, key("filesystem.read", "~/x"), `~/x`},
		{[]string{"--hide", "@secrets"}, key("filesystem.hide", "@secrets"), "@secrets"},
		{[]string{"--read", "${CWD}/x"}, key("filesystem.read", "${CWD}/x"), "${CWD}/x"},
		{[]string{"--tmpfs", "../x,size=1"}, key("filesystem.tmpfs", "/home/ann/x,size=1"), "../x,size=1"},
		{[]string{"--root", "r"}, key("filesystem.root", `/home/ann/w\[1\]/r`), "r"},
		{[]string{"--env", "LANG"}, key("environment.keep", "LANG"), "LANG"},
		{[]string{"--env", "A=b=c"}, key("environment.set.A", "b=c"), "A=b=c"},
		{[]string{"--network", "none"}, key("network.mode", "none"), "none"},
		{[]string{"--share", "pid"}, key("namespaces.pid", "false"), "pid"},
		{[]string{"--nested-userns"}, key("namespaces.user", "true"), "--nested-userns"},
		{[]string{"--nested-userns=false"}, key("namespaces.user", "false"), "false"},
		{[]string{"--set", "limits.time=1h"}, key("limits.time", "1h"), "1h"},
		{[]string{"--set=network=none"}, key("network.mode", "none"), "none"},
		{[]string{"--set", "filesystem.read=../x"}, key("filesystem.read", "/home/ann/x"), "../x"},
	}
	for _, test := range tests {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			line := newCommandLine(slices.Concat([]string{"/usr/bin/jail"}, test.args, []string{"ls"}))
			uses, others := walk(&line, line.args[1:], true)
			got, problems := settings(&line, host, uses, new(launchcache.Inputs))
			if len(problems) > 0 || len(got) != 1 || !slices.Equal(others, []int{len(line.args) - 1}) {
				t.Fatalf("got %v, problems %v, others %v", got, problems, others)
			}
			at := got[0].At
			got[0].At = diag.Range{}
			if !reflect.DeepEqual(got[0], test.want) {
				t.Errorf("got %+v, want %+v", got[0], test.want)
			}
			if got := strings.Trim(covered(&line, at), `"`); got != strings.Trim(test.at, `"`) {
				t.Errorf("the place covers %q, want %q", got, test.at)
			}
		})
	}
}

func TestSettingFields(t *testing.T) {
	host := &host.Host{Cwd: "/w", Files: files{}}
	line := newCommandLine([]string{"jail", "--tmpfs", "/a,size=1M,mode=0700", "--overlay=b,keep=k", "--replace=filesystem.write", "ls"})
	uses, _ := walk(&line, line.args[1:], true)
	got, problems := settings(&line, host, uses, new(launchcache.Inputs))
	if len(got) != 3 || len(problems) > 0 {
		t.Fatalf("got %v, problems %v", got, problems)
	}
	if s := got[0]; s.Text != "/a" || covered(&line, s.At) != "/a" || len(s.Fields) != 2 ||
		s.Fields[0].Name != "mode" || s.Fields[0].Text != "0700" || covered(&line, s.Fields[0].At) != "mode=0700" ||
		s.Fields[1].Name != "size" || s.Fields[1].Text != "1M" || covered(&line, s.Fields[1].At) != "size=1M" {
		t.Errorf("--tmpfs gave %+v", s)
	}
	if s := got[1]; s.Text != "/w/b" || len(s.Fields) != 1 || s.Fields[0].Text != "/w/k" {
		t.Errorf("--overlay gave %+v", s)
	}
	if s := got[2]; !s.Replace || !s.None || strings.Join(s.Path, ".") != "filesystem.write" {
		t.Errorf("--replace gave %+v", s)
	}
}
