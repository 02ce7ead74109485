package security

import (
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// sessionSinks are files, none of which exists yet, that the user's service
// manager, message bus or desktop obeys later.
var sessionSinks = []string{
	".config/systemd/user/x.service", ".config/systemd/user/default.target.wants/x.service", ".local/share/systemd/user/x.service",
	".config/environment.d/x.conf", ".local/share/dbus-1/services/x.service", ".config/autostart/x.desktop", ".config/autostart-scripts/x",
	".config/plasma-workspace/env/x.sh", ".local/share/kservices5/x.desktop", ".local/share/applications/x.desktop", ".config/mimeapps.list",
	".local/share/nautilus/scripts/x", ".local/share/mime/packages/x.xml", ".config/menus/x.menu", ".local/share/gnome-shell/extensions/x/extension.js",
}

// agentSinks are the same for coding agents and editors, in the home directory
// and in the project.
var agentSinks = []string{
	".claude/settings.json", ".claude.json", ".codex/config.toml", ".gemini/settings.json", ".cursor/mcp.json", ".mcp.json", ".continue/config.json",
	".copilot/x", ".config/goose/config.yaml", ".config/opencode/opencode.json", ".aider.conf.yml", "CLAUDE.md", "AGENTS.md",
	"project/.claude/settings.json", "project/.mcp.json", "project/.cursor/mcp.json", "project/.codex/config.toml", "project/.gemini/settings.json",
	"project/.vscode/tasks.json", "project/.cursorrules", "project/.windsurfrules", "project/opencode.json",
}

// sinkRow tries to make files in a home directory that may be written.
func sinkRow(id, what string, sinks []string) row {
	const home = "filesystem: {home: host, write: [\"{home}\"], startup: block}\n"
	probe := []string{"plant"}
	for _, name := range sinks {
		probe = append(probe, "{home}/"+name)
	}
	return row{
		id: id, what: what, probe: probe, profile: home, oracle: onHost,
		off: "the guard of what does not exist yet", wide: "filesystem: {home: host, write: [\"{home}\"], startup: {automatic: report, tools: report}}\n",
	}
}

// onHost looks for what the probe wrote where the host has it. The launcher of a jail that
// was entered takes it away a moment later.
func onHost(_ *scene, o *outcome) {
	made := func(name string) bool {
		text, err := os.ReadFile(name)
		return err == nil && strings.Contains(string(text), "pwned")
	}
	for deadline := time.Now().Add(time.Second); time.Now().Before(deadline) && slices.ContainsFunc(slices.Collect(maps.Keys(o.parts)), made); {
		time.Sleep(20 * time.Millisecond)
	}
	for name := range o.parts {
		o.set(name, made(name))
	}
}
