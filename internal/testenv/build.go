package testenv

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The programs under test.
var (
	// JailBin is the jail program, run where it lies: JAIL_BIN names it, or it is
	// bin/jail of the checkout, newly built.
	JailBin string
	// ProbeBin looks and tries from inside; see testdata/probe.
	ProbeBin string
	// Probe32 is the same as a 32-bit program, "" where that can't be built.
	Probe32 string
	// BinDir holds the probes. Every user may read it.
	BinDir string
)

// build makes what JAIL_BIN does not name, once for all packages that one go
// command tests: they share a directory, which is named after that command. What
// an earlier command left is removed. Tests that execute themselves again say by
// JAIL_TEST_BIN which directory that is.
func build() error {
	lock, err := os.OpenFile(filepath.Join(WorkDir(), "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return err
	}
	if BinDir = os.Getenv("JAIL_TEST_BIN"); BinDir == "" {
		BinDir = filepath.Join(WorkDir(), fmt.Sprintf("bin.%d-%s", os.Getppid(), startOf(os.Getppid())))
	}
	ProbeBin, Probe32 = filepath.Join(BinDir, "probe"), filepath.Join(BinDir, "probe32")
	JailBin = os.Getenv("JAIL_BIN")
	own := JailBin == ""
	if own {
		JailBin = filepath.Join(Checkout(), "bin/jail")
	}
	if JailBin, err = filepath.Abs(JailBin); err != nil {
		return err
	}
	done := filepath.Join(BinDir, "built")
	for _, file := range JailFiles() {
		_, _ = os.Stat(file) // so that go test knows that its results depend on it
	}
	if Exists(done) {
		if !Exists(Probe32) {
			Probe32 = ""
		}
		return nil
	}
	tidy()
	if err := os.MkdirAll(BinDir, 0o755); err != nil {
		return err
	}
	if own {
		if out, err := exec.Command("make", "-C", Checkout(), "build").CombinedOutput(); err != nil {
			return fmt.Errorf("make build: %w\n%s", err, out)
		}
	}
	if err := BuildProbe(ProbeBin); err != nil {
		return err
	}
	if err := BuildProbe(Probe32, "-m32"); err != nil {
		if os.Getenv("JAIL_TEST_REQUIRE") != "" {
			return err
		}
		Probe32 = ""
	}
	return os.WriteFile(done, nil, 0o644)
}

// BuildProbe makes the probe, with further arguments of the compiler.
func BuildProbe(name string, further ...string) error {
	sources, err := filepath.Glob(filepath.Join(Checkout(), "internal/testenv/testdata/probe/*.c"))
	if err != nil {
		return err
	}
	args := slices.Concat([]string{"-std=gnu11", "-O1", "-static", "-pthread", "-Wall", "-Wextra", "-Werror", "-o", name}, further, sources)
	if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("build the probe: %w\n%s", err, out)
	}
	return nil
}

// tidy removes the directories of commands that have ended.
func tidy() {
	dirs, _ := filepath.Glob(filepath.Join(WorkDir(), "bin.*"))
	for _, dir := range dirs {
		pid, start, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), "bin."), "-")
		if n, err := strconv.Atoi(pid); err != nil || startOf(n) != start {
			_ = os.RemoveAll(dir)
		}
	}
}

// startOf is when a process began, in the kernel's count; "" when there is none.
func startOf(pid int) string {
	fields := statOf(pid)
	if len(fields) < 20 {
		return ""
	}
	return fields[19]
}

// whole is where an installed tree has the rest of the program, seen from the
// directory of the command.
const whole = "../libexec/jail"

// JailFiles are the files of the program under test: the command, and in an
// installed tree what that executes. A jail in which jail is to run shows them.
func JailFiles() []string {
	files := []string{JailBin}
	rest, _ := filepath.Glob(filepath.Join(filepath.Dir(JailBin), whole, "*"))
	return append(files, rest...)
}

// WholeJail is the program that does all the work: the command, or what that
// executes in an installed tree.
func WholeJail() string {
	if file := filepath.Join(filepath.Dir(JailBin), whole, "jail"); Exists(file) {
		return file
	}
	return JailBin
}

// Static reports whether the system starts a program without a dynamic loader.
func Static(t *testing.T, file string) bool {
	t.Helper()
	program, err := elf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = program.Close() }()
	return !slices.ContainsFunc(program.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
}

// ReadJail are the flags that show the program under test in a jail.
func ReadJail() []string {
	var flags []string
	for _, file := range JailFiles() {
		flags = append(flags, "--read", file)
	}
	return flags
}

// IsJail tells whether a path is one of the program under test.
func IsJail(path string) bool { return slices.Contains(JailFiles(), path) }

// InstallJail copies the program under test with all its files below a directory
// and returns the path of the command there.
func (w *World) InstallJail(dir string) string {
	w.T.Helper()
	return w.InstallBuild(dir, "")
}

// InstallBuild is InstallJail of a build that differs: some bytes more are at the
// end of its files. They take the places of old ones at once, as in an update.
func (w *World) InstallBuild(dir, further string) string {
	w.T.Helper()
	for _, file := range JailFiles() {
		at := filepath.Join(dir, "bin", "jail")
		if file != JailBin {
			at = filepath.Join(dir, "bin", whole, filepath.Base(file))
		}
		w.Mkdir(filepath.Dir(at))
		content := append(ReadFile(w.T, file), further...)
		// A process that another test forks meanwhile would hold the file open for writing
		// until it executes, and nobody could execute the file (execve(2), ETXTBSY).
		syscall.ForkLock.RLock()
		err := os.WriteFile(at+".new", content, 0o755)
		syscall.ForkLock.RUnlock()
		Must(w.T, err)
		Must(w.T, os.Rename(at+".new", at))
	}
	return filepath.Join(dir, "bin", "jail")
}
