package policy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy/yaml"
)

// loadText loads one profile by the name "p" from a store that holds the
// given files beside it.
func loadText(text string, more map[string]string) (*Policy, *diag.Sources, diag.List) {
	files := fstest.MapFS{"p.yaml": {Data: []byte(text)}}
	for name, content := range more {
		files[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return Load(Store{Parse: yaml.Parse, Dirs: []Dir{{Path: "/p", FS: files}}}, Request{Name: "p"})
}

func TestBadProfiles(t *testing.T) {
	names, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal("no bad profiles", err)
	}
	for _, name := range names {
		base := strings.TrimSuffix(filepath.Base(name), ".yaml")
		t.Run(base, func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			p, sources, list := loadText(string(text), nil)
			if p != nil || !list.HasErrors() {
				t.Fatal("a bad profile was loaded")
			}
			for _, d := range list {
				if d.Code == "" || d.Subject.IsZero() {
					t.Errorf("no code or no place: %+v", d)
				}
			}
			golden(t, "bad/"+base+".txt", []byte(rendered(t, list, sources)))
		})
	}
}
