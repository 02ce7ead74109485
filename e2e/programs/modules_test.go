package programs

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jail-project/jail/internal/testenv"
)

// fromCaller are variables that say how the network is reached from here.
var fromCaller = [...]string{
	"http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "GOPROXY", "GOSUMDB", "GOTOOLCHAIN", "npm_config_registry",
}

func reachNetwork(w *testenv.World) {
	for _, name := range fromCaller {
		if v, ok := os.LookupEnv(name); ok {
			w.Env = append(w.Env, name+"="+v)
		}
	}
	w.Timeout = 3 * time.Minute
}

// npm ci installs packages from the registry. One of them, the project
// itself, tries what a bad package would.
func TestModulesNPM(t *testing.T) {
	testenv.Requires(t, testenv.Slow)
	t.Parallel()
	testenv.Need(t, "npm", "node")
	w := testenv.NewWorld(t)
	reachNetwork(w)
	if err := os.CopyFS(w.Project, os.DirFS("testdata/npm")); err != nil {
		t.Fatal(err)
	}
	stolen := filepath.Join(w.Project, "stolen")
	before := w.Snap(w.Project)
	w.Succeeds("npm", "ci", "--no-audit", "--no-fund")
	if text := w.Read(stolen); text != "" {
		t.Errorf("the package read %q", text)
	}
	before.Unchanged(t)
	// What was installed works, without the network it came from.
	if r := w.Succeeds("node", "index.js", "--version_=1.9.3"); r.Stdout != "true\n" {
		t.Errorf("the program with its packages printed %q", r.Output())
	}
	// The cache is kept in the profile's own home: a second run is served
	// from it.
	w.Succeeds("run", "--network", "none", "npm", "ci", "--no-audit", "--no-fund", "--offline")
	before.Unchanged(t)

	w.Succeeds("run", "--read", filepath.Join(w.Home, ".ssh"), "npm", "rebuild")
	if text := w.Read(stolen); !strings.Contains(text, w.Canary) {
		t.Errorf("with --read ~/.ssh the package read %q; the test is void", text)
	}
	if r := w.Host("npm", "rebuild"); r.Status != 0 || !strings.Contains(w.Read(filepath.Join(w.Home, ".bashrc")), "# changed") {
		t.Errorf("without jail the package did not change ~/.bashrc; the test is void\n%s", r.Output())
	}
}

// goModule is a released module with two others that it needs.
const goModule = "github.com/mattn/go-colorable@v0.1.14"

func TestModulesGo(t *testing.T) {
	testenv.Requires(t, testenv.Slow)
	t.Parallel()
	testenv.Need(t, "go")
	w := testenv.NewWorld(t)
	reachNetwork(w)
	out, err := w.Marked(exec.Command("go", "mod", "download", "-json", goModule)).Output()
	if err != nil {
		t.Fatalf("go mod download: %v\n%s", err, out)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(w.Project, os.DirFS(module.Dir)); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("chmod", "-R", "u+w", w.Project).CombinedOutput(); err != nil {
		t.Fatal(string(out))
	}
	before := w.Snap(w.Project)
	w.Succeeds("go", "build", "./...")
	before.Unchanged(t)
	// The module cache is kept in the profile's own home.
	w.Succeeds("run", "--network", "none", "go", "build", "./...")
	before.Unchanged(t)
	cache := filepath.Join(w.Home, ".local/state/jail/homes/go/go/pkg/mod/github.com/mattn")
	if entries, err := os.ReadDir(cache); err != nil || len(entries) == 0 {
		t.Errorf("no module in %s: %v", cache, err)
	}
	key := filepath.Join(w.Home, testenv.Canaries[0])
	w.Variants("grep -q canary '"+key+"'", []string{"--profile", "go"}, nil, []string{"--read", key})
}
