package fstree

import (
	"testing"
)

func TestNamed(t *testing.T) {
	for _, c := range []struct {
		word, path string
		want       bool
	}{
		{"/tmp/out", "/tmp/out", true},
		{"/tmp/out/a", "/tmp/out", true},
		{"/tmp/out", "/tmp", true},
		{"of=/tmp/out", "/tmp/out", true},
		{"-o/tmp/out", "/tmp/out", true},
		{"cp a /tmp/out; ls", "/tmp/out", true},
		{"echo >/tmp/outer; echo >/tmp/out", "/tmp/out", true},
		{"out", "/home/ann/src/out", true},
		{"../out", "/home/ann/out", true},
		{"./a/../out", "/home/ann/src/out", true},
		{"-v", "/home/ann", true},
		{"/tmp/outer", "/tmp/out", false},
		{"/tmp/out.d", "/tmp/out", false},
		{"/tmpfs/a", "/tmp", false},
		{"../out", "/tmp/out", false},
		{"", "/tmp", false},
	} {
		if got := Named([]string{"cp", c.word}, "/home/ann/src", c.path); got != c.want {
			t.Errorf("%q is about %s: %v, want %v", c.word, c.path, got, c.want)
		}
	}
}
