package score

import (
	"slices"
	"strings"

	"github.com/jail-project/jail/display"
	"github.com/jail-project/jail/policy"
	"github.com/jail-project/jail/policy/paths"
	"github.com/jail-project/jail/score/probe"
)

// What a display is worth out of the range of its check. A filter leaves windows that can
// look like those of others, and the clipboard as far as it is open; a client that the
// server does not trust sees titles, the clipboard and other such clients.
const (
	filteredBadness  = 1
	clipboardBadness = 1 // in each direction at any time
	untrustedBadness = 6
)

// displayCheck is about X servers: the display that the profile asks for, and those to
// which entries of sockets lead.
func displayCheck() Check {
	c := serviceCheck("x11", "the X11 display, on which every program sees every key, is out of reach", 30, true, fixed(display.Dir))
	reach, ask := c.assess, c.ask
	c.ask = func(f *facts, out *Outside) []Question {
		questions := ask(f, out)
		if f.View.Screen.Listens() {
			questions = without(questions, display.Socket)
		}
		return questions
	}
	c.assess = func(f *facts) outcome {
		d := &f.Policy.Display
		if o := reach(f); o.escape && (f.View.Screen.Mode != display.Untrusted || f.listsServers()) {
			return o // an entry of sockets leads there, or display.x11: host does
		}
		by := leaf("display.x11", d.X11.V, d.X11.Origin)
		if f.View.Screen.Own() {
			return outcome{detail: "a server for this jail alone, which is confined as well", by: []Cause{by}}
		}
		switch f.View.Screen.Mode {
		case display.Filtered:
			o := outcome{badness: filteredBadness, detail: "a filter shows the program its own windows only", by: []Cause{by}}
			if d.Clipboard.In.V == "allow" {
				o.badness += clipboardBadness
				o.detail += ", and what others copy at any time"
				o.by = append(o.by, leaf("display.clipboard.in", d.Clipboard.In.V, d.Clipboard.In.Origin))
			}
			if d.Clipboard.Out.V == "allow" {
				o.badness += clipboardBadness
				o.detail += ", and it can replace what is copied"
				o.by = append(o.by, leaf("display.clipboard.out", d.Clipboard.Out.V, d.Clipboard.Out.Origin))
			}
			return o
		case display.Untrusted:
			return outcome{badness: untrustedBadness, detail: "as a client that the server does not trust: titles, the clipboard and other such clients are in reach", by: []Cause{by}}
		}
		return reach(f)
	}
	return c
}

// waylandCheck is about Wayland compositors: that of display.wayland, and those to which
// entries of sockets lead.
func waylandCheck() Check {
	c := serviceCheck("wayland", "the Wayland display is out of reach", 5, false, below(runtimeOf, "wayland-0", "wayland-1"))
	reach, ask := c.assess, c.ask
	c.ask = func(f *facts, out *Outside) []Question {
		questions := ask(f, out)
		if at := &f.View.Compositor; at.Confined {
			questions = without(questions, at.Inside())
		}
		return questions
	}
	c.assess = func(f *facts) outcome {
		d, at := &f.Policy.Display, &f.View.Compositor
		by := leaf("display.wayland", d.Wayland.V, d.Wayland.Origin)
		switch {
		case at.Confined:
			return outcome{badness: confinedBadness, detail: "the compositor knows that a sandbox is behind the socket, and offers what it leaves to those", by: []Cause{by}}
		case at.Socket != "":
			return outcome{badness: sharedBadness, detail: "the compositor takes the program for one outside of a sandbox", by: []Cause{by}}
		}
		return reach(f)
	}
	return c
}

// What a compositor is worth out of the 5 of its check.
const (
	confinedBadness = 1
	sharedBadness   = 5
)

// without are the questions but for those about a socket, which is the jail's own whatever
// the host has there.
func without(questions []Question, socket string) []Question {
	return slices.DeleteFunc(questions, func(q Question) bool { return q.Ask.Kind == probe.Socket && q.Ask.Name == socket })
}

// listsServers tells whether entries of sockets lead to X servers, whatever the display is.
func (f *facts) listsServers() bool {
	return slices.ContainsFunc(f.Policy.Sockets, func(s policy.PathRule) bool {
		return s.Path == paths.AnySocket || strings.HasPrefix(strings.TrimPrefix(s.Path, "@"), display.Dir)
	})
}
