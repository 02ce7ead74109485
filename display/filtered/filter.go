package filtered

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/jail-project/jail/display"
	"github.com/jail-project/jail/x11/filter"
)

// options are what the filter of a jail is told.
func options(set *display.Setting) filter.Options {
	copied := filter.Crossing{In: mode(set.In), Out: mode(set.Out)}
	o := filter.Options{
		Name: set.Profile, Cookie: set.Cookie.Data, MarkTitles: set.Titles, GPU: set.GPU,
		Clipboard: copied, Primary: copied,
		Dial: func() (*net.UnixConn, error) {
			return net.DialUnix("unix", nil, &net.UnixAddr{Net: "unix", Name: set.Server})
		},
	}
	// No key is pressed for what is dragged.
	if set.In == "allow" {
		o.Drag.In = filter.Allow
	}
	if set.Out == "allow" {
		o.Drag.Out = filter.Allow
	}
	return o
}

// mode is a word of display.clipboard. What is unknown is denied.
func mode(word string) filter.Mode {
	switch word {
	case "on-key":
		return filter.OnKey
	case "allow":
		return filter.Allow
	}
	return filter.Deny
}

// routine tells whether a request is one that toolkits make in every run and do without.
func routine(name string) bool {
	switch name {
	case "GrabServer", "UngrabServer", // GTK, around what others might change
		"ShmAttach", "ShmDetach", // probed once, then pixels are sent
		"GetGeometry", "GetWindowAttributes": // of windows of the window manager
		return true
	}
	return false
}

// lines are what was denied, as the launcher reads it: a count and a name, the most
// frequent ones first. What is routine would be told after every run.
func lines(denied map[string]int) []byte {
	maps.DeleteFunc(denied, func(name string, _ int) bool { return routine(name) })
	names := slices.SortedFunc(maps.Keys(denied), func(a, b string) int {
		return cmp.Or(denied[b]-denied[a], strings.Compare(a, b))
	})
	out := []byte{}
	for _, name := range names {
		out = fmt.Appendf(out, "%d %s\n", denied[name], name)
	}
	return out
}
