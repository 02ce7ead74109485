// Package archtest holds the tests of the shape of the code: which package
// may import which, and what no package may contain. It has no code of its
// own.
package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
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
	case "network/dns":
		return 0, true // is told which names are allowed, and knows no rules
	case "allowlist":
		return 0, true // knows nothing of what its filters are for
	case "cgroup":
		return 0, true // knows nothing of jails
	case "network/flow":
		return 0, true // passes bytes on, and knows nothing of jails
	case "netlink", "wayland":
		return 0, true // writes messages, and knows nothing of jails
	case "network":
		return 1, true // what a filtered network and its relay agree on
	case "network/hello":
		return 0, true // reads bytes, and knows nothing of jails
	case "network/front":
		return 1, true // reads requests, and makes hosts in its answers printable
	case "x11/wire", "x11/rules", "x11/xauth":
		return 0, true // a vocabulary, a table and a reader of bytes
	case "x11/filter":
		return 1, true // is told which server there is, and knows nothing of jails
	case "systemd":
		return 1, true
	case "registry":
		return 1, true // knows jails by their processes, not by what they are made of
	case "watch", "changes":
		return 1, true // knows nothing of jails, and keeps lists in the state directory
	case "caps", "landlock", "seccomp", "policy/node", "trust":
		return 1, true
	case "policy/paths":
		return 1, true
	case "policy/kind":
		return 2, true
	case "policy/yaml":
		return 2, true // the parser, which cmd/jail hands to policy
	case "policy":
		return 3, true
	case "network/nat":
		return 3, true // knows an entry of a profile, and nothing of profiles
	case "network/rules":
		return 3, true // knows an entry of a profile, and nothing of profiles
	case "display":
		return 4, true // reads what a profile says of displays, and is told about the host
	case "display/security":
		return 5, true // talks to an X server, and knows nothing of jails
	case "policy/codec", "policy/reference":
		return 4, true
	case "profiles":
		return 2, true // data: the embedded profiles
	case "seccomp/libseccomp":
		return 2, true
	case "unixsock":
		return 3, true // serves what a plan asks for
	case "launchcache":
		return 5, true // keeps what package policy loaded
	case "terminal":
		return 3, true // copies between two terminals
	case "jail/plan":
		return 1, true // see TestLaunchKnowsNoPolicy
	case "jail/opcodec":
		return 2, true // spells what a plan is made of
	case "jail/child", "jail/confine":
		return 2, true
	case "jail/launch":
		return 4, true
	case "jail/host":
		return 4, true // what a compilation knows of the machine
	case "jail/fstree":
		return 5, true
	case "jail/groups":
		return 6, true // judges what a view grants
	case "jail/jailtest":
		return 5, true // for tests alone
	case "jail/compile":
		return 7, true
	case "memfile":
		return 0, true // knows nothing of the programs that it holds
	case "score/probe":
		return 0, true // answers questions and knows nothing of jails
	case "score":
		return 8, true // judges what package compile makes
	case "cmd/internal/build":
		return 0, true // what the two programs agree on
	case "cmd/internal/launcher":
		return 9, true // the part of a launch that both programs have
	case "cmd/jail/internal/buildinfo":
		return 0, true
	case "cmd/jail/internal/output":
		return 4, true // what all that print have in common
	case "cmd/jail/internal/planprint", "cmd/jail/internal/policyprint", "cmd/jail/internal/running":
		return 5, true
	case "cmd/jail/internal/search":
		return 6, true // looks on the host, and has the parser of profiles and the compiler of filters
	case "cmd/jail/internal/flags":
		return 6, true // asks the host which names are files
	case "cmd/jail/internal/check", "cmd/jail/internal/explain":
		return 8, true // ask what a compilation makes of a policy
	case "cmd/jail/internal/entrance":
		return 8, true // makes a plan for a jail of the registry
	case "cmd/jail/internal/doctor":
		return 8, true // starts jails to try them
	case "cmd/jail/internal/completion":
		return 4, true // knows the words that flags take; their grammar is handed to it
	case "cmd/jail/internal/measurement", "cmd/jail/internal/scorecard":
		return 9, true
	case "service":
		return 8, true // launches a plan of its own, which launch knows nothing of
	case "network/relay", "network/publish", "display/filtered":
		return 9, true // a service
	case "cmd/jail", "cmd/jail-launcher":
		return 10, true
	}
	// Generators and tests are built on top of everything.
	if strings.Contains(name, "internal/mk") || name == "seccomp/internal/vm" || name == "archtest" || strings.HasPrefix(name, "internal/testenv") || strings.HasPrefix(name, "e2e/") {
		return 11, true
	}
	return 0, false
}

func TestImportsPointOneWay(t *testing.T) {
	packages := list(t)
	for _, name := range []string{"diag", "caps", "seccomp", "policy/node", "policy/paths", "policy/kind", "policy", "policy/yaml", "jail/plan", "jail/compile", "jail/launch", "cmd/jail"} {
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
		"diag":         {"os", "os/exec", "net", "C", "runtime/cgo", "gopkg.in/yaml.v3"},
		"caps":         {"os/exec", "net", "C", "runtime/cgo", "gopkg.in/yaml.v3"},
		"registry":     {"os/exec", "net", "net/http", "encoding/json", module + "/diag", module + "/policy", module + "/jail/plan"},
		"policy":       {"os/exec", "net", "net/http", "net/netip", "gopkg.in/yaml.v3", module + "/policy/yaml"},
		"jail/compile": {"net/http", "gopkg.in/yaml.v3", module + "/policy/yaml", "github.com/alecthomas/kong", module + "/jail/launch", module + "/jail/child"},
		"jail/launch":  {"net/http", "os/exec", "gopkg.in/yaml.v3"},
		// They are given bytes, so they need nothing that connects.
		"network/hello": {"os", "net", "crypto/tls"},
		"network/front": {"net", "net/http", "net/textproto"},
		"x11/wire":      {"net"},
		"x11/rules":     {"os", "net"},
		"x11/xauth":     {"os", "net"},
		"cmd/jail-launcher": {
			"net", "os/exec", "encoding/json", "regexp", "text/template", "C", "gopkg.in/yaml.v3", "github.com/alecthomas/kong", "github.com/godbus/dbus/v5",
			"github.com/seccomp/libseccomp-golang", module + "/policy/yaml", module + "/profiles", module + "/systemd",
		},
	}
	for _, p := range list(t) {
		for _, path := range forbidden[p.name()] {
			if slices.Contains(p.Deps, path) {
				t.Errorf("%s depends on %s", p.name(), path)
			}
		}
	}
}

// arrows are all imports within the module that the packages below jail have. What
// runs between fork and exec, the plan and the launcher know neither policies nor how
// they are compiled: an auditor reads them without.
func arrows() map[string][]string {
	return map[string][]string{
		"x11/filter":   {"x11/rules", "x11/wire"},
		"jail/plan":    {"diag"},
		"jail/child":   {"jail/plan", "procstat"},
		"jail/confine": {"allowlist", "landlock"},
		"jail/launch":  {"diag", "jail/child", "jail/confine", "jail/plan", "terminal", "unixsock", "watch"},
		"service":      {"allowlist", "jail/compile", "jail/confine", "jail/host", "jail/launch", "jail/plan", "memfile", "policy", "policy/paths", "seccomp"},
		"jail/host":    {"landlock", "policy/paths", "terminal", "wayland"},
		"jail/fstree":  {"diag", "display", "jail/host", "network", "policy", "policy/paths", "watch"},
		"jail/groups":  {"diag", "jail/fstree", "jail/host"},
		"jail/compile": {"caps", "cgroup", "diag", "display", "jail/fstree", "jail/groups", "jail/host", "jail/opcodec", "jail/plan", "landlock", "netlink", "network", "network/nat", "policy", "policy/kind", "policy/paths", "seccomp", "terminal", "unixsock", "wire"},
	}
}

func TestArrows(t *testing.T) {
	packages := list(t)
	for name, want := range arrows() {
		i := slices.IndexFunc(packages, func(p pkg) bool { return p.name() == name })
		if i < 0 {
			t.Errorf("package %s is gone: the table of this test is out of date", name)
			continue
		}
		var got []string
		for _, path := range packages[i].Imports {
			if imported, ours := strings.CutPrefix(path, module+"/"); ours {
				got = append(got, imported)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s imports %v, not %v: if that is meant, change the arrows here and in docs/architecture.md", name, got, want)
		}
	}
}

// TestArrowsAreDocumented compares the table of the architecture page with the arrows.
func TestArrowsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, imports := range arrows() {
		row := "\n| `" + name + "` | `" + strings.Join(imports, "`, `") + "` |\n"
		if !bytes.Contains(page, []byte(row)) {
			t.Errorf("docs/architecture.md has not this row in its table of arrows:%s", row)
		}
	}
}

// TestLaunchKnowsNoPolicy looks at the whole chain of imports.
func TestLaunchKnowsNoPolicy(t *testing.T) {
	for _, p := range list(t) {
		if !slices.Contains([]string{"jail/plan", "jail/child", "jail/confine", "jail/launch"}, p.name()) {
			continue
		}
		for _, never := range []string{"policy", "policy/kind", "policy/paths", "seccomp", "jail/host", "jail/fstree", "jail/compile"} {
			if slices.Contains(p.Deps, module+"/"+never) {
				t.Errorf("%s depends on %s", p.name(), never)
			}
		}
	}
}

// maxLines is how large a package may be, without its tests and what generators
// write.
const maxLines = 4000

func TestPackagesAreSmall(t *testing.T) {
	for _, p := range list(t) {
		lines := 0
		for _, file := range p.sources() {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(text, []byte("// Code generated ")) {
				lines += bytes.Count(text, []byte("\n"))
			}
		}
		if lines > maxLines {
			t.Errorf("%s has %d lines, more than %d: split it", p.name(), lines, maxLines)
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
