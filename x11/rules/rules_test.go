package rules

import "testing"

// each calls f for every row there is.
func each(f func(extension string, opcode byte, r *Request)) {
	for opcode := range 256 {
		if r := Core(byte(opcode)); r != nil {
			f("", byte(opcode), r)
		}
	}
	for _, e := range Extensions() {
		for minor := range 256 {
			if r := e.Request(byte(minor)); r != nil {
				f(e.Name, byte(minor), r)
			}
		}
	}
}

// broken says what is wrong with a row.
func broken(r *Request) string {
	_, isError := r.Denied.Error()
	_, _, isReply := r.Denied.Reply()
	switch {
	case r.Size < 4 || r.Size%4 != 0:
		return "the size is not one of a request"
	case r.Reply && r.Denied == Drop:
		return "a request that is answered would be denied without an answer"
	case !r.Reply && isReply:
		return "a request that is not answered would be denied by a reply"
	case !r.Reply && isError && r.Name != "ShmAttach" && r.Name != "ShmAttachFd":
		return "an error for a request without reply ends programs"
	case r.Returned && !r.Reply:
		return "descriptors without a reply"
	}
	for _, id := range r.IDs {
		switch {
		case id.Mask != 0 && (id.At < uint16(id.Mask)+4 || r.Size < uint16(id.Mask)+4 || id.At != r.Size):
			return "a list of values is not behind the fixed part"
		case id.Step != 0 && (id.At < 4 || id.At%4 != 0 || id.At < r.Size-4):
			return "a list is within the fixed part"
		case id.Mask == 0 && id.Step == 0 && (id.At < 4 || id.At%4 != 0 || id.At+4 > r.Size):
			return "an id is not within the fixed part"
		}
	}
	return ""
}

func TestRows(t *testing.T) {
	names, rows := map[string]bool{}, 0
	each(func(extension string, opcode byte, r *Request) {
		rows++
		if what := broken(r); what != "" {
			t.Errorf("%s %d, %s: %s", extension, opcode, r.Name, what)
		}
		if names[r.Name] {
			t.Errorf("%s is there twice", r.Name)
		}
		names[r.Name] = true
	})
	if rows < 300 {
		t.Errorf("only %d rows", rows)
	}
	for _, never := range []byte{0, 120, 126, 128, 255} {
		if Core(never) != nil {
			t.Errorf("%d is no request of the core protocol", never)
		}
	}
}

func TestRowsNegativeControl(t *testing.T) {
	for _, r := range []Request{
		{Size: 0},
		{Size: 6},
		{Size: 8, Reply: true},
		{Size: 8, Denied: Empty},
		{Size: 8, Denied: BadWindow},
		{Size: 8, Returned: true},
		{Size: 8, IDs: []ID{{At: 8}}},
		{Size: 8, IDs: []ID{{At: 6}}},
		{Size: 12, IDs: []ID{{At: 8, Mask: 8}}},
		{Size: 12, IDs: []ID{{At: 4, Step: 4}}},
	} {
		if broken(&r) == "" {
			t.Errorf("%+v is said to be right", r)
		}
	}
}

// TestHidden names what must never be in the table.
func TestHidden(t *testing.T) {
	for _, e := range Extensions() {
		switch e.Name {
		case "RECORD", "XTEST", "SECURITY", "X-Resource", "DRI2", "XVideo", "DPMS", "MIT-SCREEN-SAVER", "XFree86-DGA", "XFree86-VidModeExtension", "SELinux":
			t.Errorf("jails see %s", e.Name)
		case "GLX", "DRI3":
			if !e.GPU {
				t.Errorf("jails see %s without the GPU", e.Name)
			}
		}
	}
}

func TestDenial(t *testing.T) {
	if code, ok := BadWindow.Error(); !ok || code != 3 {
		t.Errorf("BadWindow is %d, %v", code, ok)
	}
	if _, ok := Drop.Error(); ok {
		t.Error("Drop is an error")
	}
	if at, status, ok := XIAlreadyGrabbed.Reply(); !ok || at != 8 || status != 1 {
		t.Errorf("XIAlreadyGrabbed is %d at %d, %v", status, at, ok)
	}
	if _, _, ok := BadWindow.Reply(); ok {
		t.Error("BadWindow is a reply")
	}
}
