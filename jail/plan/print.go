package plan

import (
	"strconv"
	"strings"

	"github.com/jail-project/jail/diag"
)

// String renders the op as one line in the manner of strace(1), slots as
// names.
func (o *Op) String() string {
	args := make([]string, len(o.Args))
	for i := range o.Args {
		args[i] = o.Args[i].String()
	}
	call := o.Name + "(" + strings.Join(args, ", ") + ")"
	if o.Out != NoSlot {
		call += " = " + slotName(o.Out)
	}
	return call
}

// String renders the argument for people.
func (a *Arg) String() string {
	switch a.Kind {
	case ArgSlot:
		return slotName(Slot(a.Num))
	case ArgText:
		return strconv.QuoteToASCII(a.Text)
	case ArgBlock:
		return a.Block.Show
	case ArgBeneath:
		return "{" + a.Block.Show + ", " + slotName(Slot(a.Num)) + "}"
	case ArgShared:
		switch a.Num {
		case LauncherBarrier:
			return "launcher"
		case ProgramPID:
			return "program"
		default:
			return "barrier"
		}
	default:
		if a.Text != "" {
			return a.Text
		}
		return strconv.FormatInt(int64(a.Num), 10)
	}
}

func slotName(s Slot) string {
	switch s {
	case SlotStatus:
		return "status"
	case SlotRoot:
		return "root"
	case SlotControl:
		return "control"
	default:
		return "fd" + strconv.Itoa(int(s))
	}
}

// Purpose says what the op is for, as in "make ~/Downloads visible".
func (o *Op) Purpose() string {
	switch o.Verb {
	case "make visible", "make writable", "make read-only", "make unreadable":
		return "make " + diag.Quote(o.Subject) + strings.TrimPrefix(o.Verb, "make")
	}
	return o.Verb + " " + diag.Quote(o.Subject)
}
