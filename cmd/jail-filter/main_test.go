package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jail-project/jail/seccomp"
	"github.com/jail-project/jail/seccomp/libseccomp"
)

// childVariable makes a second start of the test binary the command itself.
const childVariable = "JAIL_FILTER_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// command prepares a start of the command.
func command(t *testing.T, in []byte, args ...string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(self, args...)
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	cmd.Env = append(os.Environ(), childVariable+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), stdout, stderr
	return cmd, stdout, stderr
}

func TestAnswer(t *testing.T) {
	f := seccomp.Filter{Default: seccomp.Errno, Allow: []seccomp.Rule{{Name: "@default"}}, Arches: []string{"native"}}
	cmd, stdout, stderr := command(t, seccomp.EncodeFilter(f))
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	got, err := seccomp.DecodeProgram(f, stdout.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	want, err := libseccomp.Compile(f)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("another program than that of the filter (%v)", err)
	}
}

func TestRefusals(t *testing.T) {
	good := seccomp.EncodeFilter(seccomp.Filter{Arches: []string{"native"}})
	meaningless := seccomp.EncodeFilter(seccomp.Filter{Allow: []seccomp.Rule{{Name: "raed"}}, Arches: []string{"native"}})
	tests := []struct {
		name string
		in   []byte
		args []string
		want string
	}{
		{"an argument", good, []string{"--help"}, "takes no arguments"},
		{"nothing", nil, nil, "no encoded filter"},
		{"not whole", good[:len(good)-1], nil, "cut off"},
		{"no end", make([]byte, 3*seccomp.MaxFilter), nil, "more than"},
		{"a name that is none", meaningless, nil, `"raed"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cmd, stdout, stderr := command(t, tt.in, tt.args...)
			// What is not read any more gives an error of its own.
			_ = cmd.Run()
			if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(stderr.String(), tt.want) {
				t.Errorf("exit status %d, %q; want 1 and %q", code, stderr, tt.want)
			}
			if stdout.Len() != 0 {
				t.Errorf("%d bytes were written", stdout.Len())
			}
		})
	}
}

// TestTerminals puts a terminal in the place of either stream.
func TestTerminals(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	in := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(in, seccomp.EncodeFilter(seccomp.Filter{Arches: []string{"native"}}), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(in, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, streams := range [][2]*os.File{{terminal, file}, {file, terminal}} {
		if err := run(nil, streams[0], streams[1]); err == nil || !strings.Contains(err.Error(), "not for terminals") {
			t.Errorf("%s to %s: %v", streams[0].Name(), streams[1].Name(), err)
		}
	}
}
