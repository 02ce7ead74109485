package completion

import (
	"fmt"
	"strings"
)

// bashScript needs nothing of the package bash-completion; where that is
// installed, the arguments of the program are completed as by it.
func bashScript(model []Verb) string {
	var b strings.Builder
	b.WriteString(`# bash completion for jail, made by: jail completion bash

_jail_profiles() {
	mapfile -t COMPREPLY < <(compgen -W "$(jail list --names 2>/dev/null)" -- "$1"; compgen -f -- "$1")
	compopt -o filenames 2>/dev/null
}

# _jail_value FLAG WORD: completes the value of a flag.
_jail_value() {
	case $1 in
`)
	done := map[string]bool{}
	for _, v := range model {
		for _, f := range v.Flags {
			if f.TakesValue && !done[f.Name] {
				done[f.Name] = true
				fmt.Fprintf(&b, "\t--%s) %s ;;\n", f.Name, bashValue(valueOf(f.Name)))
			}
		}
	}
	b.WriteString("\tesac\n}\n\n# _jail_flags VERB: prints the flags of a verb, those with a value first,\n# then a line for the others.\n_jail_flags() {\n\tcase $1 in\n")
	for _, v := range model {
		var with, without []string
		for _, f := range v.Flags {
			if f.TakesValue {
				with = append(with, "--"+f.Name)
			} else {
				without = append(without, "--"+f.Name)
			}
		}
		fmt.Fprintf(&b, "\t%s) printf '%%s\\n' %s %s ;;\n", v.Name, quoted(strings.Join(with, " ")), quoted(strings.Join(without, " ")))
	}
	b.WriteString("\tesac\n}\n\n")
	names := make([]string, len(model))
	arguments := make([]string, 0, len(model))
	for i, v := range model {
		names[i] = v.Name
		if argumentOf(v.Name) != noValue {
			arguments = append(arguments, fmt.Sprintf("\t%s) %s ;;\n", v.Name, bashValue(argumentOf(v.Name), shells())))
		}
	}
	b.WriteString(strings.NewReplacer("@VERBS@", strings.Join(names, " "), "@ARGUMENTS@", strings.Join(arguments, "")).Replace(bashMain))
	return b.String()
}

// bashValue is the command that fills COMPREPLY from $2.
func bashValue(kind valueKind, words []string) string {
	return [...]string{
		noValue:      ":",
		wordValue:    "COMPREPLY=($(compgen -W " + quoted(strings.Join(words, " ")) + ` -- "$2"))`,
		fileValue:    `mapfile -t COMPREPLY < <(compgen -f -- "$2"); compopt -o filenames 2>/dev/null`,
		dirValue:     `mapfile -t COMPREPLY < <(compgen -d -- "$2"); compopt -o filenames 2>/dev/null`,
		profileValue: `_jail_profiles "$2"`,
		jailValue:    `COMPREPLY=($(compgen -W "$(jail ps --names 2>/dev/null)" -- "$2"))`,
		programValue: `COMPREPLY=($(compgen -c -- "$2"))`,
	}[kind]
}

// bashMain walks the words up to the cursor. Bash makes a word of its own of
// the = in --flag=value.
const bashMain = `_jail_argument() {
	case $1 in
@ARGUMENTS@	esac
}

_jail() {
	local IFS=$' \t\n'
	local cur=${COMP_WORDS[COMP_CWORD]} verb= i=1 flags with
	COMPREPLY=()
	while [ "$i" -lt "$COMP_CWORD" ]; do
		{ read -r with; read -r flags; } < <(_jail_flags "${verb:-run}")
		case ${COMP_WORDS[i]} in
		--)
			verb=${verb:-run}
			i=$((i + 1))
			break
			;;
		-*)
			if [[ " $with " == *" ${COMP_WORDS[i]} "* ]]; then
				local value=$((i + 1))
				[ "${COMP_WORDS[value]}" = = ] && value=$((i + 2))
				if [ "$value" -ge "$COMP_CWORD" ]; then
					[ "$cur" = = ] && cur=
					_jail_value "${COMP_WORDS[i]}" "$cur"
					return
				fi
				i=$value
			fi
			;;
		*)
			if [ -z "$verb" ] && [ "$i" -eq 1 ] && [[ " @VERBS@ " == *" ${COMP_WORDS[i]} "* ]]; then
				verb=${COMP_WORDS[i]}
			elif [ "${verb:-run}" = run ] || [ "$verb" = plan ]; then
				verb=${verb:-run}
				break
			fi
			;;
		esac
		i=$((i + 1))
	done
	if [ "$i" -lt "$COMP_CWORD" ]; then
		if declare -F _command_offset >/dev/null; then
			_command_offset "$i"
		else
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			compopt -o filenames 2>/dev/null
		fi
		return
	fi
	if [[ $cur == -* ]]; then
		{ read -r with; read -r flags; } < <(_jail_flags "${verb:-run}")
		COMPREPLY=($(compgen -W "$with $flags" -- "$cur"))
		return
	fi
	_jail_argument "${verb:-run}" "$cur"
	if [ "$COMP_CWORD" -eq 1 ]; then
		COMPREPLY+=($(compgen -W "@VERBS@" -- "$cur"))
	fi
}

complete -F _jail jail
`
