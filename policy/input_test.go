package policy

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jail-project/jail/policy/yaml"
)

// unreadableFS is a directory in which some names cannot be examined.
type unreadableFS struct {
	fstest.MapFS
	prefix string
}

func (s unreadableFS) Stat(name string) (fs.FileInfo, error) {
	if strings.HasPrefix(name, s.prefix) {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrPermission}
	}
	return s.MapFS.Stat(name)
}

func (s unreadableFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if strings.HasPrefix(name, s.prefix) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return s.MapFS.ReadDir(name)
}

func TestInputs(t *testing.T) {
	home := files("app.d/x.yaml", "filesystem: {read: [/x]}", "late.yaml", "programs: [tool]")
	etc := files("app.yaml", "extends: [base, ./near.yaml]", "near.yaml", "", "other.yaml", "programs: [tool]")
	tests := []struct {
		name, program string
		home          fs.FS
		want          string
	}{
		{"by name", "app", home, `absent /home/app.yaml
read /etc/app.yaml
absent /home/base.yaml
absent /etc/base.yaml
judged /etc
read /etc/near.yaml
absent /etc/app.d
listed /home/app.d
judged /home/app.d
read /home/app.d/x.yaml
judged /home`},
		{"by program", "tool", home, `absent /home/tool.yaml
absent /etc/tool.yaml
listed /home
read /home/late.yaml
judged /home
absent /home/late.d
absent /etc/late.d`},
		{"by program in a weak directory", "tool", fstest.MapFS{}, `absent /home/tool.yaml
absent /etc/tool.yaml
listed /home
listed /etc
read /etc/app.yaml
read /etc/near.yaml
read /etc/other.yaml
judged /etc
absent /home/other.yaml
absent /etc/other.d
absent /home/other.d`},
		{"no directory", "app", os.DirFS("/no/such/directory"), `absent /home/app.yaml
read /etc/app.yaml
absent /home/base.yaml
absent /etc/base.yaml
judged /etc
read /etc/near.yaml
absent /etc/app.d
absent /home/app.d`},
		{"a drop-in directory that is none", "app", files("app.d", "x"), `absent /home/app.yaml
read /etc/app.yaml
absent /home/base.yaml
absent /etc/base.yaml
judged /etc
read /etc/near.yaml
absent /etc/app.d
unclear /home/app.d`},
		{"a directory that cannot be listed", "tool", unreadableFS{fstest.MapFS{}, "."}, `absent /home/tool.yaml
absent /etc/tool.yaml
unclear /home
listed /etc
read /etc/app.yaml
read /etc/near.yaml
read /etc/other.yaml
judged /etc
absent /home/other.yaml
absent /etc/other.d
absent /home/other.d`},
		{"drop-ins that cannot be examined", "app", unreadableFS{fstest.MapFS{}, "app.d"}, `absent /home/app.yaml
read /etc/app.yaml
absent /home/base.yaml
absent /etc/base.yaml
judged /etc
read /etc/near.yaml
absent /etc/app.d
unclear /home/app.d`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			trusted := func(string, fs.FileInfo) error { return nil }
			store := Store{
				Parse: yaml.Parse,
				Dirs: []Dir{
					{Path: "/home", FS: tt.home, Trusted: trusted},
					{Path: "/etc", FS: etc, Trusted: trusted},
					{FS: files("base.yaml", "", "app.d/y.yaml", ""), Embedded: true},
				},
				Saw: func(i Input) {
					line := [...]string{"read ", "absent ", "listed ", "judged ", "unclear "}[i.Kind] + i.Path
					if !slices.Contains(got, line) {
						got = append(got, line)
					}
				},
			}
			name, sources, list := store.ForProgram(tt.program)
			if name == "" {
				t.Fatal(rendered(t, list, sources))
			}
			if p, sources, list := Load(store, Request{Name: name}); p == nil {
				t.Fatal(rendered(t, list, sources))
			}
			want := strings.Split(tt.want, "\n")
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// TestInputsOfAFile are those of a profile that was named by its path.
func TestInputsOfAFile(t *testing.T) {
	var got []Input
	store := Store{
		Parse: yaml.Parse, Saw: func(i Input) { got = append(got, i) },
		Root: Dir{Path: "/", FS: files("x/app.yaml", "extends: [./near.yaml]", "x/near.yaml", "")},
	}
	if p, sources, list := Load(store, Request{File: "/x/app.yaml"}); p == nil {
		t.Fatal(rendered(t, list, sources))
	}
	if want := []Input{{InputRead, "/x/app.yaml"}, {InputRead, "/x/near.yaml"}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
