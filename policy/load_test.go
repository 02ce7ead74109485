package policy

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/yaml"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with a file below testdata, or rewrites the file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	name = "testdata/" + name
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got\n%s\nwant\n%s", name, got, want)
	}
}

func rendered(t *testing.T, list diag.List, sources *diag.Sources) string {
	t.Helper()
	return diag.Render(list, sources, false)
}

func goodStore() Store {
	return Store{Parse: yaml.Parse, Dirs: []Dir{{Path: "/etc/jail/profiles", FS: os.DirFS("testdata/good")}}}
}

func TestShowGolden(t *testing.T) {
	p, sources, list := Load(goodStore(), Request{Name: "firefox"})
	if len(list) > 0 {
		t.Fatal(rendered(t, list, sources))
	}
	golden(t, "firefox.show", []byte(Show(p)))
	golden(t, "firefox.unsupported", []byte(rendered(t, Unsupported(p), sources)))
}
