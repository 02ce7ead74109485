package terminal

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// modes follows what a program prints, as far as it changes how the terminal
// behaves afterwards (ECMA-48, and the control sequences of xterm). A program
// that ends properly has undone all of it, and then there is nothing to do.
type modes struct {
	state  state
	params []byte // of the sequence being read, with its prefix

	private uint32 // bit i: privateModes[i] is not as it should be
	ansi    [2]bool
	style   bool // colours and the like
	region  bool // only a part of the screen scrolls
	keypad  bool // application keypad
	graphic bool // line drawing in place of letters
	shifted bool
	cursor  bool // another shape
	keys    bool // modifyOtherKeys
	kitty   int  // pushed keyboard protocols
}

type state uint8

const (
	ground   state = iota
	escape         // after ESC
	charset        // after ESC (
	other          // after ESC and another intermediate
	sequence       // after CSI
	text           // in a string: a title, a clipboard, an image
)

// longParam is more than the parameters of any sequence that counts here.
const longParam = 64

// privateModes are the modes of CSI ? N h and l that count. The screens come first: what
// follows is then about the right one.
var privateModes = [...]int{
	1049, 1047, 47, 25, 7, 1, 5, 6, 66, 9,
	1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004, 2026, 2031,
}

// shouldBeOn tells what a private mode should be: the cursor is seen, and lines wrap.
func shouldBeOn(mode int) bool { return mode == 25 || mode == 7 }

// ansiModes are those of CSI N h and l: insertion, and line feed with return.
var ansiModes = [...]string{"4", "20"}

const (
	esc = 0x1b
	can = 0x18
	sub = 0x1a
	bel = 0x07
	so  = 0x0e
	si  = 0x0f
)

func (m *modes) scan(printed []byte) {
	for len(printed) > 0 {
		if m.state == ground {
			// Most of what is printed is text.
			next := bytes.IndexAny(printed, "\x1b\x0e\x0f")
			if next < 0 {
				return
			}
			printed = printed[next:]
		}
		m.step(printed[0])
		printed = printed[1:]
	}
}

func (m *modes) step(c byte) {
	switch {
	case c == can || c == sub:
		m.state = ground
		return
	case c == esc: // it ends a string as well
		m.state = escape
		return
	}
	switch m.state {
	case ground:
		m.shifted = m.shifted && c != si || c == so
	case escape:
		m.afterEscape(c)
	case charset:
		m.graphic = c != 'B'
		m.state = ground
	case other:
		if c >= '0' {
			m.state = ground
		}
	case sequence:
		switch {
		case c >= 0x40 && c <= 0x7e:
			m.control(c, string(m.params))
			m.state = ground
		case c >= 0x20 && len(m.params) < longParam:
			m.params = append(m.params, c)
		}
	case text:
		if c == bel {
			m.state = ground
		}
	}
}

func (m *modes) afterEscape(c byte) {
	m.state = ground
	switch c {
	case '[':
		m.state, m.params = sequence, m.params[:0]
	case ']', 'P', 'X', '^', '_':
		m.state = text
	case '(':
		m.state = charset
	case '=', '>':
		m.keypad = c == '='
	case 'c':
		*m = modes{params: m.params}
	default:
		if c >= 0x20 && c < 0x30 {
			m.state = other
		}
	}
}

// control takes a whole control sequence in.
func (m *modes) control(final byte, params string) {
	switch final {
	case 'h', 'l':
		m.set(params, final == 'h')
	case 'm':
		if rest, ok := strings.CutPrefix(params, ">"); ok {
			if rest, ok = strings.CutPrefix(rest, "4"); ok || rest == "" {
				m.keys = strings.Trim(rest, ";0") != ""
			}
		} else if params == "" || params[0] < '<' {
			m.style = params != "" && params != "0"
		}
	case 'r':
		if params == "" || params[0] < '<' {
			m.region = params != ""
		}
	case 'q':
		if shape, ok := strings.CutSuffix(params, " "); ok {
			m.cursor = shape != "" && shape != "0"
		}
	case 'p':
		if params == "!" {
			m.style, m.region, m.keypad, m.graphic, m.shifted, m.ansi = false, false, false, false, false, [2]bool{}
		}
	case 'u':
		m.pushed(params)
	}
}

func (m *modes) set(params string, on bool) {
	numbers, private := strings.CutPrefix(params, "?")
	for text := range strings.SplitSeq(numbers, ";") {
		if !private {
			if i := slices.Index(ansiModes[:], text); i >= 0 {
				m.ansi[i] = on
			}
			continue
		}
		number, err := strconv.Atoi(text)
		i := slices.Index(privateModes[:], number)
		switch {
		case err != nil || i < 0:
		case on == shouldBeOn(number):
			m.private &^= 1 << i
		default:
			m.private |= 1 << i
		}
	}
}

// pushed follows the stack of kitty's keyboard protocol.
func (m *modes) pushed(params string) {
	switch {
	case strings.HasPrefix(params, ">"):
		m.kitty = min(m.kitty+1, 99)
	case strings.HasPrefix(params, "<"):
		n, err := strconv.Atoi(params[1:])
		if err != nil {
			n = 1
		}
		m.kitty = max(m.kitty-n, 0)
	}
}

// undo returns what to print so that the terminal is as it should be.
func (m *modes) undo() string {
	var b strings.Builder
	if m.state != ground {
		b.WriteByte(can) // whatever was begun
	}
	for i, mode := range privateModes {
		if m.private&(1<<i) != 0 {
			b.WriteString("\x1b[?" + strconv.Itoa(mode))
			b.WriteByte(map[bool]byte{true: 'h', false: 'l'}[shouldBeOn(mode)])
		}
	}
	for i, number := range ansiModes {
		if m.ansi[i] {
			b.WriteString("\x1b[" + number + "l")
		}
	}
	for _, u := range [...]struct {
		changed bool
		undo    string
	}{
		{m.region, "\x1b7\x1b[r\x1b8"}, // it moves the cursor otherwise
		{m.keypad, "\x1b>"},
		{m.graphic, "\x1b(B"},
		{m.shifted, "\x0f"},
		{m.cursor, "\x1b[0 q"},
		{m.keys, "\x1b[>4m"},
		{m.kitty > 0, "\x1b[<" + strconv.Itoa(m.kitty) + "u"},
		{m.style, "\x1b[0m"},
	} {
		if u.changed {
			b.WriteString(u.undo)
		}
	}
	*m = modes{}
	return b.String()
}
