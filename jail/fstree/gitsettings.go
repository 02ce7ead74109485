package fstree

import "strings"

// setting is one line of a git configuration (git-config(1)): key is lower case, but for
// the name of a subsection.
type setting struct{ key, value string }

// gitSettings reads a git configuration as far as it can be read. It misses what git
// would refuse.
func gitSettings(text string) []setting {
	var found []setting
	section := ""
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\\\n", "")
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			end := strings.LastIndexByte(line, ']')
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
