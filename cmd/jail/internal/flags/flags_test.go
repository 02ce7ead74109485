package flags

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
	parser, err := kong.New(&Policy{})
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
		{[]string{"--allow", "*.example.org:443"}, key("network.allow", "*.example.org:443"), "*.example.org:443"},
		{[]string{"--deny=@host"}, key("network.deny", "@host"), "@host"},
		{[]string{"--share", "pid"}, key("namespaces.pid", "false"), "pid"},
		{[]string{"--nested-userns"}, key("namespaces.user", "true"), "--nested-userns"},
		{[]string{"--nested-userns=false"}, key("namespaces.user", "false"), "false"},
		{[]string{"--set", "limits.time=1h"}, key("limits.time", "1h"), "1h"},
		{[]string{"--set=network=none"}, key("network.mode", "none"), "none"},
		{[]string{"--set", "filesystem.read=../x"}, key("filesystem.read", "/home/ann/x"), "../x"},
	}
	for _, test := range tests {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			line := lineOf(slices.Concat([]string{"/usr/bin/jail"}, test.args, []string{"ls"}))
			uses, others := Walk(line, line.Args[1:], true)
			got, problems := Settings(line, host, uses, new(launchcache.Inputs))
			if len(problems) > 0 || len(got) != 1 || !slices.Equal(others, []int{len(line.Args) - 1}) {
				t.Fatalf("got %v, problems %v, others %v", got, problems, others)
			}
			at := got[0].At
			got[0].At = diag.Range{}
			if !reflect.DeepEqual(got[0], test.want) {
				t.Errorf("got %+v, want %+v", got[0], test.want)
			}
			if got := strings.Trim(textAt(line, at), `"`); got != strings.Trim(test.at, `"`) {
				t.Errorf("the place covers %q, want %q", got, test.at)
			}
		})
	}
}

func TestSettingFields(t *testing.T) {
	host := &host.Host{Cwd: "/w", Files: files{}}
	line := lineOf([]string{"jail", "--tmpfs", "/a,size=1M,mode=0700", "--overlay=b,keep=k", "--replace=filesystem.write", "ls"})
	uses, _ := Walk(line, line.Args[1:], true)
	got, problems := Settings(line, host, uses, new(launchcache.Inputs))
	if len(got) != 3 || len(problems) > 0 {
		t.Fatalf("got %v, problems %v", got, problems)
	}
	if s := got[0]; s.Text != "/a" || textAt(line, s.At) != "/a" || len(s.Fields) != 2 ||
		s.Fields[0].Name != "mode" || s.Fields[0].Text != "0700" || textAt(line, s.Fields[0].At) != "mode=0700" ||
		s.Fields[1].Name != "size" || s.Fields[1].Text != "1M" || textAt(line, s.Fields[1].At) != "size=1M" {
		t.Errorf("--tmpfs gave %+v", s)
	}
	if s := got[1]; s.Text != "/w/b" || len(s.Fields) != 1 || s.Fields[0].Text != "/w/k" {
		t.Errorf("--overlay gave %+v", s)
	}
	if s := got[2]; !s.Replace || !s.None || strings.Join(s.Path, ".") != "filesystem.write" {
		t.Errorf("--replace gave %+v", s)
	}
}

// lineOf is a command line whose text has a space between its arguments.
func lineOf(argv []string) *Line {
	return &Line{Args: argv, At: func(arg, skip int) diag.Range {
		before := 1
		for _, a := range argv[:arg] {
			before += len(a) + 1
		}
		return diag.Range{
			Start: diag.Pos{Line: 1, Column: before + skip},
			End:   diag.Pos{Line: 1, Column: before + len(argv[arg])},
		}
	}}
}

// textAt is the text at a place of such a line.
func textAt(line *Line, at diag.Range) string {
	return strings.Join(line.Args, " ")[at.Start.Column-1 : at.End.Column-1]
}
