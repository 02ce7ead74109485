package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/paths"
)

// environment builds the program's environment: what keep names, then what
// set says. Everything else of the caller's is dropped.
func (k *compiler) environment() {
	env := &k.p.Environment
	for i := range env.Set {
		v := &env.Set[i]
		value, err := k.expandVariable(v)
		if err != nil {
			k.problem("variable-unset",
				fmt.Sprintf("the value of %s has a variable that is not set here: %v", diag.Quote(v.Name), err), &v.At, "")
			continue
		}
		k.rules.set = append(k.rules.set, v.Name+"="+value)
	}
	for i := range env.Keep {
		k.rules.keep = append(k.rules.keep, env.Keep[i].Text)
	}
	k.displayVariables()
	k.plan.Env = environmentOf(k.h.Env, &k.rules.environmentRules)
}

// environmentOf takes from a caller's environment what the patterns keep,
// each variable once, and adds what is set.
func environmentOf(callers []string, rules *environmentRules) []string {
	var env []string
	seen := map[string]bool{}
	for _, name := range rules.drop {
		seen[name] = true
	}
	for _, e := range rules.set {
		name, _, _ := strings.Cut(e, "=")
		seen[name] = true
	}
	for _, e := range callers {
		name, _, ok := strings.Cut(e, "=")
		matches := func(pattern string) bool { return policy.MatchEnv(pattern, name) }
		if !ok || name == "" || seen[name] || !slices.ContainsFunc(rules.keep, matches) {
			continue
		}
		seen[name] = true
		env = append(env, e)
	}
	return append(env, rules.set...)
}

// Keeps returns the entry of environment.keep that lets a variable in, nil
// when none does. An entry is a name, or the beginning of names and a star.
func Keeps(keep []policy.Entry, name string) *policy.Entry {
	for i := range keep {
		if policy.MatchEnv(keep[i].Text, name) {
			return &keep[i]
		}
	}
	return nil
}

// expandVariable expands the ${...} of a value.
func (k *compiler) expandVariable(v *policy.Variable) (string, error) {
	if !strings.Contains(v.Text, "${") {
		return v.Text, nil
	}
	return paths.ExpandText(v.Text, func(name string) (string, bool) { return fstree.Variable(k.p, k.h, k.c.Name(), name, v.Layer) })
}
