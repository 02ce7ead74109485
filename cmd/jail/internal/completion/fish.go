package completion

import (
	"fmt"
	"strings"
)

func fishScript(model []Verb) string {
	var b strings.Builder
	b.WriteString(`# fish completion for jail, made by: jail completion fish

complete -c jail -f

# The verb on the command line: its first word, or "run" when that is a flag or a program.
function __jail_verb
	set -l words (commandline -opc)
	switch "$words[2]"
`)
	names := make([]string, len(model))
	for i, v := range model {
		names[i] = v.Name
	}
	fmt.Fprintf(&b, "\t\tcase %s\n\t\t\techo $words[2]\n\t\tcase '*'\n\t\t\techo run\n\tend\n", strings.Join(names, " "))
	b.WriteString("end\n\nfunction __jail_in\n\ttest (__jail_verb) = $argv[1]\nend\n\n")
	for _, v := range model {
		fmt.Fprintf(&b, "complete -c jail -n __fish_is_first_arg -a %s -d %s\n", v.Name, quoted(v.Help))
	}
	b.WriteByte('\n')
	for _, v := range model {
		condition := quoted("__jail_in " + v.Name)
		for _, f := range v.Flags {
			fmt.Fprintf(&b, "complete -c jail -n %s -l %s -d %s", condition, f.Name, quoted(firstSentence(f.Help)))
			if f.TakesValue {
				b.WriteString(" -r" + fishValue(valueOf(f.Name)))
			}
			b.WriteByte('\n')
		}
		switch argumentOf(v.Name) {
		case noValue:
		case programValue:
			fmt.Fprintf(&b, "complete -c jail -n %s -a '(__fish_complete_subcommand)'\n", condition)
		default:
			fmt.Fprintf(&b, "complete -c jail -n %s%s\n", condition, fishValue(argumentOf(v.Name), shells()))
		}
	}
	return b.String()
}

// fishValue is the rest of a complete command for the values of a flag.
func fishValue(kind valueKind, words []string) string {
	return [...]string{
		noValue:      " -f",
		wordValue:    " -f -a " + quoted(strings.Join(words, " ")),
		fileValue:    " -F",
		dirValue:     " -f -a '(__fish_complete_directories)'",
		profileValue: " -F -a '(jail list --names 2>/dev/null)'",
		jailValue:    " -f -a '(jail ps --names 2>/dev/null)'",
	}[kind]
}
