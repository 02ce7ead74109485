package netmodes

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// holder starts a process in a network namespace of its own, in which something listens
// at 10.77.0.1:80, on the loopback and at an abstract name, and returns its process id.
func holder(t *testing.T, w *testenv.World, unshare ...string) string {
	t.Helper()
	testenv.Need(t, "unshare", "ip", "python3")
	ready := filepath.Join(w.Home, "ready")
	script := fmt.Sprintf(`
import os, socket, subprocess, threading
def serve(l):
    while True:
        l.accept()[0].sendall(b"inside")
subprocess.run("ip link set lo up && ip address add 10.77.0.1/32 dev lo", shell=True, check=False)
for family, address in (socket.AF_INET, ("", 8080)), (socket.AF_UNIX, "\0jail-test-abstract"):
    l = socket.socket(family); l.bind(address); l.listen(8)
    threading.Thread(target=serve, args=(l,)).start()
open(%q, "w").write(str(os.getpid()))
`, ready)
	cmd := w.Command(append(append([]string{"unshare"}, unshare...), "python3", "-c", script)...)
	testenv.Must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if !testenv.Eventually(func() bool { b, err := os.ReadFile(ready); return err == nil && len(b) > 0 }) {
		t.Fatal("nothing is ready in the namespace")
	}
	pid := w.Read(ready)
	testenv.Must(t, os.Remove(ready))
	return pid
}

// inNetwork prints which network namespace it is in, and what answers at 10.77.0.1.
const inNetwork = `import os, socket
print(os.readlink("/proc/self/ns/net"))
def ask(family, address):
    try:
        with socket.socket(family) as s:
            s.settimeout(2)
            s.connect(address)
            return s.recv(9).decode()
    except OSError as e:
        return "nothing"
print(ask(socket.AF_INET, ("10.77.0.1", 8080)), ask(socket.AF_INET, ("127.0.0.1", 8080)), ask(socket.AF_UNIX, "\0jail-test-abstract"))
`

// TestNamespace: a jail joins the network namespace that it is told, and no other. Abstract
// names in there stay out of reach but for those that are listed.
func TestNamespace(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	own := []string{"--user", "--map-root-user", "--net"}
	same := []string{"--user", "--map-current-user", "--keep-caps", "--net"}
	if os.Getuid() == 0 {
		own, same = []string{"--net"}, []string{"--net"}
	}
	for i, how := range [][]string{own, same} {
		pid := holder(t, w, how...)
		link, err := os.Readlink("/proc/" + pid + "/ns/net")
		testenv.Must(t, err)
		address := "inside inside"
		if r := w.Host("nsenter", "--target", pid, "--user", "--net", "--preserve-credentials", "python3", "-c", inNetwork); os.Getuid() != 0 &&
			(!strings.Contains(r.Stdout, link) || !strings.Contains(r.Stdout, "inside inside inside")) {
			t.Fatalf("without a jail: %s", r.Output())
		}
		flags := []string{"run", "--profile", "default", "--network", "namespace:/proc/" + pid + "/ns/net"}
		r := w.Jail(append(flags, "python3", "-c", inNetwork)...)
		if !strings.Contains(r.Stdout, link) || !strings.Contains(r.Stdout, address+" nothing") {
			t.Errorf("%d: in the jail: %s", i, r.Output())
		}
		r = w.Jail(append(flags, "--set", "sockets=@jail-test-abstract", "python3", "-c", inNetwork)...)
		if !strings.Contains(r.Stdout, address+" inside") {
			t.Errorf("%d: with the abstract name listed: %s", i, r.Output())
		}
		if r = w.Jail(append(flags, "sh", "-c", "cat /proc/self/uid_map; ip link set lo down && echo changed")...); strings.Contains(r.Output(), "changed") {
			t.Errorf("%d: the jail changes a network of others: %s", i, r.Output())
		}
		if r = w.Jail(append(flags, "sh", "-c", "exit 7")...); r.Status != 7 {
			t.Errorf("%d: exit status %d, want 7: %s", i, r.Status, r.Output())
		}
	}
	r := w.Jail("run", "--profile", "default", "python3", "-c", inNetwork)
	if !strings.Contains(r.Stdout, "nothing nothing nothing") {
		t.Errorf("a jail without that network: %s", r.Output())
	}
}

// TestNamespaceByName: names are looked for among the user's, then among root's.
func TestNamespaceByName(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	pid := holder(t, w, "--user", "--map-root-user", "--net")
	link, err := os.Readlink("/proc/" + pid + "/ns/net")
	testenv.Must(t, err)
	runtime := w.Expand("~/runtime")
	testenv.Must(t, os.MkdirAll(runtime+"/netns", 0o700))
	testenv.Must(t, os.Symlink("/proc/"+pid+"/ns/net", runtime+"/netns/lab"))
	w.Env = append(w.Env, "XDG_RUNTIME_DIR="+runtime)
	profile := w.Profile("extends: [default]\nnetwork: {mode: namespace, namespace: lab}\n")
	if r := w.Succeeds("run", "--profile", profile, "python3", "-c", inNetwork); !strings.Contains(r.Stdout, link) {
		t.Errorf("by name: %s", r.Output())
	}
	if r := w.Succeeds("run", "--profile", profile, "python3", "-c", inNetwork); !strings.Contains(r.Stdout, link) {
		t.Errorf("from the cache: %s", r.Output())
	}
}

// TestNamespaceRefused: what can't be joined is an error at its place, and the program
// does not run in another network.
func TestNamespaceRefused(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	unmapped := exec.Command("unshare", "--user", "--net", "sleep", "600")
	testenv.Must(t, unmapped.Start())
	t.Cleanup(func() { _ = unmapped.Process.Kill(); _ = unmapped.Wait() })
	file := fmt.Sprintf("/proc/%d/ns/", unmapped.Process.Pid)
	testenv.Eventually(func() bool {
		its, _ := os.Readlink(file + "net")
		ours, _ := os.Readlink("/proc/self/ns/net")
		return its != "" && its != ours
	})
	for name, want := range map[string]string{
		"/proc/self/ns/net": "is the network of the host", "/proc/self/ns/user": "is no network namespace", "/etc/passwd": "is no network namespace",
		"/nonesuch": "can't be opened", "nonesuch": "there is no network namespace", file + "net": "you are nobody", "a/b": "network namespace",
	} {
		r := w.Jail("run", "--profile", "default", "--network", "namespace:"+name, "sh", "-c", "echo ran")
		if r.Status != 125 || strings.Contains(r.Stdout, "ran") || !strings.Contains(r.Stderr, want) {
			t.Errorf("%s: exit status %d\n%s", name, r.Status, r.Output())
		}
	}
	for text, want := range map[string]string{
		"network: namespace": "takes the namespace",
		"network: {mode: namespace, namespace: x, allow: [a.b]}": "only its owner can filter",
		"network: {mode: host, deny: [10.0.0.0/8]}":              "mode: nat",
		"network: {mode: host, allow: [10.0.0.0/8]}":             "mode: nat",
		"network: {mode: nat, allow: [example.org]}":             "is a name",
		"network: {mode: nat, deny: [\"*.example.org\"]}":        "is a name",
		"network: {mode: nat, allow: [\"10.0.0.1:ssh\"]}":        "write the number",
		"network: {mode: nat, allow: [\"@host:5432\"]}":          "the host's loopback",
		"network: {mode: nat, allow: [\"64:ff9b::/96\"]}":        "within one of IPv6",
		"network: {mode: nat, allow: [\"2002:808:808::/48\"]}":   "within one of IPv6",
	} {
		profile := w.Profile("extends: [default]\n" + text + "\n")
		if r := w.Jail("check", profile); r.Status == 0 || !strings.Contains(r.Output(), want) || !strings.Contains(r.Output(), "test.yaml:2") {
			t.Errorf("%s: exit status %d\n%s", text, r.Status, r.Output())
		}
	}
}
