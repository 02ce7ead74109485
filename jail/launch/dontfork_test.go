package launch

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/jailtest"
)

// TestHeapStaysHere looks for the launcher's heap in the init, in a
// build with a C library as in one without.
func TestHeapStaysHere(t *testing.T) {
	jailtest.RequireJails(t)
	kept := []byte("what only the launcher is to know")
	address, err := strconv.ParseUint(strings.TrimPrefix(fmt.Sprintf("%p", kept), "0x"), 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	init, err := NewInit(unix.CLONE_NEWUSER|unix.CLONE_NEWNS|unix.CLONE_NEWPID|uintptr(unix.SIGCHLD), false)
	if err != nil {
		t.Fatal(err)
	}
	defer init.Discard()
	if !mapped(t, os.Getpid(), address) {
		t.Error("no mapping of this process has its heap")
	}
	if mapped(t, init.pid, address) {
		t.Error("the init has the launcher's heap")
	}
}

// mapped tells whether a process has memory at an address.
func mapped(t *testing.T, pid int, address uint64) bool {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	if len(maps) == 0 {
		t.Fatalf("process %d shows no mappings", pid)
	}
	for line := range strings.Lines(string(maps)) {
		var from, to uint64
		if _, err := fmt.Sscanf(line, "%x-%x", &from, &to); err != nil {
			t.Fatal(err)
		}
		if from <= address && address < to {
			return true
		}
	}
	return false
}
