package filter

import (
	"github.com/jail-project/jail/x11/rules"
	"github.com/jail-project/jail/x11/wire"
)

// special is what a row asks for beside the check of its ids. A verdict of pass may come with
// changes in the request, and says by r.kind what is to become of the reply.
func (c *client) special(r *request, row *row) verdict {
	switch row.Do {
	case rules.Refuse:
		return deny
	case rules.DestroyWindow, rules.CreatePicture, rules.FreePicture:
		c.note(r, row.Do)
	case rules.ForgetDelete6:
		r.b[6] = 0
	case rules.ForgetDelete21:
		r.b[21] = 0
	case rules.ForgetDelete24:
		r.b[24] = 0
	case rules.CreateWindow:
		return c.createWindow(r)
	case rules.ChangeWindowAttributes:
		return c.changeAttributes(r)
	case rules.ChangeProperty:
		return c.changeProperty(r)
	case rules.DeleteProperty:
		return c.deleteProperty(r)
	case rules.GetProperty:
		return c.getProperty(r)
	case rules.ListProperties:
		return c.listProperties(r)
	case rules.SetSelection, rules.GetSelection, rules.ConvertSelection, rules.SelectSelectionInput:
		return c.selection(r, row.Do)
	case rules.KillClient:
		c.d.kill(wire.U32(r.b[4:]))
		r.quiet = true
		return deny
	case rules.SendEvent:
		return c.sendEvent(r)
	case rules.QueryExtension:
		return c.queryExtension(r)
	case rules.Text8, rules.Text16:
		return c.text(r, row.Do == rules.Text16)
	case rules.Glyphs8, rules.Glyphs16, rules.Glyphs32:
		return c.glyphs(r, 1<<(row.Do-rules.Glyphs8))
	case rules.DescriptorsAt12:
		r.take = int(r.b[12])
	case rules.BigRequests:
		c.big = true
		r.kind = bigRequests
	default:
		return c.input(r, row.Do)
	}
	return pass
}

// input is special for what has to do with input, and for what only marks the reply.
func (c *client) input(r *request, do rules.Special) verdict {
	switch do {
	case rules.GrabPointer:
		return c.whenNow(c.d.isUsed)
	case rules.GrabKeyboard:
		v := c.whenNow(c.d.hasFocus)
		if v == pass {
			c.hold(r)
		}
		return v
	case rules.SetInputFocus:
		return c.whenNow(c.d.isUsed)
	case rules.WarpPointer:
		return c.whenNow(func() bool { return c.d.hasPointer() || c.d.hasFocus() })
	case rules.MotionEvents:
		// The first millisecond of the server's time.
		wire.PutU32(r.b[8:], 1)
		wire.PutU32(r.b[12:], 1)
	case rules.XISelectEvents:
		return c.selectEvents(r)
	case rules.SelectExtensionEvent:
		return c.selectClasses(r)
	case rules.XIPassiveGrab:
		return passiveGrab(r)
	case rules.XkbPerClientFlags:
		// The flag AutoResetControls would change controls of the keyboard when the client ends.
		const flags = 1<<0 | 1<<1 | 1<<3 | 1<<4
		wire.PutU32(r.b[8:], wire.U32(r.b[8:])&flags)
		clear(r.b[16:28])
	default:
		r.kind = kindOf(do)
	}
	return pass
}

func when(allowed bool) verdict {
	if allowed {
		return pass
	}
	return deny
}

// kindOf is what becomes of the reply to a request whose row says no more than that.
func kindOf(do rules.Special) replyKind {
	switch do {
	case rules.QueryTree:
		return queryTree
	case rules.QueryPointer:
		return pointer
	case rules.XIQueryPointer:
		return xiPointer
	case rules.XIQueryDevice:
		return xiDevices
	case rules.TranslateCoordinates:
		return translate
	case rules.GetInputFocus, rules.XIGetFocus:
		return focus
	case rules.QueryKeymap:
		return keymap
	case rules.XkbGetState:
		return xkbState
	case rules.ManyReplies:
		return many
	case rules.ListExtensions:
		return extensionList
	}
	return plain
}

// queryExtension overwrites the name of an extension that the jail does not see, so that the
// server itself says that there is none.
func (c *client) queryExtension(r *request) verdict {
	n := int(wire.U16(r.b[4:]))
	if 8+n > r.n {
		r.denied = rules.BadLength
		return deny
	}
	name := r.b[8 : 8+n]
	if !c.d.sees(name) {
		for i := range name {
			name[i] = '~'
		}
	}
	return pass
}

// sees tells whether the jail sees an extension.
func (d *display) sees(name []byte) bool {
	for i := range d.f.extensions {
		if e := &d.f.extensions[i]; e.Name == string(name) {
			return !e.GPU || d.f.o.GPU
		}
	}
	return false
}

// text checks the fonts that a text changes to: an item of length 255 is followed by the id of
// a font, most significant byte first, and all other items are a delta and a string.
func (c *client) text(r *request, wide bool) verdict {
	for at := 16; at+2 <= r.n; {
		switch n := int(r.b[at]); {
		case n == 255:
			if at+5 > r.n {
				r.denied = rules.BadLength
				return deny
			}
			f := r.b[at+1:]
			r.value = uint32(f[0])<<24 | uint32(f[1])<<16 | uint32(f[2])<<8 | uint32(f[3])
			if !c.d.isOwn(r.value) {
				return deny
			}
			at += 5
		case wide:
			at += 2 + 2*n
		default:
			at += 2 + n
		}
	}
	return pass
}

// glyphs checks the glyph sets that a text of RENDER changes to: an element of length 255 is
// followed by the id of one, after its other seven bytes. Each element is padded.
func (c *client) glyphs(r *request, size int) verdict {
	for at := 28; at+8 <= r.n; {
		n := int(r.b[at])
		at += 8
		if n != 255 {
			at += wire.Pad(n * size)
			continue
		}
		if at+4 > r.n {
			r.denied = rules.BadLength
			return deny
		}
		if r.value = wire.U32(r.b[at:]); !c.d.isOwn(r.value) {
			return deny
		}
		at += 4
	}
	return pass
}

// Numbers of devices of XInput 2 (XI2proto.txt).
const (
	allMasters   = 1 // XIAllMasterDevices
	coreKeyboard = 3 // the server makes it as the second one, after the core pointer
)

// focused tells whether the keys of a device go to the focus. Those of the devices behind the
// core keyboard go to the window at the pointer.
func focused(device uint16) bool { return device == allMasters || device == coreKeyboard }

// selectEvents takes those of the root window that tell what others type and do: key presses,
// buttons, motion, and the raw events of devices (XI2proto.txt). What is left says which
// devices there are. Of own windows it takes the keys that do not go to the focus.
func (c *client) selectEvents(r *request) verdict {
	own := c.d.isOwn(wire.U32(r.b[4:]))
	at := 12
	for range wire.U16(r.b[8:]) {
		if at+4 > r.n {
			break
		}
		device, n := wire.U16(r.b[at:]), 4*int(wire.U16(r.b[at+2:]))
		at += 4
		if at+n > r.n {
			r.denied = rules.BadLength
			return deny
		}
		switch mask := r.b[at : at+n]; {
		case !own:
			keepDevices(mask)
		case !focused(device) && n > 0:
			mask[0] &^= 1<<2 | 1<<3 // KeyPress, KeyRelease
		}
		at += n
	}
	return pass
}

// keepDevices leaves in a mask of XInput 2 what is about devices, not about input.
func keepDevices(mask []byte) {
	const kept = 1<<1 | 1<<11 | 1<<12 // DeviceChanged, HierarchyChanged, PropertyEvent
	for i := range mask {
		switch i {
		case 0:
			mask[i] &= kept & 0xff
		case 1:
			mask[i] &= kept >> 8
		default:
			mask[i] = 0
		}
	}
}

// selectClasses refuses the keys of a device by XInput 1, whose classes are made of a device
// and the number of an event: DeviceKeyPress and DeviceKeyRelease are the extension's second
// and third.
func (c *client) selectClasses(r *request) verdict {
	for at := 12; at+4 <= r.n; at += 4 {
		if n := r.b[at] - c.d.xinputEvent; n == 1 || n == 2 {
			return deny
		}
	}
	return pass
}

// passiveGrab tells whether a passive grab of XInput 2 is one of buttons, or the like, or of a
// keyboard whose keys go to the focus.
func passiveGrab(r *request) verdict {
	const keycode, focusIn = 1, 3
	kind := r.b[26]
	return when(kind != keycode && kind != focusIn || focused(wire.U16(r.b[20:])))
}
