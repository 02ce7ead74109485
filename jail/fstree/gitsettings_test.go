package fstree

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jail-project/jail/jail/host"
)

// TestGitSettings compares with git itself.
func TestGitSettings(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git is not installed")
	}
	for _, text := range []string{
		"[core]\n\thooksPath = .husky/_\n",
		"[Core] HooksPath=a\n[core]\nfsmonitor = \"./x y\" ; comment\n",
		"[filter \"lfs\"]\n\tclean = git-lfs clean -- %f\n\trequired = true\n",
		"[include]\n\tpath = ../x # no\n[includeIf \"gitdir:~/w/\"]\n\tpath = y\n",
		"[core]\n\tfsmonitor = a\\\nb\n\thookspath = \"a\\\"b#c\"\n",
		"[a \"B\\\"c\"]\n\tk = v\n[alias]\n\tx = !sh -c 'y'\n",
		"[core]\r\n\thooksPath = crlf\r\n",
		"[core]\n\tbare\n\tfsmonitor\n",
		"[core] ; see [1]\n\thooksPath = a\n[includeIf \"x]y\"] # [2]\n\tpath = \"b]\"\n",
		"# c\n; d\n[core \"Sub\"]\nx = 1\n",
	} {
		file := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(git, "config", "--file", file, "--null", "--list").Output()
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		var want, got []string
		for entry := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
			key, value, _ := strings.Cut(entry, "\n")
			want = append(want, key+"="+value)
		}
		for _, s := range gitSettings(text) {
			got = append(got, s.key+"="+s.value)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%q: %q, git says %q", text, got, want)
		}
	}
}

func TestCommandWords(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "x": "x", "./mon --fast": "./mon|--fast", `"./a b" 'c d'`: "./a b|c d|./a|b|c|d", "sh -c 'cd x; ./y 1'": "sh|-c|cd x; ./y 1|cd|x|./y|1", "!f() { ./x; }; f": "f|{|./x|}|f",
		"git-lfs clean -- %f": "git-lfs|clean|--|%f", "A=./x ./y>z": "A|./x|./y|z",
	} {
		if got := strings.Join(commandWords(text), "|"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestPathsOf: names with ~ lie in the home of HOME and in the account's.
func TestPathsOf(t *testing.T) {
	g := &granter{h: &host.Host{Home: "/h", AccountHome: "/home/ann", User: "ann"}}
	for name, want := range map[string]string{
		"/x/../y": "/y", "x": "/top/x", "../x": "/x", "~/x": "/h/x /home/ann/x", "~ann/x": "/home/ann/x", "~bob/x": "", "~": "/h /home/ann",
	} {
		if got := strings.Join(g.pathsOf(name, "/top"), " "); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if got := g.pathsOf("x", ""); got != nil {
		t.Errorf("a relative name of no directory: %q", got)
	}
}

func FuzzGitSettings(f *testing.F) {
	f.Add("[core]\n\thooksPath = x\n")
	f.Add("[a \"b\"] c = \"d\\\" ; e\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range gitSettings(text) {
			if !strings.Contains(s.key, ".") {
				t.Errorf("a key without a section: %q", s.key)
			}
		}
	})
}
