package commands

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// declared is a merged profile as jail show --json prints it.
type declared struct {
	Entries []struct {
		Key   string
		Value json.RawMessage
	}
}

// declaredPath is an entry of a list of paths.
type declaredPath struct {
	Path string
	Size int64  // in bytes
	Mode uint32 // of a tmpfs
}

func show(w *testenv.World, args ...string) *declared {
	w.T.Helper()
	var d declared
	r := w.Succeeds(append([]string{"show", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(r.Stdout), &d); err != nil {
		w.T.Fatal(err)
	}
	return &d
}

// texts returns the values of a key, which are texts or numbers.
func (d *declared) texts(key string) []string {
	var out []string
	for _, e := range d.Entries {
		if e.Key == key {
			out = append(out, strings.Trim(string(e.Value), `"`))
		}
	}
	return out
}

// text returns the value of a key, or what holds when it is not given.
func (d *declared) text(key, otherwise string) string {
	if values := d.texts(key); len(values) == 1 {
		return values[0]
	}
	return otherwise
}

func (d *declared) paths(t *testing.T, key string) []declaredPath {
	t.Helper()
	var out []declaredPath
	for _, e := range d.Entries {
		if e.Key != key {
			continue
		}
		var p declaredPath
		if err := json.Unmarshal(e.Value, &p); err != nil {
			t.Fatalf("%s: %s: %v", key, e.Value, err)
		}
		out = append(out, p)
	}
	return out
}

// What show declares is what a probe inside sees: for every profile of the
// pack, and for one that has something of everything.
func TestDeclaredIsWhatIsSeen(t *testing.T) {
	t.Parallel()
	for _, name := range append(testenv.Shipped(t), "everything") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := testenv.NewWorld(t)
			profile := name
			if name == "everything" {
				w.Mkdir(filepath.Join(w.Project, "hidden"))
				w.Write(filepath.Join(w.Project, "overlaid/file"), "x")
				profile = w.Profile(strings.Replace(testenv.EverythingProfile, "home: private", "home: empty", 1) + "environment: {set: {A: b}}\n")
			}
			w.Env = append(w.Env, "CC=cc", "LC_ALL=C.UTF-8", "GITHUB_TOKEN="+w.Canary, "LD_PRELOAD=", "NODE_ENV=test", "PIP_INDEX_URL=x", "https_proxy=x")
			c := &comparison{t: t, w: w, d: show(w, profile), f: w.Probe("--profile", profile)}
			c.environment()
			c.mounts()
			c.status()
			c.rest()
			inside := w.Succeeds("run", "--profile", profile, "cat", "/proc/sys/user/max_user_namespaces")
			if nested := strings.TrimSpace(inside.Stdout) != "0"; nested != (c.d.text("namespaces.user", "false") == "true") {
				t.Errorf("user namespaces in the jail: %s", inside.Stdout)
			}
		})
	}
}

type comparison struct {
	t *testing.T
	w *testenv.World
	d *declared
	f *testenv.Facts
}

func (c *comparison) environment() {
	keep := c.d.texts("environment.keep")
	var want []string
	for _, e := range c.w.Env {
		name, _, _ := strings.Cut(e, "=")
		if slices.ContainsFunc(keep, func(k string) bool {
			prefix, star := strings.CutSuffix(k, "*")
			return k == name || star && strings.HasPrefix(name, prefix)
		}) {
			want = append(want, e)
		}
	}
	for _, e := range c.d.Entries {
		var set struct{ Name, Value string }
		if e.Key == "environment.set" && json.Unmarshal(e.Value, &set) == nil {
			want = append(want, set.Name+"="+set.Value)
		}
	}
	got := slices.Sorted(slices.Values(c.f.Env))
	slices.Sort(want)
	if !slices.Equal(got, want) {
		c.t.Errorf("the environment is %q, declared is %q", got, want)
	}
}

// real gives the host path of a declared one, without links; "" when it does
// not exist.
func (c *comparison) real(path string) string {
	if real, err := filepath.EvalSymlinks(c.w.Expand(path)); err == nil {
		return real
	}
	return ""
}

// own are the mounts that every jail has.
func own(point string) bool {
	return point == "/" || point == "/dev" || point == "/proc" || strings.HasPrefix(point, "/dev/") || strings.HasPrefix(point, "/proc/")
}

func (c *comparison) mounts() {
	mounts := c.f.MountPoints()
	explained := map[string]bool{testenv.BinDir: true}
	for _, access := range []string{"read", "write", "overlay", "hide"} {
		for _, p := range c.d.paths(c.t, "filesystem."+access) {
			real := c.real(p.Path)
			if real == "" || strings.HasPrefix(p.Path, "@") {
				continue
			}
			explained[real] = true
			m, point := covering(mounts, real)
			ok := m.Has("rw") && m.Kind != "overlay"
			switch access {
			case "read":
				ok = m.Has("ro") && point != "/"
			case "overlay":
				ok = m.Kind == "overlay" && point == real
			case "hide":
				ok = m.Kind == "tmpfs" && m.Has("ro")
			}
			if !ok {
				c.t.Errorf("%s %s: in the mount %+v", access, p.Path, m)
			}
		}
	}
	for _, p := range c.d.paths(c.t, "filesystem.tmpfs") {
		real := c.real(p.Path)
		if real == "" {
			real = strings.Replace(p.Path, "${XDG_CACHE_HOME}", c.w.Home+"/.cache", 1)
		}
		explained[real] = true
		size, mode := fmt.Sprintf("size=%dk", p.Size>>10), fmt.Sprintf("mode=%o", p.Mode)
		if p.Mode == 0 || p.Mode == 0o1777 {
			mode = "" // the default, and what the kernel does not print
		}
		if m := mounts[real]; m.Kind != "tmpfs" || !m.Has("rw") || !strings.Contains(m.Super, size) || !strings.Contains(m.Super, mode) {
			c.t.Errorf("tmpfs %s, %s, %s: is %+v", p.Path, size, mode, m)
		}
	}
	if c.d.text("network.mode", "none") == "host" {
		explained["/etc/hosts"], explained["/etc/resolv.conf"] = true, true
	}
	if c.d.text("filesystem.home", "host") != "host" {
		explained[c.w.Home] = true
	}
	if m, ok := mounts[c.w.Project]; ok && !explained[c.w.Project] {
		explained[c.w.Project] = true
		if m.Kind != "tmpfs" || !m.Has("ro") {
			c.t.Errorf("the current directory, which nothing grants, is %+v", m)
		}
	}
	if c.d.text("filesystem.startup.automatic", "block") != "report" {
		c.pinned(mounts, explained)
	}
	for point := range mounts {
		if !own(point) && !explained[point] {
			c.t.Errorf("a mount that is not declared: %+v", mounts[point])
		}
	}
}

// pinned explains the directories that are mounted on themselves, so that what is protected
// in them is not moved away with them: each lies in one that is granted for writing.
func (c *comparison) pinned(mounts map[string]testenv.Mount, explained map[string]bool) {
	for point, m := range mounts {
		if m.Has("rw") && strings.HasSuffix(point, m.Root) && testenv.Exists(point) {
			if around, at := covering(mounts, filepath.Dir(point)); around.Has("rw") && explained[at] {
				explained[point] = true
			}
		}
	}
}

// covering returns the mount that a path lies in.
func covering(mounts map[string]testenv.Mount, path string) (testenv.Mount, string) {
	for point := path; ; point = filepath.Dir(point) {
		if m, ok := mounts[point]; ok {
			return m, point
		}
		if point == "/" {
			return testenv.Mount{}, ""
		}
	}
}

func (c *comparison) status() {
	caps := "0000000000000000"
	if kept := c.d.texts("capabilities.keep"); slices.Equal(kept, []string{"net_raw"}) {
		caps = "0000000000002000"
	} else if len(kept) > 0 {
		c.t.Fatalf("this test does not know the capabilities %q", kept)
	}
	for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"} {
		if c.f.Status[set] != caps {
			c.t.Errorf("%s is %s, want %s", set, c.f.Status[set], caps)
		}
	}
	if c.f.Status["NoNewPrivs"] != "1" || c.f.Status["Seccomp"] != "2" || c.f.Status["Seccomp_filters"] != "2" {
		c.t.Errorf("no_new_privs %s, seccomp mode %s", c.f.Status["NoNewPrivs"], c.f.Status["Seccomp"])
	}
	if c.f.UID != os.Getuid() {
		c.t.Errorf("the user is %d", c.f.UID)
	}
}

func (c *comparison) rest() {
	if host := c.d.text("network.mode", "none") == "host"; host == slices.Equal(c.f.Interfaces, []string{"lo"}) && host {
		c.t.Logf("the host has no interface but lo")
	} else if !host && !slices.Equal(c.f.Interfaces, []string{"lo"}) {
		c.t.Errorf("interfaces without a network: %q", c.f.Interfaces)
	}
	if want := c.d.text("identity.hostname", "jail"); c.f.Hostname != want {
		c.t.Errorf("the host name is %q, declared is %q", c.f.Hostname, want)
	}
	for _, limit := range []string{"processes", "open-files"} {
		if want := c.d.text("limits."+limit, ""); want != "" && fmt.Sprint(c.f.Limits[limit][1]) != want {
			c.t.Errorf("the limit of %s is %v, declared is %s", limit, c.f.Limits[limit], want)
		}
	}
	if len(c.f.Descriptors) != 3 {
		c.t.Errorf("descriptors: %v", c.f.Descriptors)
	}
	if len(c.f.Processes) != 2 {
		c.t.Errorf("processes: %v", c.f.Processes)
	}
}
