package testenv

import (
	"path/filepath"
	"strings"
	"testing"
)

// EverythingProfile has something of everything that a plan can hold.
const EverythingProfile = `extends: [base]
filesystem:
  home: private
  write:
    - ${CWD}
    - {path: ~/made, create: directory}
  read:
    - ~/Downloads
  hide:
    - ${CWD}/hidden
  tmpfs:
    - {path: /scratch, size: 1M}
  overlay:
    - ~/Documents
limits: {open-files: 100}
identity: {hostname: cell}
capabilities: {keep: [net_raw]}
`

// Shipped lists the profiles of the pack.
func Shipped(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(Checkout(), "profiles/*.yaml"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d profiles: %v", len(files), err)
	}
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".yaml"))
	}
	return names
}
