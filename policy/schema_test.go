package policy

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

func TestSchemaTable(t *testing.T) {
	for _, key := range schema().leaves {
		if key.at == nil && key.path != "extends" {
			t.Errorf("%s has no place in the policy", key.path)
		}
		if !strings.HasSuffix(key.Doc, ".") {
			t.Errorf("%s has no documentation", key.path)
		}
		if key.Default != "" {
			if p := parseScalar(&value{text: key.Default}, key); p != nil {
				t.Errorf("the default of %s: %v", key.path, p)
			}
		}
		for _, text := range key.DefaultList {
			entry := key.Elem
			if len(entry.Keys) > 0 {
				entry = &entry.Keys[0]
			}
			if p := parseScalar(&value{text: text}, entry); p != nil {
				t.Errorf("the default of %s: %v", key.path, p)
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
	var b strings.Builder
	if err := Show(p, &b); err != nil {
		t.Fatal(err)
	}
	golden(t, "default.show", []byte(b.String()))
	if list := Unsupported(p); len(list) > 0 {
		t.Errorf("the defaults cannot be run: %v", list)
	}
	if p.Network.Mode.Set || p.Network.Mode.Layer != fromDefault {
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

func TestJSONSchema(t *testing.T) {
	text := JSONSchema()
	var v struct {
		Properties map[string]struct {
			Type       string
			Properties map[string]any
		}
		AdditionalProperties *bool
	}
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	for i := range Schema().Keys {
		if _, ok := v.Properties[Schema().Keys[i].Name]; !ok {
			t.Errorf("%s is missing", Schema().Keys[i].Name)
		}
	}
	if v.AdditionalProperties == nil || *v.AdditionalProperties || len(v.Properties) != len(Schema().Keys) {
		t.Error("the schema lets unknown keys through")
	}
	if got := len(v.Properties["filesystem"].Properties); got != len(Schema().sub("filesystem").Keys) {
		t.Errorf("filesystem has %d keys in the schema", got)
	}
}

func TestReference(t *testing.T) {
	text := string(Reference())
	var walk func(k *Key)
	walk = func(k *Key) {
		for i := range k.Keys {
			if k.path != "" || k == Schema() {
				if !strings.Contains(text, "# `"+k.Keys[i].path+"`\n") {
					t.Errorf("%s has no paragraph", k.Keys[i].path)
				}
			}
			walk(&k.Keys[i])
		}
	}
	walk(Schema())
	for _, name := range VariableNames() {
		if !strings.Contains(text, "`${"+name+"}`") {
			t.Errorf("%s is missing", name)
		}
	}
}

// TestPure checks that the package reaches no operating system and carries no
// parser.
func TestPure(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) == 0 {
		t.Fatal("no files", err)
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
