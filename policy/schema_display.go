package policy

import "github.com/jail-project/jail/policy/kind"

func displayKey() Key {
	return Key{
		Name: "display", Kind: kind.Mapping, Doc: "The screen and its input.",
		Keys: []Key{
			{
				Name: "x11", Kind: kind.Enum, Enum: []string{"none", "auto", "filtered", "xephyr", "xvfb", "xpra", "untrusted", "host"}, Default: "none",
				Later: "an X server of its own", Now: []string{"auto", "filtered", "untrusted", "host"},
				at: func(p *Policy) any { return &p.Display.X11 },
				Doc: "How the program reaches an X server. none: not at all. filtered: the host's, which DISPLAY names, by a filter that shows the program its own windows only: no picture of others, none of their names, keys or the pointer outside of its windows, no input to them. auto: filtered where DISPLAY is set, else none. untrusted: the host's, as a client that its SECURITY extension does not trust; many programs do not run that way. host: the host's, all of it. xephyr, xvfb and xpra: a server of its own. " +
					"With filtered the display is :0 in the jail, whatever its number is outside, and the server's cookie is not there. DISPLAY, XAUTHORITY, ICEAUTHORITY and SESSION_MANAGER of the host are dropped, also where environment.keep names them. A server that can't be reached, or only by TCP, is an error.",
				Exempt:  "A jail with network: host does not reach the server's abstract socket either.",
				Caution: "With host the program sees every key that is pressed and every window, and can send input to all of them. With untrusted it sees the titles of windows and the clipboard, and two such programs see each other fully.",
			},
			clipboardKey(),
			{
				Name: "titles", Kind: kind.Bool, Default: "false", at: func(p *Policy) any { return &p.Display.Titles },
				Doc: "With x11: filtered, the titles of the program's windows begin with the name of the profile, so that no window can pass for one of another program.",
			},
			{
				Name: "wayland", Kind: kind.Bool, Default: "false", Later: "Wayland displays", at: func(p *Policy) any { return &p.Display.Wayland },
				Doc: "Whether the program reaches the Wayland compositor.",
			},
		},
	}
}

// clipboardKey is about what is copied and what is selected (CLIPBOARD and PRIMARY).
func clipboardKey() Key {
	way := func(name, doc string, at func(*Policy) any) Key {
		return Key{
			Name: name, Kind: kind.Enum, Enum: []string{"deny", "on-key", "ask", "allow"}, Default: "deny",
			Later: "a question to the user", Now: []string{"on-key", "allow"}, at: at, Doc: doc,
		}
	}
	return Key{
		Name: "clipboard", Kind: kind.Mapping,
		Doc:     "What is copied between the program and others, and what is selected, with x11: filtered. deny: nothing. on-key: for two seconds after a key with Ctrl or Shift, or the middle button of the mouse, was pressed in a window of the program. ask: when the user agrees. allow: at any time. The default is deny both ways, as for all that is not granted. The profiles for programs with windows say on-key for in, so that such a program gets what was copied when it is pasted by a key, and allow for out, since what a menu copies is copied without one.",
		Caution: "With on-key and allow for in the program gets what was copied last, also a password, whether or not the key was meant for pasting. With allow for out it can replace what is pasted elsewhere, such as into a shell. With x11: host and untrusted nothing is held back.",
		Keys: []Key{
			way("in", "When the program gets what others have copied.", func(p *Policy) any { return &p.Display.Clipboard.In }),
			way("out", "When the program may take the clipboard, so that others get what it has copied.", func(p *Policy) any { return &p.Display.Clipboard.Out }),
		},
	}
}
