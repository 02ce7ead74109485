package fstree

import (
	"slices"
	"strings"
)

// setting is one line of a git configuration (git-config(1)): key is lower case, but for
// the name of a subsection.
type setting struct{ key, value string }

func (s setting) isInclude() bool {
	return s.key == "include.path" || strings.HasPrefix(s.key, "includeif.") && strings.HasSuffix(s.key, ".path")
}

// isCommand tells whether git runs the value when it is asked to show, merge, sign, edit or
// fetch something, or by itself.
func (s setting) isCommand() bool {
	section, _, _ := strings.Cut(s.key, ".")
	name := s.key[strings.LastIndexByte(s.key, '.')+1:]
	switch section {
	case "core":
		return slices.Contains([]string{"fsmonitor", "editor", "pager", "sshcommand", "askpass", "gitproxy", "alternaterefscommand"}, name)
	case "filter", "pager":
		return true
	case "diff":
		return name == "external" || name == "command" || name == "textconv"
	case "merge":
		return name == "driver"
	case "credential":
		return name == "helper"
	case "gpg":
		return name == "program" || name == "defaultkeycommand"
	case "sequence":
		return name == "editor"
	case "hook":
		return name == "command"
	case "submodule":
		return name == "update" && strings.HasPrefix(s.value, "!")
	case "difftool", "mergetool":
		return name == "cmd" || name == "path"
	case "interactive":
		return name == "difffilter"
	case "trailer":
		return name == "command" || name == "cmd"
	case "uploadpack":
		return name == "packobjectshook"
	case "remote":
		return name == "uploadpack" || name == "receivepack"
	}
	return false
}

// commandWords splits a command as a shell does, roughly: into all that could be names. A
// quoted word can be a command itself, as after sh -c, so its words are among them too.
func commandWords(text string) []string {
	words := splitCommand(text)
	for _, w := range slices.Clone(words) {
		if inside := splitCommand(w); len(inside) > 1 {
			words = append(words, inside...)
		}
	}
	return words
}

func splitCommand(text string) []string {
	var words []string
	var word strings.Builder
	var quote rune
	end := func() {
		if word.Len() > 0 {
			words = append(words, word.String())
		}
		word.Reset()
	}
	for _, c := range strings.TrimPrefix(text, "!") {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && strings.ContainsRune(" \t\n;|&()<>`=", c):
			end()
		default:
			word.WriteRune(c)
		}
	}
	end()
	return words
}

// gitSettings reads a git configuration as far as it can be read. It misses what git
// would refuse.
func gitSettings(text string) []setting {
	var found []setting
	section := ""
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\\\n", "")
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			end := sectionEnd(line)
			if end < 0 {
				continue
			}
			section, line = sectionName(line[1:end]), strings.TrimSpace(line[end+1:])
		}
		key, value, _ := strings.Cut(line, "=")
		key = strings.ToLower(strings.TrimSpace(key))
		if section == "" || key == "" || key[0] == '#' || key[0] == ';' {
			continue
		}
		found = append(found, setting{section + "." + key, settingValue(value)})
	}
	return found
}

// sectionEnd is where the ] of a section is, which its name can have in quotes; -1 without.
func sectionEnd(line string) int {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '\\' && quoted:
			i++
		case line[i] == '"':
			quoted = !quoted
		case line[i] == ']' && !quoted:
			return i
		}
	}
	return -1
}

// sectionName is NAME or NAME.SUB of [NAME "SUB"].
func sectionName(head string) string {
	name, sub, has := strings.Cut(head, `"`)
	name = strings.ToLower(strings.TrimSpace(name))
	if !has {
		return name
	}
	return name + "." + strings.ReplaceAll(strings.TrimSuffix(strings.TrimSpace(sub), `"`), `\`, "")
}

// settingValue takes quotes, escapes and a comment out of a value.
func settingValue(text string) string {
	var b strings.Builder
	quoted := false
	text = strings.TrimSpace(text)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case !quoted && (c == '#' || c == ';'):
			return strings.TrimSpace(b.String())
		default:
			b.WriteByte(c)
		}
	}
	return strings.TrimSpace(b.String())
}
