package child

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// TestChildCallsNothing reads the machine code of everything that runs
// between fork and execve, for each architecture that jail is built for: a call that
// is not on the list could allocate, grow the stack or take a lock that nobody will
// release.
func TestChildCallsNothing(t *testing.T) {
	testenv.Requires(t, testenv.User|testenv.RootSlow)
	for _, arch := range []string{"amd64", "arm64"} {
		t.Run(arch, func(t *testing.T) { childCallsNothing(t, "GOARCH="+arch, "CGO_ENABLED=0") })
	}
	t.Run("with a C library", func(t *testing.T) { childCallsNothing(t, "CGO_ENABLED=1") })
}

func childCallsNothing(t *testing.T, environ ...string) {
	t.Helper()
	const pkg = "github.com/jail-project/jail/jail/child."
	exe := filepath.Join(t.TempDir(), "jail")
	inChild := []string{
		"cloneFirst", "cloneProgram", "initProcess", "run", "arg", "beneath", "fail", "leave", "exit", "clearMemory", "clearSignals",
		"program", "wait", "serveTerminal", "crash", "cloneJoiner", "joiner", "leaveJoiner", "offer", "demand",
	}
	build := exec.Command("go", "build", "-o", exe, "../../cmd/jail")
	build.Env = append(os.Environ(), environ...)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command("go", "tool", "objdump", "-s", `jail/child\.(fork|forkJoiner|`+strings.Join(inChild, "|")+`)(\.abi0)?$`, exe).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	allowed := []string{"syscall.RawSyscall6"}
	for _, f := range inChild {
		allowed = append(allowed, pkg+f)
	}
	// The prologues of both forks run in the launcher.
	allowedInFork := append(slices.Clone(allowed), pkg+"fork", pkg+"forkJoiner", "runtime.morestack_noctxt",
		"syscall.runtime_BeforeFork", "syscall.runtime_AfterFork", pkg+"runtimeBeforeFork", pkg+"runtimeAfterFork")

	seen, syscalls := map[string]bool{}, false
	function := ""
	head, call := regexp.MustCompile(`^TEXT (\S+?)(?:\(SB\))? `), regexp.MustCompile(`\t(?:CALL ([^\s(]+)|JMP ([^\s(]+)\(SB\))`)
	for line := range strings.Lines(string(out)) {
		if m := head.FindStringSubmatch(line); m != nil {
			function = strings.TrimSuffix(m[1], ".abi0")
			seen[strings.TrimPrefix(function, pkg)] = true
			continue
		}
		m := call.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		list := allowed
		if function == pkg+"fork" || function == pkg+"forkJoiner" {
			list = allowedInFork
		}
		callee := strings.TrimSuffix(m[1]+m[2], ".abi0")
		syscalls = syscalls || function == pkg+"run" && callee == "syscall.RawSyscall6"
		if !slices.Contains(list, callee) {
			t.Errorf("%s calls %s:\n%s", function, callee, line)
		}
	}
	if !syscalls {
		t.Error("no call is found in run, which makes syscalls: the machine code is not understood")
	}
	for _, f := range append(inChild, "fork", "forkJoiner") {
		if !seen[f] {
			t.Errorf("no code found for %s: it was inlined or renamed, and is not checked", f)
		}
	}
}
