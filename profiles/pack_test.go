package profiles_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/yaml"
	"github.com/jail-project/jail/profiles"
)

// pack returns every profile by name, merged with what it extends.
func pack(t *testing.T) map[string]*policy.Policy {
	t.Helper()
	store := policy.Store{Parse: yaml.Parse, Dirs: []policy.Dir{{FS: profiles.FS, Embedded: true}}}
	files, err := fs.Glob(profiles.FS, "*.yaml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d profiles: %v", len(files), err)
	}
	all := map[string]*policy.Policy{}
	for _, file := range files {
		name := strings.TrimSuffix(file, ".yaml")
		p, _, problems := policy.Load(store, policy.Request{Name: name})
		for i := range problems {
			t.Errorf("%s: %s", name, problems[i].Summary)
		}
		if p != nil {
			all[name] = p
		}
	}
	return all
}

// abstract tells a profile that is there to be extended.
func abstract(p *policy.Policy) bool { return strings.HasPrefix(p.Description.V, "to extend: ") }

func TestPackRunsOnThisVersion(t *testing.T) {
	for name, p := range pack(t) {
		for _, d := range policy.Unsupported(p) {
			t.Errorf("%s: %s", name, d.Summary)
		}
	}
}

func TestPackIsDescribedAndTested(t *testing.T) {
	for name, p := range pack(t) {
		if p.Description.V == "" || strings.HasSuffix(p.Description.V, ".") {
			t.Errorf("%s: the description is %q", name, p.Description.V)
		}
		if abstract(p) || name == "default" {
			continue
		}
		ofItsOwn := slices.ContainsFunc(p.Tests, func(c policy.Test) bool {
			return c.Probe == "run" && p.Layers[c.Layer].Name == name
		})
		if !ofItsOwn {
			t.Errorf("%s: no test runs the program", name)
		}
	}
}

// A program belongs to one profile.
func TestPackProgramsAreDistinct(t *testing.T) {
	all := pack(t)
	owner := map[string]string{}
	for name := range all {
		owner[name] = name
	}
	for name, p := range all {
		for _, program := range p.Programs {
			if other, taken := owner[program.Text]; taken {
				t.Errorf("%s and %s both are for the program %s", name, other, program.Text)
			}
			owner[program.Text] = name
		}
		if abstract(p) && len(p.Programs) > 0 {
			t.Errorf("%s is there to be extended, and for the program %s", name, p.Programs[0].Text)
		}
	}
	for _, program := range []string{
		"make", "gcc", "g++", "cmake", "ninja", "go", "npm", "node", "python3", "pip", "git", "curl", "wget", "tar", "unzip",
		"ffmpeg", "convert", "magick", "gs", "pdftotext", "firefox", "firefox-esr", "chromium",
	} {
		if owner[program] == "" {
			t.Errorf("no profile is for the program %s", program)
		}
	}
}

// Nested user namespaces, and the calls that go with them, are for browsers.
func TestPackInnerSandboxIsForBrowsers(t *testing.T) {
	browsers := 0
	for name, p := range pack(t) {
		browser := slices.ContainsFunc(p.Layers, func(l policy.Layer) bool { return l.Name == "browser" })
		groups := []string{"@default"}
		if browser {
			browsers++
			groups = append(groups, "@sandbox")
		}
		if name == "node" || slices.ContainsFunc(p.Layers, func(l policy.Layer) bool { return l.Name == "network-client" }) {
			groups = append(groups, "@netlink")
			slices.Sort(groups)
		}
		if p.Namespaces.User.V != browser {
			t.Errorf("%s: nested user namespaces: %v", name, p.Namespaces.User.V)
		}
		var allowed []string
		for _, rule := range p.Syscalls.Allow {
			allowed = append(allowed, rule.Rule.Name)
		}
		if slices.Sort(allowed); !slices.Equal(allowed, groups) {
			t.Errorf("%s: syscalls %q, want %q", name, allowed, groups)
		}
	}
	if browsers != 3 {
		t.Errorf("%d browsers, want browser, firefox and chromium", browsers)
	}
}

// No profile keeps privileges, shows all of the home or of /etc, or gives a
// program secrets of the environment.
func TestPackGrantsLittle(t *testing.T) {
	for name, p := range pack(t) {
		if len(p.Capabilities.Keep) > 0 {
			t.Errorf("%s keeps capabilities", name)
		}
		hidden := false
		for _, rule := range p.Filesystem.Rules {
			hidden = hidden || rule.Access == policy.Hide && rule.Path == "@secrets"
			switch rule.Path {
			case "/", "~", "${HOME}", "/etc", "/var", "/run", "/home", "/root", "/sys", "/etc/passwd", "${XDG_CONFIG_HOME}", "${XDG_DATA_HOME}":
				t.Errorf("%s: the path %s is too much", name, rule.Path)
			}
			if rule.Access == policy.Tmpfs && rule.Size == 0 {
				t.Errorf("%s: the tmpfs %s has no size", name, rule.Path)
			}
		}
		if slices.ContainsFunc(p.Layers, func(l policy.Layer) bool { return l.Name == "base" }) && !hidden {
			t.Errorf("%s does not hide @secrets", name)
		}
		for _, e := range p.Environment.Keep {
			for _, word := range []string{"TOKEN", "SECRET", "PASSWORD", "_KEY", "AUTH_", "LD_"} {
				if strings.Contains(strings.ToUpper(e.Text), word) {
					t.Errorf("%s keeps the variable %s", name, e.Text)
				}
			}
		}
		if mode := p.Network.Mode.V; mode != "none" && mode != "host" && mode != "filtered" {
			t.Errorf("%s: network %s", name, mode)
		}
	}
}
