package fstree

import (
	"fmt"
	"path"
	"strings"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/paths"
)

// expand replaces the variables of a path. A variable that has no value on
// this host makes the path one that does not exist here.
func (g *granter) expand(text string, r *policy.PathRule) (string, bool) {
	if head, rest, ok := plainPath(text); ok {
		if dir, known := g.heads[head]; known && head != "${PROFILE_DIR}" {
			return dir + rest, true
		}
	}
	unset := ""
	pattern, err := paths.Expand(text, func(name string) (string, bool) {
		v, ok := g.variable(name, r.Layer)
		if !ok || !strings.HasPrefix(v, "/") && name != "USER" && name != "UID" && name != "PROGRAM" {
			unset = name
			return "", false
		}
		return v, true
	})
	if err == nil && strings.HasPrefix(pattern, "/") {
		pattern = path.Clean(pattern)
		if head, rest, ok := plainPath(text); ok && pattern != "/" {
			g.heads[head] = strings.TrimSuffix(pattern, rest)
		}
		return pattern, true
	}
	if r.Required {
		why := "is not an absolute path"
		if unset != "" {
			why = "needs " + unset + ", which is not set here"
		}
		g.problem(r, "path-unset", fmt.Sprintf("%s %s", diag.Quote(text), why), "")
	}
	return "", false
}

// plainPath splits a path behind its first component, when nothing in the
// rest is expanded, quoted or cleaned. Hundreds of rules begin alike.
func plainPath(text string) (head, rest string, ok bool) {
	cut := strings.IndexByte(text, '/')
	if cut <= 0 {
		return "", "", false
	}
	head, rest = text[:cut], text[cut:]
	return head, rest, !strings.ContainsAny(rest, `$\`) && path.Clean(rest) == rest
}

// Variable is the value of a variable of the profile language in a layer of a
// policy, false when it has none here. program is the name on the command line.
func Variable(p *policy.Policy, h *host.Host, program, name string, layer int) (string, bool) {
	return newGranter(p, h, program).variable(name, layer)
}

func (g *granter) variable(name string, layer int) (string, bool) {
	switch name {
	case "HOME":
		return g.h.Home, g.h.Home != ""
	case "CWD":
		return g.h.Cwd, g.h.Cwd != ""
	case "USER":
		return g.h.User, g.h.User != ""
	case "UID":
		return fmt.Sprint(g.h.UID), true
	case "PROGRAM":
		return path.Base(g.program), g.program != ""
	case "PROFILE_DIR":
		dir := ""
		if layer >= 0 && layer < len(g.p.Layers) {
			dir = g.p.Layers[layer].Dir
		}
		return dir, dir != ""
	}
	v, ok := g.h.Dirs[name]
	return v, ok
}
