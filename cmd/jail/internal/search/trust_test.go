package search

import (
	"io/fs"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestTrust(t *testing.T) {
	tests := []struct {
		name  string
		owner uint32
		mode  uint32
		want  string // part of the error, "" for none
	}{
		{"the user's file", 1000, unix.S_IFREG | 0o644, ""},
		{"root's file", 0, unix.S_IFREG | 0o644, ""},
		{"root's directory", 0, unix.S_IFDIR | 0o755, ""},
		{"a private file", 1000, unix.S_IFREG | 0o600, ""},
		{"somebody else's file", 1001, unix.S_IFREG | 0o600, "belongs to user 1001"},
		{"nobody's file", 65534, unix.S_IFREG | 0o644, "belongs to user 65534"},
		{"a file for the group", 1000, unix.S_IFREG | 0o664, "its group can write it (mode 0664, group 0)"},
		{"a file for all", 1000, unix.S_IFREG | 0o646, "everybody can write it (mode 0646)"},
		{"root's file for all", 0, unix.S_IFREG | 0o666, "everybody can write it"},
		{"a sticky directory", 0, unix.S_IFDIR | 0o1777, "everybody can write it (mode 1777)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			info := &hostInfo{name: "x", stat: unix.Stat_t{Uid: test.owner, Mode: test.mode}}
			check(t, truster{1000, "/usr/share"}.judge("x", info), test.want)
			check(t, truster{1000, "/usr/share"}.judge(".", info), test.want)
		})
	}
	check(t, truster{0, "/usr/share"}.judge("x", unknownInfo{}), "owner is unknown")
}

func check(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("refused: %v", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("got %v, want %q", err, want)
	}
}

type unknownInfo struct{ fs.FileInfo }

func (unknownInfo) Sys() any { return nil }
