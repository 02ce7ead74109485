package plan

import (
	"strconv"
	"strings"

	"github.com/jail-project/jail/diag"
)

// String renders the op as one line in the manner of strace(1), slots as
// names.
func (o *Op) String() string {
	var b strings.Builder
	b.WriteString(o.Name)
	b.WriteByte('(')
	for i := range o.Args {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(o.Args[i].String())
	}
	b.WriteByte(')')
	if o.Out != NoSlot {
		b.WriteString(" = ")
		b.WriteString(slotName(o.Out))
	}
	return b.String()
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
	verb := o.Verb
	if verb == "make visible" || verb == "make writable" || verb == "make read-only" || verb == "make unreadable" {
		return "make " + diag.Quote(o.Subject) + strings.TrimPrefix(verb, "make")
	}
	return verb + " " + diag.Quote(o.Subject)
}
