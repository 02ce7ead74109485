package rules

// Extension is one that jails see. All others do not exist for them.
type Extension struct {
	// Name is the one that QueryExtension takes.
	Name string
	// GPU says that jails see it only if their profile gives them the GPU.
	GPU      bool
	requests []Request
}

// NewExtension makes one of rows by their minor opcodes, for tests of what happens if a rule
// is not there.
func NewExtension(name string, requests []Request) Extension {
	return Extension{Name: name, requests: requests}
}

// Request is the row of a request of the extension by its minor opcode, or nil.
func (e *Extension) Request(minor byte) *Request {
	if int(minor) >= len(e.requests) || e.requests[minor].Name == "" {
		return nil
	}
	return &e.requests[minor]
}

// Names that the filter needs, because events or requests of these extensions get a
// special treatment.
const (
	XFixes = "XFIXES"
	XInput = "XInputExtension"
	Xkb    = "XKEYBOARD"
)

// Extensions are all that jails may see, in no order that means anything. RECORD, XTEST,
// SECURITY, X-Resource, DRI2, XVideo, DPMS and MIT-SCREEN-SAVER are not here: they record or
// make input, see all clients, or set what belongs to the whole display.
func Extensions() []Extension { return extensions[:] }

var extensions = [...]Extension{
	{Name: "BIG-REQUESTS", requests: bigRequests[:]},
	{Name: "XC-MISC", requests: xcMisc[:]},
	{Name: "Generic Event Extension", requests: genericEvent[:]},
	{Name: "XINERAMA", requests: xinerama[:]},
	{Name: "MIT-SHM", requests: shm[:]},
	{Name: "RENDER", requests: render[:]},
	{Name: "SHAPE", requests: shape[:]},
	{Name: "DAMAGE", requests: damage[:]},
	{Name: "DOUBLE-BUFFER", requests: doubleBuffer[:]},
	{Name: XFixes, requests: xfixes[:]},
	{Name: "RANDR", requests: randr[:]},
	{Name: XInput, requests: xinput[:]},
	{Name: Xkb, requests: xkb[:]},
	{Name: "SYNC", requests: sync[:]},
	{Name: "Composite", requests: composite[:]},
	{Name: "Present", requests: present[:]},
	{Name: "DRI3", GPU: true, requests: dri3[:]},
	{Name: "GLX", GPU: true, requests: glx[:]},
}

var bigRequests = [...]Request{
	0: {Name: "BigReqEnable", Size: 4, Reply: true, Denied: BadRequest, Do: BigRequests},
}

// The ids that XC-MISC gives out are of the connection's own base.
var xcMisc = [...]Request{
	0: {Name: "XCMiscGetVersion", Size: 8, Reply: true, Denied: BadRequest},
	1: {Name: "XCMiscGetXIDRange", Size: 4, Reply: true, Denied: BadRequest},
	2: {Name: "XCMiscGetXIDList", Size: 8, Reply: true, Denied: BadRequest},
}

var genericEvent = [...]Request{
	0: {Name: "GEQueryVersion", Size: 8, Reply: true, Denied: BadRequest},
}

var xinerama = [...]Request{
	0: {Name: "PanoramiXQueryVersion", Size: 8, Reply: true, Denied: BadRequest},
	1: {Name: "PanoramiXGetState", Size: 8, Reply: true, IDs: []ID{{At: 4, Is: OwnOrRoot}}, Denied: BadWindow},
	2: {Name: "PanoramiXGetScreenCount", Size: 8, Reply: true, IDs: []ID{{At: 4, Is: OwnOrRoot}}, Denied: BadWindow},
	3: {Name: "PanoramiXGetScreenSize", Size: 12, Reply: true, IDs: []ID{{At: 4, Is: OwnOrRoot}}, Denied: BadWindow},
	4: {Name: "XineramaIsActive", Size: 4, Reply: true, Denied: BadRequest},
	5: {Name: "XineramaQueryScreens", Size: 4, Reply: true, Denied: BadRequest},
}

// shm is MIT-SHM. The server judges a segment of System V (ShmAttach) by who is connected,
// which is the filter and not the jail. Toolkits try it once, and go on without.
var shm = [...]Request{
	0: {Name: "ShmQueryVersion", Size: 4, Reply: true, Denied: BadRequest},
	1: {Name: "ShmAttach", Size: 16, Denied: BadAccess, Do: Refuse},
	2: {Name: "ShmDetach", Size: 8, IDs: []ID{{At: 4}}},
	3: {Name: "ShmPutImage", Size: 40, IDs: []ID{{At: 4}, {At: 8}, {At: 32}}},
	4: {Name: "ShmGetImage", Size: 32, Reply: true, IDs: []ID{{At: 4}, {At: 24}}, Denied: BadMatch},
	5: {Name: "ShmCreatePixmap", Size: 28, IDs: []ID{{At: 4}, {At: 8, Is: OwnOrRoot}, {At: 20}}},
	6: {Name: "ShmAttachFd", Size: 12, IDs: []ID{{At: 4}}, Denied: BadAccess, Descriptors: 1},
	7: {Name: "ShmCreateSegment", Size: 16, Reply: true, IDs: []ID{{At: 4}}, Denied: BadAccess, Returned: true},
}

var shape = [...]Request{
	0: {Name: "ShapeQueryVersion", Size: 4, Reply: true, Denied: BadRequest},
	1: {Name: "ShapeRectangles", Size: 16, IDs: []ID{{At: 8}}},
	2: {Name: "ShapeMask", Size: 20, IDs: []ID{{At: 8}, {At: 16, Is: OwnOrNone}}},
	3: {Name: "ShapeCombine", Size: 20, IDs: []ID{{At: 8}, {At: 16}}},
	4: {Name: "ShapeOffset", Size: 16, IDs: []ID{{At: 8}}},
	5: {Name: "ShapeQueryExtents", Size: 8, Reply: true, IDs: []ID{{At: 4}}, Denied: BadWindow},
	6: {Name: "ShapeSelectInput", Size: 12, IDs: []ID{{At: 4}}},
	7: {Name: "ShapeInputSelected", Size: 8, Reply: true, IDs: []ID{{At: 4}}, Denied: BadWindow},
	8: {Name: "ShapeGetRectangles", Size: 12, Reply: true, IDs: []ID{{At: 4}}, Denied: BadWindow},
}

var damage = [...]Request{
	0: {Name: "DamageQueryVersion", Size: 12, Reply: true, Denied: BadRequest},
	1: {Name: "DamageCreate", Size: 16, IDs: []ID{{At: 4}, {At: 8}}},
	2: {Name: "DamageDestroy", Size: 8, IDs: []ID{{At: 4}}},
	3: {Name: "DamageSubtract", Size: 16, IDs: []ID{{At: 4}, {At: 8, Is: OwnOrNone}, {At: 12, Is: OwnOrNone}}},
	4: {Name: "DamageAdd", Size: 12, IDs: []ID{{At: 4}, {At: 8}}},
}

var doubleBuffer = [...]Request{
	0: {Name: "DbeGetVersion", Size: 8, Reply: true, Denied: BadRequest},
	1: {Name: "DbeAllocateBackBufferName", Size: 16, IDs: []ID{{At: 4}, {At: 8}}},
	2: {Name: "DbeDeallocateBackBufferName", Size: 8, IDs: []ID{{At: 4}}},
	3: {Name: "DbeSwapBuffers", Size: 8, IDs: []ID{{At: 8, Step: 8}}},
	4: {Name: "DbeBeginIdiom", Size: 4},
	5: {Name: "DbeEndIdiom", Size: 4},
	6: {Name: "DbeGetVisualInfo", Size: 8, Reply: true, IDs: []ID{{At: 8, Step: 4, Is: OwnOrRoot}}, Denied: BadDrawable},
	7: {Name: "DbeGetBackBufferAttributes", Size: 8, Reply: true, IDs: []ID{{At: 4}}, Denied: BadValue},
}

// The counters of the server itself are not a jail's: one of them is how long the user has
// been idle.
var sync = [...]Request{
	0:  {Name: "SyncInitialize", Size: 8, Reply: true, Denied: BadRequest},
	1:  {Name: "SyncListSystemCounters", Size: 4, Reply: true, Denied: BadRequest},
	2:  {Name: "SyncCreateCounter", Size: 16, IDs: []ID{{At: 4}}},
	3:  {Name: "SyncSetCounter", Size: 16, IDs: []ID{{At: 4}}},
	4:  {Name: "SyncChangeCounter", Size: 16, IDs: []ID{{At: 4}}},
	5:  {Name: "SyncQueryCounter", Size: 8, Reply: true, IDs: []ID{{At: 4}}, Denied: BadAccess},
	6:  {Name: "SyncDestroyCounter", Size: 8, IDs: []ID{{At: 4}}},
	7:  {Name: "SyncAwait", Size: 4, IDs: []ID{{At: 4, Step: 28, Is: OwnOrNone}}},
	8:  {Name: "SyncCreateAlarm", Size: 12, IDs: []ID{{At: 4}, {At: 12, Mask: 8, Bit: 0, Is: OwnOrNone}}},
	9:  {Name: "SyncChangeAlarm", Size: 12, IDs: []ID{{At: 4}, {At: 12, Mask: 8, Bit: 0, Is: OwnOrNone}}},
	10: {Name: "SyncQueryAlarm", Size: 8, Reply: true, IDs: []ID{{At: 4}}, Denied: BadAccess},
	11: {Name: "SyncDestroyAlarm", Size: 8, IDs: []ID{{At: 4}}},
	12: {Name: "SyncSetPriority", Size: 12, Do: Refuse},
	13: {Name: "SyncGetPriority", Size: 8, Reply: true, IDs: []ID{{At: 4, Is: OwnOrNone}}, Denied: BadAccess},
	14: {Name: "SyncCreateFence", Size: 16, IDs: []ID{{At: 4, Is: OwnOrRoot}, {At: 8}}},
	15: {Name: "SyncTriggerFence", Size: 8, IDs: []ID{{At: 4}}},
	16: {Name: "SyncResetFence", Size: 8, IDs: []ID{{At: 4}}},
	17: {Name: "SyncDestroyFence", Size: 8, IDs: []ID{{At: 4}}},
	18: {Name: "SyncQueryFence", Size: 8, Reply: true, IDs: []ID{{At: 4}}, Denied: BadAccess},
	19: {Name: "SyncAwaitFence", Size: 4, IDs: []ID{{At: 4, Step: 4}}},
}

// composite leaves out the overlay window, and with it the picture of the whole screen. The
// pixmap of an own window starts as a copy of the screen (compNewPixmap of the server), and
// outside of the window's shape it stays one.
var composite = [...]Request{
	0: {Name: "CompositeQueryVersion", Size: 12, Reply: true, Denied: BadRequest},
	1: {Name: "CompositeRedirectWindow", Size: 12, IDs: []ID{{At: 4}}},
	2: {Name: "CompositeRedirectSubwindows", Size: 12, IDs: []ID{{At: 4}}},
	3: {Name: "CompositeUnredirectWindow", Size: 12, IDs: []ID{{At: 4}}},
	4: {Name: "CompositeUnredirectSubwindows", Size: 12, IDs: []ID{{At: 4}}},
	5: {Name: "CompositeCreateRegionFromBorderClip", Size: 12, IDs: []ID{{At: 4}, {At: 8}}},
	6: {Name: "CompositeNameWindowPixmap", Size: 12, Do: Refuse},
	7: {Name: "CompositeGetOverlayWindow", Size: 8, Reply: true, Denied: BadAccess, Do: Refuse},
	8: {Name: "CompositeReleaseOverlayWindow", Size: 8, Do: Refuse},
}

var present = [...]Request{
	0: {Name: "PresentQueryVersion", Size: 12, Reply: true, Denied: BadRequest},
	1: {Name: "PresentPixmap", Size: 72, IDs: []ID{
		{At: 4},
		{At: 8},
		{At: 16, Is: OwnOrNone},
		{At: 20, Is: OwnOrNone},
		{At: 28, Is: OwnOrServer},
		{At: 32, Is: OwnOrNone},
		{At: 36, Is: OwnOrNone},
		{At: 72, Step: 8},
	}},
	2: {Name: "PresentNotifyMSC", Size: 40, IDs: []ID{{At: 4}}},
	3: {Name: "PresentSelectInput", Size: 16, IDs: []ID{{At: 4}, {At: 8}}},
	4: {Name: "PresentQueryCapabilities", Size: 8, Reply: true, IDs: []ID{{At: 4, Is: OwnOrServer}}, Denied: BadWindow},
	5: {Name: "PresentPixmapSynced", Size: 88, IDs: []ID{
		{At: 4},
		{At: 8},
		{At: 16, Is: OwnOrNone},
		{At: 20, Is: OwnOrNone},
		{At: 28, Is: OwnOrServer},
		{At: 32, Is: OwnOrNone},
		{At: 36, Is: OwnOrNone},
		{At: 88, Step: 8},
	}},
}
