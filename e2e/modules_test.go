package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fromCaller are variables that say how the network is reached from here.
var fromCaller = [...]string{
	"http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "GOPROXY", "GOSUMDB", "GOTOOLCHAIN", "npm_config_registry",
}

func (w *world) reachNetwork() {
	for _, name := range fromCaller {
		if v, ok := os.LookupEnv(name); ok {
			w.env = append(w.env, name+"="+v)
		}
	}
	w.timeout = 3 * time.Minute
}

// npm ci installs packages from the registry. One of them, the project
// itself, tries what a bad package would.
func TestModulesNPM(t *testing.T) {
	need(t, "npm", "node")
	w := newWorld(t)
	w.reachNetwork()
	if err := os.CopyFS(w.project, os.DirFS("testdata/npm")); err != nil {
		t.Fatal(err)
	}
	stolen := filepath.Join(w.project, "stolen")
	before := w.snap(w.project)
	w.succeeds("npm", "ci", "--no-audit", "--no-fund")
	if text := w.read(stolen); text != "" {
		t.Errorf("the package read %q", text)
	}
	before.unchanged(t)
	// What was installed works, without the network it came from.
	if r := w.succeeds("node", "index.js", "--version_=1.9.3"); r.stdout != "true\n" {
		t.Errorf("the program with its packages printed %q", r.output())
	}
	// The cache is kept in the profile's own home: a second run is served
	// from it.
	w.succeeds("run", "--network", "none", "npm", "ci", "--no-audit", "--no-fund", "--offline")
	before.unchanged(t)

	w.succeeds("run", "--read", filepath.Join(w.home, ".ssh"), "npm", "rebuild")
	if text := w.read(stolen); !strings.Contains(text, w.canary) {
		t.Errorf("with --read ~/.ssh the package read %q; the test is void", text)
	}
	if r := w.host("npm", "rebuild"); r.status != 0 || !strings.Contains(w.read(filepath.Join(w.home, ".bashrc")), "# changed") {
		t.Errorf("without jail the package did not change ~/.bashrc; the test is void\n%s", r.output())
	}
}

// goModule is a released module with two others that it needs.
const goModule = "github.com/mattn/go-colorable@v0.1.14"

func TestModulesGo(t *testing.T) {
	need(t, "go")
	w := newWorld(t)
	w.reachNetwork()
	out, err := exec.Command("go", "mod", "download", "-json", goModule).Output()
	if err != nil {
		t.Fatalf("go mod download: %v\n%s", err, out)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(w.project, os.DirFS(module.Dir)); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("chmod", "-R", "u+w", w.project).CombinedOutput(); err != nil {
		t.Fatal(string(out))
	}
	before := w.snap(w.project)
	w.succeeds("go", "build", "./...")
	before.unchanged(t)
	// The module cache is kept in the profile's own home.
	w.succeeds("run", "--network", "none", "go", "build", "./...")
	before.unchanged(t)
	cache := filepath.Join(w.home, ".local/state/jail/homes/go/go/pkg/mod/github.com/mattn")
	if entries, err := os.ReadDir(cache); err != nil || len(entries) == 0 {
		t.Errorf("no module in %s: %v", cache, err)
	}
	key := filepath.Join(w.home, canaries[0])
	w.arms("grep -q canary '"+key+"'", []string{"--profile", "go"}, nil, []string{"--read", key})
}
