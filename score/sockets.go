package score

import (
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/jail/fstree"
	"github.com/jail-project/jail/jail/host"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/paths"
	"github.com/jail-project/jail/score/probe"
)

// socket is one of the host's that the jail can connect to: a path without
// symbolic links, or an abstract name, which may look like a path.
type socket struct {
	name string
	by   []Cause
}

// connectable are the sockets of the host that rules of the profile lead to. A
// plan that guards sockets permits those that are listed; without the guard, to
// see a socket is to be able to connect to it.
func (f *facts) connectable() []socket {
	var all []socket
	guarded := f.Plan.GuardsSockets()
	for _, e := range f.View.Explanations() {
		seen := false
		if !guarded && e.Kind == host.KindSocket {
			r, _ := f.reachAt(e.Real)
			seen = r != none
		}
		if e.Visibility == fstree.Socket || seen {
			all = append(all, socket{f.View.HostPath(e.Real), pathCause(&e)})
		}
	}
	return append(all, f.abstractNames()...)
}

// abstractNames are the listed names that mean the host's sockets. In a
// network of its own they mean the jail's, and Landlock knows no list.
func (f *facts) abstractNames() []socket {
	if f.own(unix.CLONE_NEWNET) || !f.Plan.GuardsSockets() && f.ownAbstract() {
		return nil
	}
	var all []socket
	for i := range f.Policy.Sockets {
		r := &f.Policy.Sockets[i]
		if name, ok := paths.AbstractSocket(r.Path); ok {
			all = append(all, socket{name, []Cause{socketCause(r)}})
		}
	}
	return all
}

func socketCause(r *policy.PathRule) Cause { return Cause{Rule: "sockets: " + r.Path, At: r.At} }

// connects tells whether a socket at a path of the host, or in the directory
// there, can be connected to, and by what.
func (f *facts) connects(p string, sockets []socket) ([]Cause, bool) {
	r, e := f.reachOf(p)
	if r != none && !f.Plan.GuardsSockets() {
		return pathCause(&e), true
	}
	for _, s := range sockets {
		for _, at := range [...]string{p, f.View.OnHost(p)} {
			if s.name == at || strings.HasPrefix(s.name, at+"/") {
				return s.by, true
			}
		}
	}
	return nil, false
}

// serviceCheck makes a check of whether sockets can be connected to. The paths
// are those of sockets and of directories with sockets in them.
func serviceCheck(id, doc string, weight int, escape bool, paths func(*facts) []string) Check {
	c := pathCheck(id, doc, weight, levels{}, none, paths)
	visible := c.ask
	c.assess = func(f *facts) outcome {
		list := paths(f)
		if len(list) == 0 {
			return outcome{state: NotApplicable, detail: "there is nothing of the kind on this host"}
		}
		var named []string
		o := outcome{detail: "nothing of it can be connected to"}
		sockets := f.connectable()
		for _, p := range list {
			by, ok := f.connects(p, sockets)
			if !ok {
				continue
			}
			if named = append(named, p); len(named) == 1 {
				o.by = by
			}
		}
		if o.named = len(named); o.named > 0 {
			o.badness, o.escape, o.detail = c.Range, escape, "can be connected to: "+few(named)
		}
		return o
	}
	c.ask = func(f *facts, out *Outside) []Question {
		all := visible(f, out)
		sockets := f.connectable()
		for _, p := range paths(f) {
			for _, s := range f.socketsAt(p) {
				_, ok := f.connects(s, sockets)
				for _, inside := range f.insides(s) {
					all = append(all, askSocket(inside, s, ok, out)...)
				}
			}
		}
		return all
	}
	return c
}

// socketsAt are the sockets at a path of the host: that itself, or those in
// the directory there.
func (f *facts) socketsAt(p string) []string {
	const most = 64
	switch f.Host.Files.Kind(p) {
	case host.KindSocket:
		return []string{p}
	case host.KindDir:
		var all []string
		for name, kind := range f.Host.Files.Kinds(p, most) {
			if kind == host.KindSocket {
				all = append(all, path.Join(p, name))
			}
		}
		slices.Sort(all)
		return all
	}
	return nil
}

// askSocket asks whether the socket at a path of the host, which has another one in the
// jail, can be connected to. Where nobody listens, or the caller may not connect, nothing
// can be told.
func askSocket(inside, p string, reachable bool, out *Outside) []Question {
	ask := probe.Question{Kind: probe.Socket, Name: p}
	if !socketReached(out.Answer(ask)) {
		return nil
	}
	ask.Name = inside
	return askWhether("a connection to "+p, reachable, reachConnect, reachNone, ask, socketReached)
}

// socketReached reads the answer of probe.Socket: who listens there was found,
// and is of another type in most cases.
func socketReached(answer string) bool { return answer == "=" || answer == "EPROTOTYPE" }

// abstractSockets is the outcome of the check of all abstract sockets. Names
// that are listed are few, and count for half.
func (f *facts) abstractSockets(network Cause) outcome {
	if f.Plan.GuardsSockets() {
		names := f.abstractNames()
		if len(names) == 0 {
			return outcome{detail: "connections to them are refused", by: []Cause{network}}
		}
		o := outcome{badness: 5, detail: "can be connected to: "}
		var named []string
		for _, s := range names {
			named, o.by = append(named, "@"+s.name), append(o.by, s.by...)
		}
		o.by = append(o.by, network)
		o.detail += few(named)
		return o
	}
	o := either(f.ownAbstract(), 10, "they belong to the host's network, or Landlock ends them at the jail", "those of the host's network", network)
	if r, any := f.Policy.AnySocket(); any && o.badness > 0 {
		o.by = append(o.by, socketCause(r))
	}
	o.escape = true
	return o
}
