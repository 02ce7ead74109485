package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// aMark is what stands in the programs of these tests.
const aMark = 0x0123456789abcdef

// build links a program that prints its name, for an address.
func build(t *testing.T, name, address string) string {
	t.Helper()
	dir := t.TempDir()
	source := "package main\n\nimport \"os\"\n\nvar mark = uint64(0x0123456789abcdef)\n\n" +
		"func main() {\n\tif mark != 0 {\n\t\tos.Stdout.WriteString(\"" + name + "\\n\")\n\t}\n\tmark++\n}\n"
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	exe := filepath.Join(dir, name)
	command := exec.Command("go", "build", "-ldflags", "-s -w -T "+address, "-o", exe, filepath.Join(dir, "main.go"))
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GO111MODULE=off")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return exe
}

// TestJoin runs the file in both ways: as it is, and from where the mark says.
func TestJoin(t *testing.T) {
	first, second := build(t, "first", "0x20001000"), build(t, "second", "0x401000")
	for _, order := range [][2]string{{first, second}, {second, first}} {
		both := filepath.Join(t.TempDir(), "both")
		if err := join(aMark, order[0], order[1], both); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(both).CombinedOutput()
		if want := filepath.Base(order[0]) + "\n"; err != nil || string(out) != want {
			t.Errorf("%v, %q; want %q", err, out, want)
		}
		other, err := open(order[1])
		if err != nil {
			t.Fatal(err)
		}
		joined, err := open(both)
		if err != nil {
			t.Fatal(err)
		}
		if err := joined.replace(other.file.Entry, 1); err != nil {
			t.Errorf("the other's entry point does not stand where the mark was: %v", err)
		}
	}
}

func TestJoinRefuses(t *testing.T) {
	first, second := build(t, "first", "0x20001000"), build(t, "second", "0x401000")
	out := filepath.Join(t.TempDir(), "out")
	for _, tt := range []struct {
		mark          uint64
		first, second string
		want          string
	}{
		{aMark, first, first, "overlap"},
		{1, first, second, "does not have the mark once"},
		{aMark, first, "/bin/sh", "not a static executable"},
		{aMark, "/dev/null", second, "EOF"},
		{aMark, first, filepath.Join(filepath.Dir(out), "missing"), "no such file"},
	} {
		err := join(tt.mark, tt.first, tt.second, out)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s and %s: %v, want %q", tt.first, tt.second, err, tt.want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Fatalf("there is a file all the same")
		}
	}
}
