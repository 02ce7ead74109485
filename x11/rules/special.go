package rules

// Special names the treatment that a request gets beside the check of its ids. The code
// for each is in package x11/filter.
type Special uint8

// Those from NeedWhole on look at the whole request.
const (
	Nothing Special = iota
	Refuse          // never forwarded

	ForgetDelete21 // clear byte 21, by which GetDeviceProperty would delete the property
	ForgetDelete24 // clear byte 24, likewise
	ForgetDelete6  // clear byte 6, likewise
	QueryTree      // of the children, the jail's own; of the parent, own or the root
	DeleteProperty // of an own window, or where a selection was asked for
	GetProperty    // some of the root's and of the window manager's
	ListProperties // of a root window: none
	SetSelection   // by the policy for the selection
	GetSelection   // likewise
	ConvertSelection
	SendEvent
	GrabPointer // only while the jail has the focus or got input just now
	GrabKeyboard
	QueryPointer // the true position only while the pointer is in a window of the jail
	MotionEvents // none
	TranslateCoordinates
	WarpPointer
	SetInputFocus
	GetInputFocus // foreign windows become PointerRoot
	QueryKeymap   // zeros unless the jail has the focus
	ManyReplies   // a reply for each font, and a last one
	ListExtensions
	BigRequests
	SelectSelectionInput
	XIQueryPointer
	XIGetFocus
	XkbGetState
	XkbPerClientFlags
	DescriptorsAt12 // as many descriptors as byte 12 says

	CreateWindow
	ChangeWindowAttributes
	ChangeProperty
	QueryExtension
	Text8  // changes of the font within the text
	Text16 // likewise
	Glyphs8
	Glyphs16
	Glyphs32
	XISelectEvents
)

func (s Special) whole() bool { return s >= CreateWindow }
