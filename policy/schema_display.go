package policy

import "github.com/jail-project/jail/policy/kind"

func displayKey() Key {
	return Key{
		Name: "display", Kind: kind.Mapping, Doc: "The screen and its input.",
		Keys: []Key{
			{
				Name: "x11", Kind: kind.Enum, Enum: []string{"none", "auto", "filtered", "xephyr", "xvfb", "xpra", "xwayland", "untrusted", "host"}, Default: "none",
				Later: "xpra", Now: []string{"auto", "filtered", "xephyr", "xvfb", "xwayland", "untrusted", "host"},
				at: func(p *Policy) any { return &p.Display.X11 },
				Doc: "How the program reaches an X server. none: not at all. filtered: the host's, which DISPLAY names, by a filter that shows the program its own windows only: no picture of others, none of their names, keys or the pointer outside of its windows, no input to them. auto: filtered where DISPLAY is set, else none. untrusted: the host's, as a client that its SECURITY extension does not trust; many programs do not run that way. host: the host's, all of it. xephyr, xwayland, xvfb, xpra: a server for this jail alone, see below. " +
					"xephyr shows it as a window on the host's X server, xwayland as one on the host's Wayland compositor, xvfb nowhere. The server is a program of the host, which runs confined as well: Xephyr behind the filter, so that it has a window and nothing else of the host's server; Xwayland with one connection to the compositor; Xvfb with neither. It asks for a cookie that only this jail has, and ends with the jail. A program that isn't installed is an error. " +
					"With filtered the display is :0 in the jail, whatever its number is outside, and the server's cookie is not there. DISPLAY, XAUTHORITY, ICEAUTHORITY and SESSION_MANAGER of the host are dropped, also where environment.keep names them. A server that can't be reached, or only by TCP, is an error.",
				Exempt:  "A jail with network: host does not reach the server's abstract socket either.",
				Caution: "With host the program sees every key that is pressed and every window, and can send input to all of them. With untrusted it sees the titles of windows and the clipboard, and two such programs see each other fully.",
			},
			{
				Name: "size", Kind: kind.ScreenSize, at: func(p *Policy) any { return &p.Display.Size },
				Doc: "How large the screen of a server of its own is, in pixels: 1280x800, which xephyr and xvfb have without this key. xwayland takes the size that the compositor gives it, and with this key needs version 23.1.",
			},
			{
				Name: "title", Kind: kind.Text, at: func(p *Policy) any { return &p.Display.Title },
				Doc: "The title of the window of x11: xephyr. Without this key it names the profile.",
			},
			clipboardKey(),
			{
				Name: "titles", Kind: kind.Bool, Default: "false", at: func(p *Policy) any { return &p.Display.Titles },
				Doc: "With x11: filtered, the titles of the program's windows begin with the name of the profile, so that no window can pass for one of another program.",
			},
			{
				Name: "wayland", Kind: kind.Enum, Enum: []string{"none", "auto", "strict", "host", "true", "false"}, Default: "none",
				at: func(p *Policy) any { return &p.Display.Wayland },
				Doc: "Whether the program reaches the Wayland compositor that WAYLAND_DISPLAY names. none: not at all. strict: by a socket of its own for which the compositor knows that a sandbox is behind it (security-context-v1), so that it offers the program no pictures of the screen, no input to other programs and no clipboard in the background; where the compositor can't do that, it is an error. auto: as with strict where the compositor can, else the compositor's own socket, with a warning. host: the compositor's own socket. true means auto, false none. " +
					"The socket is wayland-0 in ${XDG_RUNTIME_DIR}, which is a directory of the jail's own, without the sockets by which compositors take commands. WAYLAND_DISPLAY and WAYLAND_SOCKET of the host are dropped, also where environment.keep names them.",
				Caution: "What a compositor keeps from sandboxes is its own decision. With host, and with auto where it can't tell, many compositors let any program take pictures of the screen and type into others.",
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
