package rules

// Special names the treatment that a request gets beside the check of its ids. The code
// for each is in package x11/filter.
type Special uint8

// Those from CreateWindow on look at the whole request, the others at its fixed part.
const (
	Nothing Special = iota
	Refuse          // never forwarded

	DestroyWindow // noted: see Source
	CreatePicture // likewise
	FreePicture   // likewise

	ForgetDelete21 // clear byte 21, by which GetDeviceProperty would delete the property
	ForgetDelete24 // clear byte 24, likewise
	ForgetDelete6  // clear byte 6, likewise
	QueryTree      // of the children, the jail's own; of the parent, own or the root
	ChangeProperty // of an own window, or where a selection was asked for; titles are marked
	DeleteProperty // likewise
	GetProperty    // some of the root's and of the window manager's
	ListProperties // of a root window: none
	SetSelection   // by the policy for the selection
	GetSelection   // likewise
	ConvertSelection
	SendEvent            // to the jail; to the window manager about own windows; to who asked for a selection
	GrabPointer          // only while the jail has the focus or got input just now
	GrabKeyboard         // only while the jail has the focus
	QueryPointer         // the true position only while the pointer is in a window of the jail
	MotionEvents         // none
	TranslateCoordinates // a foreign child becomes none
	WarpPointer          // only while the pointer or the focus is in a window of the jail
	KillClient           // the filter ends the connection, in its order
	SetInputFocus        // like GrabPointer
	GetInputFocus        // foreign windows become PointerRoot
	QueryKeymap          // zeros unless the jail has the focus
	ManyReplies          // a reply for each font, and a last one
	ListExtensions       // only those that the jail sees
	BigRequests          // from now on a length may have 32 bits
	SelectSelectionInput // by the policy for the selection
	XIQueryPointer       // like QueryPointer
	XIQueryDevice        // likewise: the axes of a pointer have its position
	XIGetFocus           // like GetInputFocus
	XkbGetState          // without modifiers, unless the jail has the focus
	XkbPerClientFlags    // without AutoResetControls
	XIPassiveGrab        // of keys only for the core keyboard
	DescriptorsAt12      // as many descriptors as byte 12 says

	CreateWindow           // gets a background
	ChangeWindowAttributes // keeps one; of others only some events are selected
	QueryExtension         // hidden ones do not exist
	Text8                  // changes of the font within the text
	Text16                 // likewise
	Glyphs8                // changes of the glyph set within the text
	Glyphs16               // likewise
	Glyphs32               // likewise
	XISelectEvents         // of a root window, nothing that tells of input; keys of the core keyboard only
	SelectExtensionEvent   // no keys
)

func (s Special) whole() bool { return s >= CreateWindow }
