package compile

import (
	"slices"
	"testing"

	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/jailtest"
)

func TestExplainPaths(t *testing.T) {
	const profile = `
filesystem:
  read:
    - /usr
    - /bin
    - ~/docs
  write:
    - ~/src
    - {path: ~/made, create: directory}
  hide:
    - ~/src/main.c
    - "@secrets"
  tmpfs: [/tmp]
  overlay: [~/Downloads]
`
	tests := []struct {
		path   string
		real   string // when it differs
		want   fstree.Visibility
		by     string // the deciding rule as written, "" for none
		line   int
		passed []string // as written, widest first
	}{
		{path: "/usr/bin/true", want: fstree.ReadOnly, by: "/bin", line: 5, passed: []string{"/usr"}},
		{path: "/usr/lib/libc.so", want: fstree.ReadOnly, by: "/usr", line: 4},
		{path: "/bin/true", real: "/usr/bin/true", want: fstree.ReadOnly, by: "/bin", line: 5, passed: []string{"/usr"}},
		{path: "/home/ann/docs/x", real: "/srv/docs/x", want: fstree.ReadOnly, by: "~/docs", line: 6},
		{path: "/home/ann/src", want: fstree.Writable, by: "~/src", line: 8},
		{path: "/home/ann/src/new", want: fstree.Writable, by: "~/src", line: 8},
		{path: "/home/ann/src/main.c", want: fstree.Hidden, by: "~/src/main.c", line: 11, passed: []string{"~/src"}},
		{path: "/home/ann/src/.git/hooks", want: fstree.ReadOnly, by: "/home/ann/src/.git/hooks", passed: []string{"~/src"}},
		{path: "/home/ann/made", want: fstree.Writable, by: "~/made", line: 9},
		{path: "/home/ann/.ssh/id_rsa", want: fstree.Hidden, by: "/home/ann/.ssh", line: 12},
		{path: "/home/ann/Downloads/a.pdf", want: fstree.Layered, by: "~/Downloads", line: 14},
		{path: "/tmp", want: fstree.Tmpfs, by: "/tmp", line: 13},
		{path: "/tmp/x", want: fstree.Tmpfs, by: "/tmp", line: 13},
		{path: "/home/ann", want: fstree.Frame},
		{path: "/home", want: fstree.Frame},
		{path: "/etc/passwd", want: fstree.Own, by: "/etc/passwd"}, // a list with one account
		{path: "/etc/fstab", want: fstree.Absent},
		{path: "/nowhere", want: fstree.Absent},
		{path: "/dev/null", want: fstree.Own, by: "/dev"},
		{path: "/proc/self", want: fstree.Own, by: "/proc"},
	}
	h := jailtest.Desktop()
	c, problems := compileFor(t, profile, h, "true")
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	for _, test := range tests {
		t.Run(test.path, func(t *testing.T) {
			if test.real == "" {
				test.real = test.path
			}
			e := c.View.Explain(test.path)
			if e.Path != test.path || e.Real != test.real || e.Visibility != test.want || e.Broken {
				t.Errorf("got %s leading to %s, %v, broken %t; want %s, %v", e.Path, e.Real, e.Visibility, e.Broken, test.real, test.want)
			}
			by, line := "", 0
			if e.By != nil {
				by, line = e.By.Written, e.By.At.Start.Line
			}
			if by != test.by || line != test.line {
				t.Errorf("decided by %q in line %d, want %q in line %d", by, line, test.by, test.line)
			}
			var passed []string
			for _, g := range e.Passed {
				passed = append(passed, g.Written)
			}
			if !slices.Equal(passed, test.passed) {
				t.Errorf("passed %q, want %q", passed, test.passed)
			}
		})
	}
}

// TestExplainBeaten: of two rules for one path the loser is named.
func TestExplainBeaten(t *testing.T) {
	c, _ := compileFor(t, "filesystem: {write: [~/.ssh/id_rsa], hide: [\"~/.ssh/id_*\"]}\n", jailtest.Desktop(), "true")
	e := c.View.Explain("/home/ann/.ssh/id_rsa")
	if e.Visibility != fstree.Writable || e.By.Written != "~/.ssh/id_rsa" {
		t.Fatalf("got %v by %+v", e.Visibility, e.By)
	}
	if len(e.Beaten) != 1 || e.Beaten[0].Written != "~/.ssh/id_*" {
		t.Errorf("beaten: %+v", e.Beaten)
	}
}

func TestPaths(t *testing.T) {
	p, _ := jailtest.LoadPolicy(t, "filesystem: {read: [/usr]}\n")
	h := jailtest.Desktop()
	tests := []struct {
		written string
		want    []string
	}{
		{"~/docs", []string{"/home/ann/docs"}},
		{"${CWD}/missing", []string{"/home/ann/src/missing"}},
		{"~/.ssh/*", []string{"/home/ann/.ssh/id_rsa", "/home/ann/.ssh/known_hosts"}},
		{`/a\*b`, []string{"/a*b"}},
		{"${PROFILE_DIR}/x", nil},
		{"/none/*", nil},
	}
	for _, test := range tests {
		if got := fstree.Paths(p, h, "", test.written); !slices.Equal(got, test.want) {
			t.Errorf("%s stands for %q, want %q", test.written, got, test.want)
		}
	}
	if got := fstree.Paths(p, h, "", "@secrets"); !slices.Contains(got, "/home/ann/.ssh") {
		t.Errorf("@secrets does not hold ~/.ssh: %q", got)
	}
}
