package policy

import "github.com/jail-project/jail/policy/kind"

func networkKey() Key {
	hosts := func(name, doc, caution string, at func(*Policy) any) Key {
		return Key{
			Name: name, Kind: kind.List, Group: "hosts", Elem: hostElem(), at: at,
			Doc: doc, Caution: caution,
		}
	}
	return Key{
		Name: "network", Kind: kind.Mapping, Short: "mode",
		Doc: "What the program can reach. network: none is short for network: {mode: none}.",
		Keys: []Key{
			{
				Name: "mode", Kind: kind.Enum, Enum: []string{"none", "host", "filtered", "nat", "namespace"}, Default: "none",
				at:      func(p *Policy) any { return &p.Network.Mode },
				Doc:     "none: a network with nothing on it. host: the network of the host, all of it. filtered: only the hosts of allow, by name or address. Entries of allow in a later layer than none or host make it filtered. nat: a network behind the host's, by the program pasta of the package passt: it reaches by TCP and UDP all that the host reaches but what is local (@local), and the host's loopback by no address; with entries of allow or deny, which are addresses, networks, @local or * here, with the numbers of ports, it reaches what these leave, and without allow everything else. namespace: the network namespace of that key, which others set up and filter.",
				Caution: "With host, services that listen on the host's loopback are in reach. With nat, names are asked for without limits, so a program can send what it likes within them.",
			},
			{
				Name: "namespace", Kind: kind.NetNamespace, at: func(p *Policy) any { return &p.Network.Namespace },
				Doc: "The network namespace of mode: namespace: a name, which is looked for in $XDG_RUNTIME_DIR/netns and then in /run/netns, as ip-netns(8) makes them; or an absolute path, such as /proc/1234/ns/net. Root can use any. A user can use one that belongs to a user namespace of the user's, such as unshare -Urn makes. The host's own is refused.",
			},
			hosts("allow", "Hosts that a filtered network reaches. An empty list allows nothing. Entries are example.org, that name alone; *.example.org, all names below it, and not example.org itself; * for every host; an address; a network such as 10.0.0.0/8. A port follows a colon: one, a range such as 8000-8999, or a service such as https; without it all ports are meant. An address of IPv6 stands in brackets then: \"[2001:db8::1]:443\". What is local is never opened by a name, by * or by a network that holds other addresses too, also when a name that is allowed leads there: it takes an entry with the address, with a network in which all is local, or with a group. @local is everything local: loopback, private, link-local, metadata, multicast and reserved addresses, and the host's own; not those that carry an address of IPv4 within one of IPv6, such as NAT64, which take an entry of their own. @host is the loopback of the host, which the jail reaches by the name host.jail: @host:5432 opens that port and nothing else. Names are asked for only when an entry with a name or * covers them.",
				"Whoever answers for an allowed name decides to which addresses it leads, other than local ones.",
				func(p *Policy) any { return &p.Network.Allow }),
			hosts("deny", "Hosts that stay out of reach although another entry allows them, written as in allow. * is everything here, also what is local. With network: host and namespace nothing can be denied or allowed, and an entry of the same layer is an error; of deny, one of a later layer too.",
				"A name that is denied can still be reached by its address where that is allowed.",
				func(p *Policy) any { return &p.Network.Deny }),
			{
				Name: "publish", Kind: kind.List, Elem: &Key{Kind: kind.PublishSpec}, at: func(p *Policy) any { return &p.Network.Publish },
				Doc:     "Ports of the host that lead into the jail: 8080:80 leads connections to port 8080 of the host's loopback to port 80 of the jail's, where the program listens at 127.0.0.1, ::1 or all addresses. 127.0.0.2:8080:80 and \"[::1]:8080:80\" name the address of the host. It takes the modes none, filtered and nat: with host the program listens at the host's ports itself. The host's ports are open from before the program starts until the jail has ended: one that is in use is an error, and a connection is reset while nobody listens at the port of the jail. Only TCP, and 15 ports. The program sees connections from its own loopback. What leads them there is a process in the jail's network and user namespace, whose threads, about ten, count for limits.processes.",
				Caution: "Whoever reaches the address of the host reaches the program: with 127.0.0.1 all users and programs of this machine, and web pages in their browsers; with 0.0.0.0, [::] or an address of the network other machines.",
			},
			{
				Name: "join", Kind: kind.GroupName, at: func(p *Policy) any { return &p.Network.Join },
				Doc:     "The group of jails with which this one has its network in common: a server at 127.0.0.1 in one of them is reached at 127.0.0.1 from all. The first jail of a group that starts makes the network, those of the same user that start while it runs join it. It takes network: none or filtered, the same for all, with the same lists of allow and deny and the same identity.user, identity.groups and namespaces.user; what differs is an error. No capabilities can be kept, and namespaces.pid can't be shared with the host. Files, processes and all else stay apart. A filtered network connects to other hosts as long as its first jail runs; limits.processes counts all jails of the group together. A jail of the host's root can join none.",
				Caution: "The jails reach all that the others listen at, abstract Unix sockets as well, and have the same user namespace.",
			},
		},
	}
}

// hostElem describes an entry of a list of hosts.
func hostElem() *Key {
	return &Key{Kind: kind.HostEntry, Keys: []Key{
		{Name: "host", Kind: kind.HostPattern, Doc: "The host itself."},
		{
			Name: "file", Kind: kind.HostFile,
			Doc: "In place of host: a file with an entry in each line. What follows a # is a comment, and an entry that is repeated counts once. A relative path begins at the directory of this profile and does not lead out of it. The file must be as trusted as the profile, and is read when the profile is. In a filtered network it is read again when it changes: connections that it no longer allows are reset. Where the program may write the file, what is added counts with the next launch only.",
		},
	}}
}

func audioKey() Key {
	return Key{
		Name: "audio", Kind: kind.Enum, Enum: []string{"none", "pulse", "pipewire"}, Default: "none",
		Later: "audio", at: func(p *Policy) any { return &p.Audio },
		Doc:     "The sound server that the program reaches: none, pulse or pipewire.",
		Caution: "A sound server that plays also records.",
	}
}

func dbusKey() Key {
	bus := func(name, doc string, rules func(*Policy) *BusRules) Key {
		list := func(key, doc string, at func(*Policy) any) Key {
			return Key{Name: key, Kind: kind.List, Group: "bus-" + name, Elem: &Key{Kind: kind.BusName}, Doc: doc, at: at, Later: "D-Bus"}
		}
		return Key{Name: name, Kind: kind.Mapping, Doc: doc, Keys: []Key{
			list("talk", "Names that the program may call; it sees them too.", func(p *Policy) any { return &rules(p).Talk }),
			list("own", "Names that the program may take; it may call them too. A .* at the end stands for any rest.", func(p *Policy) any { return &rules(p).Own }),
			list("see", "Names of which the program may learn that they exist.", func(p *Policy) any { return &rules(p).See }),
		}}
	}
	return Key{
		Name: "dbus", Kind: kind.Mapping, Doc: "The message buses. A bus without an entry is out of reach.",
		Keys: []Key{
			bus("session", "The bus of the user's session.", func(p *Policy) *BusRules { return &p.DBus.Session }),
			bus("system", "The bus of the system.", func(p *Policy) *BusRules { return &p.DBus.System }),
		},
	}
}

func devicesKey() Key {
	return Key{
		Name: "devices", Kind: kind.List, Later: "devices", at: func(p *Policy) any { return &p.Devices },
		Elem: &Key{Kind: kind.DeviceName, Enum: []string{
			"gpu", "camera", "sound", "input", "gamepad", "security-key", "optical", "tv", "usb", "serial", "kvm", "fuse", "tun",
		}},
		Doc: "Devices beside the harmless ones that every jail has: kinds, or paths in /dev.",
	}
}

func socketsKey() Key {
	return Key{
		Name: "sockets", Kind: kind.List, access: Connect, at: func(p *Policy) any { return &p.Sockets },
		Elem: &Key{Kind: kind.PathElement, access: Connect, Keys: []Key{
			{Name: "path", Kind: kind.SocketRef, Required: true, Doc: "The path of the socket; @name for an abstract name, which counts with network: host; or * for every socket that the jail shows."},
			{Name: "required", Kind: kind.Bool, Default: "false", Doc: "A socket that does not exist is an error. Paths from the command line are always required."},
			fromKey(),
		}},
		Doc:     "Unix sockets of the host that the program may connect to. They become visible at their paths; a path that is merely visible because of another rule is not enough. One that does not exist on this host is skipped. The program's own sockets, in memory or in a private home, need no entry.",
		Exempt:  `With "*" nothing is guarded: whatever socket has a visible path can be connected to, datagrams and io_uring are allowed as far as syscalls allows them.`,
		Caution: "What listens there acts for the program, with all the rights that you have. A socket that is made anew while the jail runs, under the same name, is another one: only that of the start can be reached.",
	}
}
