package completion

import (
	"fmt"
	"strings"
)

func zshScript(model []Verb) string {
	var b strings.Builder
	b.WriteString(`#compdef jail
# zsh completion for jail, made by: jail completion zsh

_jail_profiles() {
	local -a names
	names=(${(f)"$(jail list --names 2>/dev/null)"})
	_alternative "profiles:profile:compadd -a names" "files:file:_files -g '*.yaml'"
}

_jail_running() {
	local -a ids
	ids=(${(f)"$(jail ps --names 2>/dev/null)"})
	compadd -a ids
}

`)
	for _, v := range model {
		fmt.Fprintf(&b, "_jail_%s() {\n\t_arguments -S \\\n", v.Name)
		for _, f := range v.Flags {
			fmt.Fprintf(&b, "\t\t%s \\\n", quoted(zshFlag(f)))
		}
		b.WriteString(zshArguments(argumentOf(v.Name)) + "}\n\n")
	}
	b.WriteString("_jail() {\n\tlocal -a verbs\n\tverbs=(\n")
	for _, v := range model {
		fmt.Fprintf(&b, "\t\t%s\n", quoted(v.Name+":"+zshEscape(v.Help)))
	}
	b.WriteString(`	)
	if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
		_describe -t verbs verb verbs
		_command_names -e
		return
	fi
	case $words[2] in
`)
	for _, v := range model {
		fmt.Fprintf(&b, "\t%s) shift words; (( CURRENT-- )); _jail_%s ;;\n", v.Name, v.Name)
	}
	b.WriteString("\t*) _jail_run ;;\n\tesac\n}\n\n_jail \"$@\"\n")
	return b.String()
}

// zshFlag is the specification of a flag for _arguments.
func zshFlag(f Flag) string {
	spec := "*--" + f.Name
	if !f.TakesValue {
		return spec + "[" + zshEscape(firstSentence(f.Help)) + "]"
	}
	return spec + "=[" + zshEscape(firstSentence(f.Help)) + "]:value:" + zshValue(valueOf(f.Name))
}

// zshArguments is the specification of what follows the flags.
func zshArguments(kind valueKind) string {
	switch kind {
	case noValue:
		return "\t\t'*: :'\n"
	case programValue:
		return "\t\t'(-)1:program:_command_names -e' \\\n\t\t'*::arguments:_normal'\n"
	default:
		return "\t\t" + quoted("*:argument:"+zshValue(kind, shells())) + "\n"
	}
}

func zshValue(kind valueKind, words []string) string {
	return [...]string{
		noValue:      " ",
		wordValue:    "(" + zshEscape(strings.Join(words, " ")) + ")",
		fileValue:    "_files",
		dirValue:     "_files -/",
		profileValue: "_jail_profiles",
		jailValue:    "_jail_running",
	}[kind]
}

// zshEscape marks the characters that separate the parts of a specification.
func zshEscape(s string) string {
	return strings.NewReplacer(":", `\:`, "[", `\[`, "]", `\]`).Replace(s)
}
