// Package reference describes the language of profiles to people, as a page, and to
// editors, as a JSON Schema. Both are made from the table that checks profiles.
package reference

import (
	"strings"

	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/kind"
	"github.com/jail-project/jail/policy/paths"
	"github.com/jail-project/jail/seccomp"
)

// Markdown is the description of the profile language in Markdown, made
// from the same table that checks profiles. For every key it says what
// values it takes, what it does, how to make an exception, what it cannot
// guarantee, and the default last.
func Markdown() []byte {
	var b strings.Builder
	b.WriteString("# Profile reference\n\n")
	b.WriteString("This page is generated from the table that checks profiles.\n\n")
	b.WriteString(intro + codeList(bracedVariables()) + ".\n" + patterns)
	for i := range policy.Schema().Keys {
		writeKey(&b, &policy.Schema().Keys[i], 2)
	}
	writeGroups(&b)
	return []byte(b.String())
}

const intro = `A profile is one YAML document. Unknown and duplicate keys, values of the wrong
type, unknown names and a second document are errors.

A key that is absent says nothing, and weaker layers or the default decide. A
list that is given, even as ` + "`[]`" + `, is part of the profile: ` + "`[]`" + ` adds nothing, and
where the default is a list of its own it takes its place, so that
` + "`syscalls: {allow: []}`" + ` allows nothing. A key with nothing behind it is an
error, because it is not clear which of the two is meant.

Layers are merged from the weakest to the strongest: what ` + "`extends`" + ` names, the
profile, its drop-ins ` + "`NAME.d/*.yaml`" + `, the command line. A single value is that
of the last layer that has one. Lists are unions of entries; of two entries
about the same path, call, variable, capability or host the later layer's wins,
also when it stands in another list. A list with the tag ` + "`!replace`" + ` forgets what
earlier layers said in it:

` + "```yaml" + `
environment:
  keep: !replace [TERM]
` + "```" + `

Within one document the same thing may be said once only. Texts that mean
something else to some readers of YAML (` + "`yes`, `0755`, `22:22`" + `) need quotes.

Paths are absolute, or begin with ` + "`~`" + ` or a variable: `

const patterns = `In a pattern ` + "`*`" + ` and ` + "`?`" + ` stand for any text and any character of a name,
` + "`[a-z]`" + ` for one of a set. A backslash takes the meaning from the character
behind it, also from ` + "`$`" + `. What a variable holds is taken as it is.
`

// writeKey writes the paragraph of one key, and of those below it.
func writeKey(b *strings.Builder, k *policy.Key, level int) {
	b.WriteString("\n" + strings.Repeat("#", min(level, 4)) + " `" + k.Path + "`\n\n")
	takes := "Takes " + k.Kind.Expects(k.Enum) + "."
	if k.Kind == kind.List {
		takes = "Takes a list; an entry is " + k.Elem.Kind.Expects(k.Elem.Enum) + "."
	}
	paragraph := []string{takes, k.Doc}
	if k.Exempt != "" {
		paragraph = append(paragraph, "For an exception: "+lowerFirst(k.Exempt))
	}
	if k.Caution != "" {
		paragraph = append(paragraph, "**Caution:** "+k.Caution)
	}
	if k.Later != "" {
		later := "Not part of this version: jail checks it, and refuses to run a profile that uses it"
		if len(k.Now) > 0 {
			later += ", but for " + codeList(k.Now)
		}
		paragraph = append(paragraph, later+".")
	}
	if k.Kind != kind.Mapping {
		paragraph = append(paragraph, defaultSentence(k))
	}
	b.WriteString(strings.Join(paragraph, " ") + "\n")
	if k.Elem != nil && len(k.Elem.Keys) > 0 {
		b.WriteString("\nThe mapping form of an entry has the keys\n\n")
		writeEntry(b, k.Elem, "")
	}
	if k.Kind == kind.Mapping {
		for i := range k.Keys {
			writeKey(b, &k.Keys[i], level+1)
		}
	}
}

// writeEntry lists the keys of a list entry.
func writeEntry(b *strings.Builder, elem *policy.Key, indent string) {
	for i := range elem.Keys {
		k := &elem.Keys[i]
		b.WriteString(indent + "- `" + k.Name + "`: " + k.Doc)
		if k.Kind != kind.List {
			b.WriteString(" Takes " + k.Kind.Expects(k.Enum) + ".")
		}
		if k.Required {
			b.WriteString(" Must be there.")
		}
		if k.Default != "" {
			b.WriteString(" Default: `" + k.Default + "`.")
		}
		b.WriteByte('\n')
		if k.Elem != nil && len(k.Elem.Keys) > 0 {
			writeEntry(b, k.Elem, indent+"  ")
		}
	}
}

func defaultSentence(k *policy.Key) string {
	switch {
	case k.Default != "":
		return "Default: `" + k.Default + "`."
	case k.DefaultBase:
		return "Default: " + codeList(k.DefaultList) + ", to which entries add unless the list says `!replace`."
	case len(k.DefaultList) > 0:
		return "Default: " + codeList(k.DefaultList) + "."
	case k.Kind == kind.List || k.Kind == kind.Variables:
		return "Default: none."
	case k.Kind == kind.ProfileName:
		return "Default: the base name of the file."
	}
	return "Default: not set."
}

func codeList(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = "`" + w + "`"
	}
	return strings.Join(quoted, ", ")
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

func bracedVariables() []string {
	names := paths.VariableNames()
	for i := range names {
		names[i] = "${" + names[i] + "}"
	}
	return names
}

// writeGroups lists the named groups.
func writeGroups(b *strings.Builder) {
	for _, name := range paths.GroupNames() {
		b.WriteString("\n## The path group `" + name + "`\n\n")
		for _, path := range paths.Group(name) {
			b.WriteString("- `" + path + "`\n")
		}
	}
	b.WriteString("\n## Syscall groups\n\n")
	for _, name := range seccomp.GroupNames() {
		b.WriteString("- `" + name + "`: " + seccomp.GroupDoc(name) + "\n")
	}
}
