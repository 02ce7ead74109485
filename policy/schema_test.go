package policy

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

func TestSchemaTable(t *testing.T) {
	for _, key := range schema().leaves {
		if key.at == nil && key.Path != "extends" {
			t.Errorf("%s has no place in the policy", key.Path)
		}
		if !strings.HasSuffix(key.Doc, ".") {
			t.Errorf("%s has no documentation", key.Path)
		}
		if key.Default != "" {
			if _, p := key.Kind.Parse(key.Default, key.Enum); p != nil {
				t.Errorf("the default of %s: %v", key.Path, p)
			}
		}
		for _, text := range key.DefaultList {
			entry := key.Elem
			if len(entry.Keys) > 0 {
				entry = &entry.Keys[0]
			}
			if _, p := entry.Kind.Parse(text, entry.Enum); p != nil {
				t.Errorf("the default of %s: %v", key.Path, p)
			}
		}
	}
}

// TestDefaults pins what a profile that says nothing gets.
func TestDefaults(t *testing.T) {
	p, sources, list := loadText("", nil)
	if p == nil {
		t.Fatal(rendered(t, list, sources))
	}
	golden(t, "default.show", []byte(Show(p)))
	if list := Unsupported(p); len(list) > 0 {
		t.Errorf("the defaults cannot be run: %v", list)
	}
	if p.Network.Mode.Set || !p.Network.Mode.IsDefault() {
		t.Errorf("a default says that a layer set it: %+v", p.Network.Mode)
	}
}

func TestEmptyMeanings(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n", "---\n...\n", "\xef\xbb\xbf", "{}", "network: {}"} {
		p, sources, list := loadText(text, nil)
		if p == nil || len(list) > 0 {
			t.Errorf("%q: %s", text, rendered(t, list, sources))
			continue
		}
		if p.Network.Mode.V != "none" || len(p.Syscalls.Allow) != 1 {
			t.Errorf("%q is not the default: %+v", text, p)
		}
	}
	for _, text := range []string{"null", "~", "network:", "syscalls: {allow: }", "syscalls: {allow: ~}", "syscalls:\n  allow:\n"} {
		if p, _, _ := loadText(text, nil); p != nil {
			t.Errorf("%q was loaded", text)
		}
	}
}

// TestPure checks that the package, and those that it is built on, reach no
// operating system and carry no parser.
func TestPure(t *testing.T) {
	var names []string
	for _, dir := range []string{".", "paths", "kind", "node"} {
		found, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(found) == 0 {
			t.Fatal("no files in", dir, err)
		}
		names = append(names, found...)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, imp := range file.Imports {
			switch path := strings.Trim(imp.Path.Value, `"`); path {
			case "gopkg.in/yaml.v3", "github.com/jail-project/jail/policy/yaml", "os", "syscall", "os/user", "os/exec", "net", "golang.org/x/sys/unix", "unsafe", "reflect", "path/filepath":
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
}
