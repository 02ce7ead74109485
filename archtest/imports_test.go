// Package archtest holds the tests of the shape of the code: which package
// may import which, and what no package may contain. It has no code of its
// own.
package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/jail-project/jail"

// pkg is what go list tells about one package of the module.
type pkg struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	CgoFiles   []string
	Imports    []string
	Deps       []string
}

// name is the import path below the module.
func (p *pkg) name() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
}

// sources lists the files that are compiled into the package, tests not.
func (p *pkg) sources() []string {
	files := slices.Concat(p.GoFiles, p.CgoFiles)
	for i := range files {
		files[i] = filepath.Join(p.Dir, files[i])
	}
	return files
}

// rank is the place of a package in the pipeline: it may import packages of
// a lower rank only. A package that is missing here fails the test, so that
// whoever adds one decides where it stands.
func rank(name string) (int, bool) {
	switch name {
	case "diag":
		return 0, true
	case "store", "wire":
		return 0, true // know nothing of what they store and spell
	case "procstat":
		return 0, true // knows nothing of jails
	case "cgroup":
		return 0, true // knows nothing of jails
	case "systemd":
		return 1, true
	case "registry":
		return 1, true // knows jails by their processes, not by what they are made of
	case "standin":
		return 1, true // knows nothing of jails, and keeps records
	case "caps", "landlock", "seccomp", "policy/node", "trust":
		return 1, true
	case "policy/yaml":
		return 2, true // the parser, which cmd/jail hands to policy
	case "policy":
		return 2, true
	case "profiles":
		return 2, true // data: the embedded profiles
	case "seccomp/libseccomp", "seccomp/compiler":
		return 2, true
	case "unixsock":
		return 3, true // serves what a plan asks for
	case "launchcache":
		return 3, true // keeps what package policy loaded
	case "terminal":
		return 3, true // copies between two terminals
	case "jail":
		return 4, true
	case "memfile":
		return 0, true // knows nothing of the programs that it holds
	case "score/probe":
		return 0, true // answers questions and knows nothing of jails
	case "score":
		return 5, true // judges what package jail makes
	case "cmd/jail", "cmd/jail-filter":
		return 6, true
	}
	// Generators and tests are built on top of everything.
	if strings.Contains(name, "internal/mk") || name == "seccomp/internal/vm" || name == "archtest" || strings.HasPrefix(name, "internal/testenv") || strings.HasPrefix(name, "e2e/") {
		return 7, true
	}
	return 0, false
}

func TestImportsPointOneWay(t *testing.T) {
	packages := list(t)
	for _, name := range []string{"diag", "caps", "seccomp", "policy/node", "policy", "policy/yaml", "jail", "cmd/jail"} {
		if !slices.ContainsFunc(packages, func(p pkg) bool { return p.name() == name }) {
			t.Errorf("package %s is gone: the table of this test is out of date", name)
		}
	}
	for _, p := range packages {
		own, known := rank(p.name())
		if !known {
			t.Errorf("%s has no place in the pipeline: give it one in rank", p.name())
			continue
		}
		for _, path := range p.Imports {
			imported, ours := strings.CutPrefix(path, module+"/")
			if !ours || strings.HasPrefix(imported, p.name()+"/internal/") {
				continue
			}
			other, known := rank(imported)
			if known && other >= own {
				t.Errorf("%s imports %s, against the direction of the pipeline", p.name(), imported)
			}
		}
	}
}

// TestLeavesStayLight pins what the packages at the start of the pipeline are
// built from, to the end of the chain of imports: reading a profile takes
// nothing that talks to a kernel or a network.
func TestLeavesStayLight(t *testing.T) {
	forbidden := map[string][]string{
		"diag":     {"os", "os/exec", "net", "C", "runtime/cgo", "gopkg.in/yaml.v3"},
		"caps":     {"os/exec", "net", "C", "runtime/cgo", "gopkg.in/yaml.v3"},
		"registry": {"os/exec", "net", "net/http", "encoding/json", module + "/diag", module + "/policy", module + "/jail"},
		"policy":   {"os/exec", "net", "net/http", "net/netip", "gopkg.in/yaml.v3", module + "/policy/yaml"},
		"jail":     {"net/http", "gopkg.in/yaml.v3", module + "/policy/yaml", "github.com/alecthomas/kong"},
	}
	for _, p := range list(t) {
		for _, path := range forbidden[p.name()] {
			if slices.Contains(p.Deps, path) {
				t.Errorf("%s depends on %s", p.name(), path)
			}
		}
	}
}

// list returns the packages of the module.
func list(t *testing.T) []pkg {
	t.Helper()
	command := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,CgoFiles,Imports,Deps", module+"/...")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var packages []pkg
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}
