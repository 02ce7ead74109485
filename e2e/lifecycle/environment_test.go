package lifecycle

import (
	"slices"
	"strings"
	"testing"

	"github.com/jail-project/jail/internal/testenv"
)

// dropped are variables that carry secrets, or that make a loader, a shell
// or an interpreter run something.
var dropped = [...]string{
	"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "GITHUB_TOKEN", "GH_TOKEN", "NPM_TOKEN", "OPENAI_API_KEY", "ANTHROPIC_API_KEY",
	"CARGO_REGISTRY_TOKEN", "VAULT_TOKEN", "PGPASSWORD", "DATABASE_URL", "SSH_AUTH_SOCK", "SSH_AGENT_PID", "GPG_AGENT_INFO",
	"DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "SUDO_USER", "KUBECONFIG", "DOCKER_HOST",
	"LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "LD_DEBUG", "GCONV_PATH", "LOCPATH", "BASH_ENV", "ENV", "IFS", "PS4", "PROMPT_COMMAND",
	"PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PERL5LIB", "PERL5OPT", "RUBYOPT", "RUBYLIB", "NODE_OPTIONS", "JAVA_TOOL_OPTIONS",
	"GIO_EXTRA_MODULES", "GTK_MODULES", "GTK_PATH", "QT_PLUGIN_PATH", "TMPDIR", "EDITOR", "PAGER", "LESSOPEN", "MAIL", "OLDPWD",
	"GODEBUG", "GOTRACEBACK", "GOCOVERDIR", "LISTEN_FDS", "LISTEN_PID", "NOTIFY_SOCKET", "INVOCATION_ID", "XDG_SESSION_COOKIE",
	"lang", "LANGX", "PATHX", "HOME_", "XLC_ALL",
}

// kept are variables that the default profile passes on.
var kept = [...]string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "TZ", "TERM", "COLORTERM", "NO_COLOR",
}

func TestEnvironmentIsTheKeptList(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	own := map[string]string{}
	for _, e := range w.Env {
		name, value, _ := strings.Cut(e, "=")
		own[name] = value
	}
	var want []string
	w.Env = nil
	for _, name := range kept {
		if own[name] == "" {
			own[name] = "C"
		}
		w.Env = append(w.Env, name+"="+own[name])
	}
	want = slices.Clone(w.Env)
	for _, name := range dropped {
		w.Env = append(w.Env, name+"="+w.Canary)
	}
	got := w.Probe("--profile", "default").Env
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the environment is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if outside := testenv.ParseFacts(t, w.Host(testenv.ProbeBin).Stdout).Env; len(outside) != len(kept)+len(dropped) {
		t.Errorf("outside there are %d variables, want %d", len(outside), len(kept)+len(dropped))
	}
}

func TestEnvironmentFlags(t *testing.T) {
	t.Parallel()
	w := testenv.NewWorld(t)
	w.Env = append(w.Env, "TOKEN="+w.Canary)
	for _, c := range []struct {
		flags []string
		want  string
	}{
		{[]string{"--env", "TOKEN"}, "TOKEN=" + w.Canary},
		{[]string{"--env", "TOKEN=other words"}, "TOKEN=other words"},
		{[]string{"--env", "FRESH="}, "FRESH="},
		{[]string{"--env", "FRESH=a=b $HOME\nc"}, "FRESH=a=b $HOME\nc"},
	} {
		if got := w.Probe(append([]string{"--profile", "default"}, c.flags...)...).Env; !slices.Contains(got, c.want) {
			t.Errorf("with %q the environment is %q, want %q in it", c.flags, got, c.want)
		}
	}
}

// What the launcher was told and what it holds must not be readable in the
// init of the jail, which is a copy of it.
func TestInitShowsNothing(t *testing.T) {
	testenv.Requires(t, testenv.Both)
	t.Parallel()
	w := testenv.NewWorld(t)
	w.Env = append(w.Env, "SECRET_TOKEN="+w.Canary)
	for _, user := range []string{"keep", "root"} {
		f := w.Probe("--profile", "default", "--user", user, "--env", "X="+w.Canary)
		if f.PID == 1 {
			t.Fatal("the probe is the init itself")
		}
		for name, text := range f.Init {
			closed := strings.Contains(text, "permission denied") || name == "cmdline" && text == "" || name == "fd" && text == "0 entries"
			if strings.Contains(text, w.Canary) || strings.Contains(text, w.Home) || !closed {
				t.Errorf("user %s: /proc/1/%s shows %q", user, name, text)
			}
		}
	}
}
