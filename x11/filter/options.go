package filter

import "net"

// Mode is when something may cross the border between a jail and the host.
type Mode uint8

// The zero value is the strictest.
const (
	Deny  Mode = iota
	OnKey      // for two seconds after the user pressed a key with Control or Shift, or the middle button, in a window of the jail
	Ask        // Options.Ask decides
	Allow
)

// always tells whether the mode decides the same at any time.
func (m Mode) always() bool { return m == Deny || m == Allow }

// Crossing are the modes of one kind of data, each direction apart.
type Crossing struct {
	In  Mode // from the host into the jail: paste, drop
	Out Mode // from the jail to the host: copy, drag
}

// Options are what a filter is told. Dial is needed, all else may be zero.
type Options struct {
	// Name is the name of the jail, for the titles of its windows and for questions.
	Name string
	// Dial connects to the host's X server.
	Dial func() (*net.UnixConn, error)
	// Cookie is the MIT-MAGIC-COOKIE-1 for it. Without, no authorization is named.
	Cookie []byte

	Clipboard Crossing // the selection CLIPBOARD
	Primary   Crossing // the selections PRIMARY and SECONDARY
	Drag      Crossing // drag and drop: XdndSelection, and the messages of the protocol Xdnd

	// Ask answers for the mode Ask, and may take its time: the client waits, and nobody else.
	// Without it the answer is no.
	Ask func(Question) bool

	// MarkTitles puts the name in brackets before all titles of windows.
	MarkTitles bool
	// GPU shows the extensions GLX and DRI3.
	GPU bool

	// Log, if it is set, is told in a line why a connection was ended. It may be called by
	// several goroutines at a time.
	Log func(string)
}

// Question is what Ask is asked.
type Question struct {
	Jail string
	What string // "clipboard", "primary selection" or "drag and drop"
	Out  bool   // from the jail to the host
}
