package memfile

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// TestSealed tries to change a program after it was checked.
func TestSealed(t *testing.T) {
	file, err := Executable("program", []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt([]byte("x"), 0); !errors.Is(err, unix.EPERM) {
		t.Errorf("write: %v", err)
	}
	if err := file.Truncate(0); !errors.Is(err, unix.EPERM) {
		t.Errorf("truncate: %v", err)
	}
	if _, err := unix.FcntlInt(file.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_FUTURE_WRITE); !errors.Is(err, unix.EPERM) {
		t.Errorf("further seals: %v", err)
	}
}

// TestData: data is read from its beginning, and is no program.
func TestData(t *testing.T) {
	script := "#!/bin/sh\n"
	file, err := Data("data", []byte(script))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if text, err := io.ReadAll(file); err != nil || string(text) != script {
		t.Errorf("%q, %v", text, err)
	}
	command := exec.Command("/proc/self/fd/3")
	command.ExtraFiles = []*os.File{file}
	if err := command.Run(); !errors.Is(err, os.ErrPermission) {
		t.Errorf("it is executed: %v", err)
	}
}

func TestExecutable(t *testing.T) {
	text, err := os.ReadFile("/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	file, err := Executable("program", text)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	command := exec.Command("/proc/self/fd/3")
	command.ExtraFiles = []*os.File{file}
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
