// Package completion writes scripts with which shells complete the command line of jail.
package completion

import (
	"strings"

	"github.com/jail-project/jail/caps"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/kind"
	"github.com/jail-project/jail/seccomp"
)

// Verb is a verb of jail with its flags.
type Verb struct {
	Name, Help string
	Flags      []Flag
}

// Flag is a flag of a verb.
type Flag struct {
	Name, Help string
	TakesValue bool
}

// Script is what a shell of shells sources to complete the command line of jail.
// What values a flag can have follows from its name; names of profiles and of jails
// are asked of jail when they are needed.
func Script(shell string, model []Verb) string {
	switch shell {
	case "bash":
		return bashScript(model)
	case "zsh":
		return zshScript(model)
	default:
		return fishScript(model)
	}
}

// valueKind is what a value can be completed from.
type valueKind int

const (
	noValue      valueKind = iota // nothing is known about it
	wordValue                     // one of a few words
	fileValue                     // a path
	dirValue                      // a directory
	profileValue                  // a profile or a file
	programValue                  // a program and its arguments
	jailValue                     // a jail that runs
)

func argumentOf(verb string) valueKind {
	switch verb {
	case "run", "plan":
		return programValue
	case "check", "show", "explain", "score":
		return profileValue
	case "enter", "stop", "inspect":
		return jailValue
	case "completion":
		return wordValue
	}
	return noValue
}

// shells are the words that completion takes.
func shells() []string { return []string{"bash", "zsh", "fish"} }

// valueOf tells what the value of a flag can be.
func valueOf(flag string) (valueKind, []string) {
	switch flag {
	case "profile":
		return profileValue, nil
	case "read", "write", "hide", "tmpfs", "overlay":
		return fileValue, nil
	case "root":
		return dirValue, nil
	case "home":
		return wordValue, []string{"host", "private", "empty"}
	case "user":
		return wordValue, []string{"keep", "root", "nobody"}
	case "network":
		return wordValue, []string{"none", "host", "filtered", "nat"}
	case "share":
		return wordValue, []string{"pid", "ipc", "uts", "cgroup"}
	case "keep-cap", "drop-cap":
		return wordValue, append(caps.Names(), "all")
	case "allow-syscall", "deny-syscall":
		return wordValue, seccomp.GroupNames()
	case "set", "replace":
		return wordValue, leafKeys(policy.Schema(), "", flag == "set")
	}
	return noValue, nil
}

// leafKeys lists the keys of the profile language that a flag takes: for
// --set all that hold a value, with "=" behind them, for --replace the lists.
func leafKeys(key *policy.Key, prefix string, set bool) []string {
	var names []string
	for i := range key.Keys {
		k := &key.Keys[i]
		switch {
		case k.Kind == kind.Mapping:
			names = append(names, leafKeys(k, prefix+k.Name+".", set)...)
		case k.Own, k.Name == "tests", set && k.Kind == kind.Variables, !set && k.Kind != kind.List:
		case set:
			names = append(names, prefix+k.Name+"=")
		default:
			names = append(names, prefix+k.Name)
		}
	}
	return names
}

// quoted puts a text into single quotes for a shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// firstSentence shortens a help text to what fits beside a completion.
func firstSentence(help string) string {
	if end := strings.Index(help, ". "); end > 0 {
		help = help[:end]
	}
	return strings.TrimSuffix(help, ".")
}
