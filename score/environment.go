package score

import (
	"slices"
	"strings"
)

func environmentChecks() []Check {
	return []Check{
		variableCheck("credentials", "no variable that looks like a secret is passed on", 15,
			"what logs in by them", isCredential),
		variableCheck("loader-variables", "no variable is passed on that makes programs load code", 10,
			"what they were set for", isLoader),
		variableCheck("service-variables", "no variable is passed on that leads to a service outside", 5,
			"what connects to it", isService),
		{
			ID: "environment", Doc: "only listed variables are passed on", Weight: 10, Range: 10,
			Fix: "environment: {keep: !replace [PATH, HOME, TERM]}", Cost: "what depends on a variable that is not listed",
			assess: func(f *facts) outcome {
				for i := range f.Policy.Environment.Keep {
					if e := &f.Policy.Environment.Keep[i]; e.Text == "*" && f.passesAll() {
						return outcome{badness: 10, detail: "all are", by: []Cause{leaf("environment.keep", e.Text, e.Origin)}}
					}
				}
				return either(!f.passesAll(), 10, "others are dropped", "all are")
			},
			ask: func(f *facts, _ *Outside) []Question {
				return askEnvironment(f, "the names of all variables", func(string) bool { return true })
			},
		},
	}
}

// passesAll: nothing of the caller's environment is missing.
func (f *facts) passesAll() bool {
	for _, e := range f.Host.Env {
		name, _, _ := strings.Cut(e, "=")
		if _, passed := variable(f.Plan.Env, name); name != "" && !passed {
			return false
		}
	}
	return len(f.Host.Env) > 0
}

// variable looks a variable up in an environment.
func variable(env []string, name string) (value string, set bool) {
	for _, e := range env {
		if value, set = strings.CutPrefix(e, name+"="); set {
			return value, true
		}
	}
	return "", false
}

// matching are the names of an environment that a check is about, sorted.
func matching(env []string, about func(string) bool) []string {
	var names []string
	for _, e := range env {
		if name, _, _ := strings.Cut(e, "="); about(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// variableCheck makes a check of variables that should not be passed on.
func variableCheck(id, doc string, weight int, cost string, about func(string) bool) Check {
	return Check{
		ID: id, Doc: doc, Weight: weight, Range: 10, Fix: "name fewer variables in environment.keep", Cost: cost,
		assess: func(f *facts) outcome {
			names := slices.DeleteFunc(matching(f.Plan.Env, about), f.isOfDisplay)
			if len(names) == 0 {
				return outcome{detail: "none is"}
			}
			return outcome{badness: 10, detail: "in its environment: " + few(names), by: []Cause{f.variableCause(names[0])}}
		},
		ask: func(f *facts, _ *Outside) []Question { return askEnvironment(f, "such variables", about) },
	}
}

// isOfDisplay tells whether jail itself sets a variable, for the display that the check of
// displays is about.
func (f *facts) isOfDisplay(name string) bool {
	return f.View.Screen.Mode != "" && (name == "DISPLAY" || name == "XAUTHORITY")
}

// variableCause names the line by which a variable is in the environment.
func (f *facts) variableCause(name string) Cause {
	env := &f.Policy.Environment
	for i := range env.Set {
		if env.Set[i].Name == name {
			return leaf("environment.set", name, env.Set[i].Origin)
		}
	}
	for i := range env.Keep {
		prefix, star := strings.CutSuffix(env.Keep[i].Text, "*")
		if env.Keep[i].Text == name || star && strings.HasPrefix(name, prefix) {
			return leaf("environment.keep", env.Keep[i].Text, env.Keep[i].Origin)
		}
	}
	return byJail("the environment")
}

func askEnvironment(f *facts, subject string, about func(string) bool) []Question {
	names := func(env []string) string { return strings.Join(matching(env, about), " ") }
	return askOne(subject, names(f.Plan.Env), toRead("/proc/self/environ"), func(answer string) string {
		return names(strings.Split(strings.TrimSuffix(strings.TrimPrefix(answer, "="), "\x00"), "\x00"))
	})
}

// isCredential tells by its name whether a variable may hold a secret.
func isCredential(name string) bool {
	words := []string{"TOKEN", "SECRET", "SECRETS", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIALS", "APIKEY", "KEY", "PAT"}
	return slices.ContainsFunc(strings.Split(strings.ToUpper(name), "_"), func(word string) bool {
		return slices.Contains(words, word)
	})
}

// isLoader tells whether programs execute what a variable says or leads to.
func isLoader(name string) bool {
	return strings.HasPrefix(name, "LD_") || strings.HasPrefix(name, "BASH_FUNC_") || slices.Contains([]string{
		"BASH_ENV", "ENV", "PROMPT_COMMAND", "GCONV_PATH", "LOCPATH", "NLSPATH", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP",
		"PERL5LIB", "PERL5OPT", "PERL5DB", "RUBYLIB", "RUBYOPT", "NODE_OPTIONS", "NODE_PATH", "JAVA_TOOL_OPTIONS",
		"_JAVA_OPTIONS", "CLASSPATH", "LUA_INIT", "LUA_PATH", "GIO_EXTRA_MODULES", "GTK_MODULES", "GTK_PATH",
		"QT_PLUGIN_PATH", "GST_PLUGIN_PATH", "VIMINIT", "GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF", "LESSOPEN", "RUSTC_WRAPPER",
	}, name)
}

// isService tells whether a variable leads to a service outside.
func isService(name string) bool {
	return slices.Contains([]string{
		"SSH_AUTH_SOCK", "SSH_AGENT_PID", "GPG_AGENT_INFO", "DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS", "DISPLAY",
		"XAUTHORITY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "TMUX", "STY", "I3SOCK", "SWAYSOCK", "HYPRLAND_INSTANCE_SIGNATURE",
		"PULSE_SERVER", "PIPEWIRE_REMOTE", "DOCKER_HOST", "CONTAINER_HOST", "VSCODE_IPC_HOOK", "VSCODE_IPC_HOOK_CLI",
		"AT_SPI_BUS_ADDRESS", "NOTIFY_SOCKET", "EMACS_SERVER_FILE", "NVIM", "NVIM_LISTEN_ADDRESS",
	}, name)
}
