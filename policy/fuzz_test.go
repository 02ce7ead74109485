package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/yaml"
)

// seeds adds every profile below testdata to the corpus.
func seeds(f *testing.F, add func(string)) {
	f.Helper()
	names, _ := filepath.Glob("testdata/*/*.yaml")
	if len(names) == 0 {
		f.Fatal("no profiles in testdata")
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		add(string(text))
	}
	for _, text := range []string{
		"", "a", "a: &x [*x]", "&a a: *a", "? a\n: b", "- - - -", "{{{{", "a: |\n  b\n", "a: >-\n  b\n c", "%YAML 1.1\n---\na: b",
		"%TAG ! tag:x,2000:\n---\nname: !replace x", "\"\\x9b\": 1", "name: \"\\u202e\"", "!!binary aGk=: x", "a: !!python/object:x y",
		"filesystem: {read: !replace &r [/a], write: *r}", "a: 'it''s'", "name: x # c\n\n", strings.Repeat("[", 50), "é: [ü, \"日本\"] ",
	} {
		add(text)
	}
}

// checkFaults fails when a diagnostic has no place, or a place that is not
// in its text, or prints a control character.
func checkFaults(t *testing.T, list diag.List, sources *diag.Sources) {
	t.Helper()
	for _, d := range list {
		if d.Code == "" || d.Summary == "" || d.Subject.IsZero() {
			t.Errorf("no code, text or place: %+v", d)
		}
		if _, ok := sources.Line(d.Subject.File, 1); !ok {
			t.Errorf("the place is in no known text: %+v", d)
		}
		if line, ok := sources.Line(d.Subject.File, d.Subject.Start.Line); d.Subject.Start.Line > 0 && (!ok || d.Subject.Start.Column > len(line)+1) {
			t.Errorf("the place is not in the text: %+v", d)
		}
	}
	shown := diag.Render(list, sources, false)
	for _, r := range shown {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("control character %U in %q", r, shown)
		}
	}
}

// processorTime is what this thread has taken: other than the time of day, it does not
// depend on what else runs.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now); err != nil {
		t.Fatal(err)
	}
	return time.Duration(now.Nano())
}

func FuzzLoad(f *testing.F) {
	seeds(f, func(text string) { f.Add(text) })
	f.Fuzz(func(t *testing.T, text string) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		start := processorTime(t)
		p, sources, list := loadText(text, map[string]string{"base.yaml": "", "desktop.yaml": "", "browser.yaml": ""})
		if took := processorTime(t) - start; took > 2*time.Second {
			t.Errorf("took %v for %d bytes", took, len(text))
		}
		checkFaults(t, list, sources)
		if (p == nil) != list.HasErrors() {
			t.Fatalf("a policy and errors, or neither: %v", list)
		}
		if p == nil {
			return
		}
		shown := Show(p)
		q, sources, list := loadText(shown, nil)
		if q == nil {
			t.Fatalf("printed, it does not load:\n%s\n%s", shown, rendered(t, list, sources))
		}
		if x, y := withoutComments(shown), withoutComments(Show(q)); x != y {
			t.Errorf("printed twice, it differs:\n%s\n%s", x, y)
		}
	})
}

// withoutComments removes the provenance of a printed policy. A text in it
// can hold "  # " too, which does no harm: it is cut on both sides.
func withoutComments(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(strings.TrimRight(line, "\n"), "  # ")
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

func FuzzMerge(f *testing.F) {
	seeds(f, func(text string) { f.Add(text, "filesystem: {read: [/usr, ~/x]}", "syscalls: {deny: [ptrace]}") })
	f.Add("filesystem: {read: [/a]}", "filesystem: {read: !replace []}", "filesystem: {write: [/a]}")
	f.Fuzz(func(t *testing.T, x, y, z string) {
		var docs [3]*document
		for i, text := range []string{x, y, z} {
			root, list := yaml.Parse("f", []byte(text))
			var c checker
			c.document(root)
			if len(list) > 0 || len(c.list) > 0 {
				return
			}
			c.doc.setLayer(i)
			docs[i] = c.doc
		}
		left := merge(merge(docs[0], docs[1]), docs[2])
		right := merge(docs[0], merge(docs[1], docs[2]))
		if !reflect.DeepEqual(said(left), said(right)) {
			t.Error("merging is not associative")
		}
		if !reflect.DeepEqual(build(left, nil), build(right, nil)) {
			t.Error("the policies differ")
		}
	})
}

// TestBombs checks that inputs made to take long or much memory are refused
// soon.
func TestBombs(t *testing.T) {
	var laughs strings.Builder
	laughs.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		name := string(rune('a'+i)) + "0"
		prev := string(rune('a'+i-1)) + "0"
		laughs.WriteString(name + ": &" + name + " [" + strings.Repeat("*"+prev+", ", 10) + "]\n")
	}
	tests := []struct {
		name, text, code string
	}{
		{"aliases", laughs.String(), "too-large"},
		{"many aliases", "a: &a [x]\nb: [" + strings.Repeat("*a,", 300_000) + "]", "too-large"},
		{"aliases on one line", "a: &a [x]\nb: [" + strings.Repeat("*a,", 30_000) + "]", "unknown-key"},
		{"aliases after letters", "é: &a [x]\nb: [é, " + strings.Repeat("*a,", 30_000) + "]", "unknown-key"},
		{"aliases of a long text", "a: &a '" + strings.Repeat("x", 500_000) + "'\nb: [" + strings.Repeat("*a,", 30_000) + "]", "too-large"},
		{"chain of aliases", func() string {
			var b strings.Builder
			b.WriteString("a0: &a0 [x]\n")
			for i := range 5000 {
				fmt.Fprintf(&b, "a%d: &a%d [*a%d]\n", i+1, i+1, i)
			}
			return b.String()
		}(), "too-deep"},
		{"long path", "filesystem: {read: [/" + strings.Repeat("x", 5000) + "]}", "bad-path"},
		{"deep flow", strings.Repeat("[", 1<<19), ""},
		{"deep flow, closed", strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "too-deep"},
		{"deep block", strings.Repeat("- ", 9000), "too-deep"},
		{"deep indent", func() string {
			var b strings.Builder
			for i := range 900 {
				b.WriteString(strings.Repeat(" ", i) + "a:\n")
			}
			return b.String()
		}(), "too-deep"},
		{"too large", strings.Repeat("# comment\n", 1<<17), "too-large"},
		{"many entries", "a: [" + strings.Repeat("b,", 300_000) + "]", "too-large"},
		{"long word", strings.Repeat("a", 1<<20), "wrong-type"},
		{"long quote", `name: "` + strings.Repeat("a", 1<<19), "yaml-syntax"},
		{"comments", strings.Repeat("#\n", 90_000), "-"},
		{"indented comments", "a:\n" + strings.Repeat("     #\n", 90_000), ""},
		{"question marks", strings.Repeat("? ", 9000), "too-deep"},
		{"long line of entries", "programs: [" + strings.Repeat("a b,", 90_000) + "]", "invalid-name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			start := processorTime(t)
			p, sources, list := loadText(tt.text, nil)
			took := processorTime(t) - start
			if took > 3*time.Second {
				t.Errorf("took %v", took)
			}
			if tt.code == "-" {
				if p == nil {
					t.Errorf("not loaded: %s", rendered(t, list[:1], sources))
				}
				return
			}
			if p != nil || len(list) == 0 || tt.code != "" && list[0].Code != tt.code {
				t.Errorf("got %+v, want %s", list[:min(len(list), 1)], tt.code)
			}
			t.Log(took)
		})
	}
}
