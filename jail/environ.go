package jail

import (
	"fmt"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/policy"
)

// environment builds the program's environment: what keep names, then what
// set says. Everything else of the caller's is dropped.
func (k *compiler) environment() {
	env := &k.p.Environment
	seen := map[string]bool{}
	for _, v := range env.Set {
		seen[v.Name] = true
	}
	for _, e := range k.h.Env {
		name, _, ok := strings.Cut(e, "=")
		if !ok || name == "" || seen[name] || Keeps(env.Keep, name) == nil {
			continue
		}
		seen[name] = true
		k.plan.Env = append(k.plan.Env, e)
	}
	for i := range env.Set {
		v := &env.Set[i]
		value, ok := k.variableText(v)
		if ok {
			k.plan.Env = append(k.plan.Env, v.Name+"="+value)
		}
	}
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

// variableText expands the ${...} of a value and reports what has none.
func (k *compiler) variableText(v *policy.Variable) (string, bool) {
	value, err := k.expandVariable(v)
	if err != nil {
		k.problem("variable-unset", fmt.Sprintf("the value of %s has a variable that is not set here: %v", diag.Quote(v.Name), err), v.At)
		return "", false
	}
	return value, true
}

func (k *compiler) expandVariable(v *policy.Variable) (string, error) {
	if !strings.Contains(v.Text, "${") {
		return v.Text, nil
	}
	g := newGranter(k.p, k.h, k.c)
	return policy.ExpandText(v.Text, func(name string) (string, bool) { return g.variable(name, v.Layer) })
}
