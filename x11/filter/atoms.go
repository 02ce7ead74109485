package filter

import (
	"fmt"
	"slices"

	"github.com/jail-project/jail/x11/wire"
)

// atom is an index into atomNames.
type atom int

const (
	netWMName atom = iota
	netWMIconName
	visibleName // which taskbars prefer
	visibleIconName
	netWMPid
	supportingWMCheck
	xsettings
	netWMPing
	netActiveWindow
	wmProtocols
	wmTakeFocus
	xdndEnter
	xdndPosition
	xdndLeave
	xdndDrop
	xdndStatus
	xdndFinished
	xdndAware
	xdndProxy
	xdndTypeList
	xdndActionList
	multiple
	firstSettings // ..., the selections that hold settings
	compositor
	clipboard
	xdndSelection
	firstMessage      // messages to the root window about an own window
	firstRoot    atom = firstMessage + 13
	atomCount    atom = firstRoot + 13
)

// atomNames are the names of atoms that the filter knows.
var atomNames = [...]string{
	netWMName: "_NET_WM_NAME", netWMIconName: "_NET_WM_ICON_NAME",
	visibleName: "_NET_WM_VISIBLE_NAME", visibleIconName: "_NET_WM_VISIBLE_ICON_NAME", netWMPid: "_NET_WM_PID",
	supportingWMCheck: "_NET_SUPPORTING_WM_CHECK", xsettings: "_XSETTINGS_SETTINGS",
	netWMPing: "_NET_WM_PING", netActiveWindow: "_NET_ACTIVE_WINDOW",
	wmProtocols: "WM_PROTOCOLS", wmTakeFocus: "WM_TAKE_FOCUS",
	xdndEnter: "XdndEnter", xdndPosition: "XdndPosition", xdndLeave: "XdndLeave", xdndDrop: "XdndDrop",
	xdndStatus: "XdndStatus", xdndFinished: "XdndFinished", xdndAware: "XdndAware", xdndProxy: "XdndProxy",
	xdndTypeList: "XdndTypeList", xdndActionList: "XdndActionList", multiple: "MULTIPLE",
	firstSettings: "_XSETTINGS_S0", compositor: "_NET_WM_CM_S0",
	clipboard: "CLIPBOARD", xdndSelection: "XdndSelection",

	firstMessage: "_NET_WM_STATE", "_NET_WM_MOVERESIZE", "_NET_MOVERESIZE_WINDOW", "_NET_WM_DESKTOP",
	"_NET_REQUEST_FRAME_EXTENTS", "_NET_WM_FULLSCREEN_MONITORS", "_NET_CLOSE_WINDOW",
	"_NET_WM_FULL_PLACEMENT", "_GTK_SHOW_WINDOW_MENU", "WM_CHANGE_STATE", "_NET_WM_BYPASS_COMPOSITOR",
	"_MOTIF_WM_MESSAGES", "_NET_WM_WINDOW_OPACITY",

	// What a jail may read of the root window. Not: which windows there are, which one is
	// active, CUT_BUFFER0, and the addresses and cookies of services that some put there.
	firstRoot: "_NET_SUPPORTED", "_NET_WORKAREA", "_NET_CURRENT_DESKTOP", "_NET_NUMBER_OF_DESKTOPS",
	"_NET_DESKTOP_GEOMETRY", "_NET_DESKTOP_VIEWPORT", "_XKB_RULES_NAMES", "_GTK_WORKAREAS",
	"_GTK_WORKAREAS_D0", "_MOTIF_WM_INFO", "_ICC_PROFILE", "SCREEN_RESOURCES", "_NET_SHOWING_DESKTOP",
}

// atoms are the atoms of atomNames on one server.
type atoms [atomCount]uint32

// is tells whether an atom is one of those named.
func (a *atoms) is(v uint32, names ...atom) bool {
	for _, name := range names {
		if a[name] == v {
			return true
		}
	}
	return false
}

func (a *atoms) between(v uint32, from, to atom) bool {
	return slices.Contains(a[from:to], v)
}

// ofRoot tells whether a jail may read a property of a root window, and hear of its changes.
func (d *display) ofRoot(property uint32) bool {
	return property == wire.AtomResources || d.atoms[supportingWMCheck] == property || d.atoms.between(property, firstRoot, atomCount)
}

// toRoot tells whether a message about an own window may be sent to a root window.
func (d *display) toRoot(message uint32) bool {
	return d.atoms.between(message, firstMessage, firstRoot) || d.atoms[netActiveWindow] == message
}

// learnAtoms asks for all atoms. The private selections have the base of the filter's own
// connection in their names, which no other jail has at the same time.
func (d *display) learnAtoms(base uint32) error {
	known, err := d.ask.intern(atomNames[:])
	if err != nil {
		return err
	}
	copy(d.atoms[:], known)
	names := make([]string, selectionCount)
	for i := range names {
		names[i] = fmt.Sprintf("_JAIL_%X_%d", base, i)
	}
	private, err := d.ask.intern(names)
	if err != nil {
		return err
	}
	o := &d.f.o
	d.selections = [...]selection{
		{public: d.atoms[clipboard], crossing: o.Clipboard, what: "clipboard"},
		{public: wire.AtomPrimary, crossing: o.Primary, what: "primary selection"},
		{public: wire.AtomSecondary, crossing: o.Primary, what: "primary selection"},
		{public: d.atoms[xdndSelection], crossing: o.Drag, what: "drag and drop"},
	}
	for i := range d.selections {
		d.selections[i].private = private[i]
	}
	return nil
}
