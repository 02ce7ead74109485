package host_test

import (
	"slices"
	"testing"

	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/jail/jailtest"
)

// TestTreeResolves: links are followed as after chroot(2), through what is bound too.
func TestTreeResolves(t *testing.T) {
	tree := host.NewTree(jailtest.Files{
		"/r/a/file": "-", "/r/absolute": "/a", "/r/up": "../../../../a", "/r/out": "/only-host", "/r/at/b": "",
		"/only-host/file": "-", "/a/hosts": "-", "/h/data/file": "-", "/h/data/back": "/a/file", "/h/data/up": "../../a/file",
	}, "/r")
	tree.Bind("/at/b", "/h/data")
	r := host.NewResolver(tree)
	for _, c := range []struct {
		path, real, onHost string
		kind               host.FileKind
	}{
		{"/", "/", "/r", host.KindDir},
		{"/a/file", "/a/file", "/r/a/file", host.KindFile},
		{"/a/hosts", "/a/hosts", "/r/a/hosts", host.KindMissing},
		{"/absolute/file", "/a/file", "/r/a/file", host.KindFile},
		{"/up/file", "/a/file", "/r/a/file", host.KindFile},
		{"/out/file", "/only-host/file", "/r/only-host/file", host.KindMissing},
		{"/at/b", "/at/b", "/h/data", host.KindDir},
		{"/at/b/file", "/at/b/file", "/h/data/file", host.KindFile},
		{"/at/b/back", "/a/file", "/r/a/file", host.KindFile},
		{"/at/b/up", "/a/file", "/r/a/file", host.KindFile},
		{"/h/data/file", "/h/data/file", "/r/h/data/file", host.KindMissing},
	} {
		at := r.Resolve(c.path)
		if at.Real != c.real || at.Kind != c.kind || tree.HostPath(at.Real) != c.onHost {
			t.Errorf("%s leads to %+v, on the host %s; want %s, %v, %s", c.path, at, tree.HostPath(at.Real), c.real, c.kind, c.onHost)
		}
	}
}

// TestPlaces: a file of the host is where the tree shows it, and not where something
// covers it.
func TestPlaces(t *testing.T) {
	tree := host.NewTree(jailtest.Files{}, "/home/ann")
	tree.Bind("/srv/x", "/home/ann/x")
	tree.Bind("/y", "/opt/y")
	tree.Bind("/y/z", "/home/ann/y/z")
	for _, c := range []struct {
		real string
		want []string
	}{
		{"/home/ann", []string{"/"}},
		{"/home/ann/file", []string{"/file"}},
		{"/home/ann/x/file", []string{"/srv/x/file", "/x/file"}},
		{"/home/ann/srv/x/file", nil},
		{"/home/ann/y", nil},
		{"/home/ann/y/z/file", []string{"/y/z/file"}},
		{"/opt/y", []string{"/y"}},
		{"/opt/y/z", nil},
		{"/home/annabel", nil},
		{"/", nil},
	} {
		if got := tree.Places(c.real); !slices.Equal(got, c.want) {
			t.Errorf("%s is at %q, want %q", c.real, got, c.want)
		}
	}
	if whole := host.NewTree(jailtest.Files{}, "/"); whole.HostPath("/a") != "/a" || !slices.Equal(whole.Places("/a"), []string{"/a"}) {
		t.Error("the host's own root is not itself")
	}
}
