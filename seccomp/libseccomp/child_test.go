//go:build cgo

package libseccomp

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/seccomp"
)

// childVariable names the part that a second start of the test binary plays:
// what it does to itself cannot be undone.
const childVariable = "SECCOMP_TEST_CHILD"

func TestMain(m *testing.M) {
	part := os.Getenv(childVariable)
	if part == "" {
		os.Exit(m.Run())
	}
	os.Unsetenv(childVariable)
	parts := map[string]func() error{"calls": makeCalls, "exec": execFiltered}
	if err := parts[part](); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(125)
	}
}

// child prepares a start of the test binary in a part.
func child(t *testing.T, part string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), childVariable+"="+part)
	return cmd
}

// install puts a program into force for all threads of this process.
func install(p seccomp.Program) error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("set no_new_privs: %w", err)
	}
	prog := unix.SockFprog{Len: uint16(p.Len()), Filter: (*unix.SockFilter)(unsafe.Pointer(&p[0]))}
	_, _, errno := syscall.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC,
		uintptr(unsafe.Pointer(&prog)))
	runtime.KeepAlive(p)
	if errno != 0 {
		return fmt.Errorf("install the filter: %w", errno)
	}
	return nil
}

// childFilter is the filter of the parts calls and exec: @default, and what
// the environment adds.
func childFilter() seccomp.Filter {
	f := ordinary()
	for name := range strings.FieldsSeq(os.Getenv("SECCOMP_TEST_ALLOW")) {
		f.Allow = append(f.Allow, seccomp.Rule{Name: name})
	}
	if os.Getenv("SECCOMP_TEST_DEFAULT") == "log" {
		f.Default = seccomp.Log
	}
	return f
}

// probes are calls that a kernel under the filter must treat as told. The
// arguments are such that an allowed call does nothing: its error then is
// another than EPERM and ENOSYS.
var probes = []struct {
	name string
	args [3]uintptr
	want syscall.Errno
}{
	{"close", [3]uintptr{^uintptr(0)}, unix.EBADF},
	{"socket", [3]uintptr{unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP}, unix.EPROTONOSUPPORT},
	{"socket", [3]uintptr{unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_UDP}, unix.EAFNOSUPPORT},
	{"socket", [3]uintptr{unix.AF_UNIX, unix.SOCK_STREAM, 99}, unix.EPROTONOSUPPORT},
	{"socket", [3]uintptr{unix.AF_PACKET, unix.SOCK_RAW, 0}, unix.EAFNOSUPPORT},
	{"socket", [3]uintptr{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_NETFILTER}, unix.EAFNOSUPPORT},
	{"ioctl", [3]uintptr{^uintptr(0), unix.TIOCSTI}, unix.EPERM},
	{"ioctl", [3]uintptr{^uintptr(0), 1<<32 | unix.TIOCSTI}, unix.EPERM},
	{"ioctl", [3]uintptr{^uintptr(0), unix.TCGETS}, unix.EBADF},
	{"unshare", [3]uintptr{unix.CLONE_NEWUSER}, unix.EPERM},
	{"unshare", [3]uintptr{1 << 40}, unix.EINVAL},
	{"clone", [3]uintptr{unix.CLONE_NEWUSER | unix.CLONE_THREAD}, unix.EPERM},
	{"clone", [3]uintptr{unix.CLONE_THREAD}, unix.EINVAL},
	{"clone3", [3]uintptr{}, unix.ENOSYS},
	{"io_uring_setup", [3]uintptr{}, unix.EPERM},
	{"bpf", [3]uintptr{^uintptr(0)}, unix.EPERM},
	{"ptrace", [3]uintptr{^uintptr(0)}, unix.EPERM},
	{"keyctl", [3]uintptr{^uintptr(0)}, unix.EPERM},
	{"mount", [3]uintptr{}, unix.EPERM},
	{"open_tree", [3]uintptr{}, unix.EPERM},
	{"personality", [3]uintptr{0x40000}, unix.EPERM},
	{"personality", [3]uintptr{0xffffffff}, 0},
	{"userfaultfd", [3]uintptr{^uintptr(0)}, unix.EPERM},
	{"mseal", [3]uintptr{1}, unix.EINVAL}, // newer than libseccomp 2.5
	{"listns", [3]uintptr{}, unix.EPERM},  // newer still, and not granted
}

// makeCalls installs the filter and tries the probes.
func makeCalls() error {
	p, err := Compile(childFilter())
	if err != nil {
		return err
	}
	if err := install(p); err != nil {
		return err
	}
	for i := range probes {
		nr, ok := seccomp.SyscallNumber(probes[i].name)
		if !ok {
			continue
		}
		a := probes[i].args
		if _, _, errno := syscall.RawSyscall(uintptr(nr), a[0], a[1], a[2]); errno != probes[i].want {
			fmt.Fprintf(os.Stdout, "%s%#x: %v, want %v\n", probes[i].name, a, errno, probes[i].want)
		}
	}
	for nr := uintptr(480); nr <= 600; nr++ {
		if _, _, errno := syscall.RawSyscall(nr, 0, 0, 0); errno != unix.ENOSYS {
			fmt.Fprintf(os.Stdout, "number %d: %v, want ENOSYS\n", nr, errno)
		}
	}
	fmt.Fprintln(os.Stdout, "done")
	return nil
}

// execFiltered installs the filter and becomes another program.
func execFiltered() error {
	p, err := Compile(childFilter())
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	if err := install(p); err != nil {
		return err
	}
	return fmt.Errorf("exec %q: %w", os.Args[1], unix.Exec(os.Args[1], os.Args[1:], os.Environ()))
}

// TestKernel installs a compiled filter and asks the running kernel.
func TestKernel(t *testing.T) {
	out, err := child(t, "calls").CombinedOutput()
	if err != nil || string(out) != "done\n" {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestForeignABIKills makes a call by int 0x80 under a filter that accepts the
// native ABI only: the program must die and not get an answer.
func TestForeignABIKills(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Log("int 0x80 exists on x86-64 only")
		return
	}
	source := "int main(void){int r;__asm__ volatile(\"int $0x80\":\"=a\"(r):\"a\"(20):\"memory\");return r>0?42:43;}"
	binary := t.TempDir() + "/int80"
	build := exec.Command("gcc", "-x", "c", "-o", binary, "-")
	build.Stdin = strings.NewReader(source)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, tt := range []struct {
		name string
		run  *exec.Cmd
		want string
	}{
		{"without a filter", exec.Command(binary), "exit status 42"},
		{"under the filter", child(t, "exec", binary), "signal: bad system call"},
	} {
		out, err := tt.run.CombinedOutput()
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s\n%s", tt.name, err, tt.want, bytes.TrimSpace(out))
		}
	}
}
