package policy

import "github.com/jail-project/jail/policy/kind"

func environmentKey() Key {
	return Key{
		Name: "environment", Kind: kind.Mapping,
		Doc: "The environment of the program. What is neither kept nor set is dropped.",
		Keys: []Key{
			{
				Name: "keep", Kind: kind.List, Group: "variables", Elem: &Key{Kind: kind.EnvPattern},
				at:      func(p *Policy) any { return &p.Environment.Keep },
				Doc:     `Variables that pass from the caller. A * at the end stands for any rest: "LC_*" passes LC_ALL, LANG passes LANG and not LANGUAGE.`,
				Caution: "What a variable holds is not looked at.",
			},
			{
				Name: "set", Kind: kind.Variables, Group: "variables",
				at:     func(p *Policy) any { return &p.Environment.Set },
				Doc:    "Variables with a text of their own. ${NAME} in it is replaced by the same variables as in paths, $${ stands for ${ itself, and nothing else has a meaning.",
				Exempt: "Keep the variable in a later layer.",
			},
		},
	}
}

func namespacesKey() Key {
	key := func(name, def, doc string, at func(*Policy) *Value[bool]) Key {
		return Key{Name: name, Kind: kind.Bool, Default: def, Doc: doc, at: func(p *Policy) any { return at(p) }}
	}
	k := Key{
		Name: "namespaces", Kind: kind.Mapping,
		Doc: "Which views of the system are the jail's own. The user and mount namespaces always are; the network follows network.mode.",
		Keys: []Key{
			key("pid", "true", "Process numbers: the program sees and signals only processes of the jail.", func(p *Policy) *Value[bool] { return &p.Namespaces.PID }),
			key("ipc", "true", "System V and POSIX message queues, semaphores and shared memory.", func(p *Policy) *Value[bool] { return &p.Namespaces.IPC }),
			key("uts", "true", "The host name.", func(p *Policy) *Value[bool] { return &p.Namespaces.UTS }),
			key("cgroup", "true", "The view of control groups.", func(p *Policy) *Value[bool] { return &p.Namespaces.Cgroup }),
			key("time", "false", "The clocks since boot.", func(p *Policy) *Value[bool] { return &p.Namespaces.Time }),
			key("user", "false", "Lets the program make user namespaces of its own, as browsers do for their inner sandbox.", func(p *Policy) *Value[bool] { return &p.Namespaces.User }),
		},
	}
	k.Sub("pid").Caution = "Without it the program sees the user's other processes, and what it starts in the background goes on when the jail ends. /proc is read-only then, for its own processes too, and prlimit works for the calling process alone; priorities and processors of the user's other processes can be changed."
	k.Sub("user").Caution = "Nested user namespaces open much of the kernel that is otherwise out of reach: grant them to no program that can do without."
	return k
}

func landlockKey() Key {
	return Key{
		Name: "landlock", Kind: kind.Mapping, Short: "use",
		Doc: "Landlock, the second guard on files beside the mounts: what is not in the jail's own tree of files can't be opened by any other way, and nothing is written where the profile does not let the program write. landlock: off is short for landlock: {use: off}.",
		Keys: []Key{
			{
				Name: "use", Kind: kind.Enum, Enum: []string{"required", "optional", "off"}, Default: "required", at: func(p *Policy) any { return &p.Landlock.Use },
				Doc:     "required: a kernel without Landlock is an error. optional: the jail starts without it where the kernel has none. off: the jail does without, for programs that mount file systems, such as other sandboxes, which Landlock forbids.",
				Caution: "Without Landlock a file on standard input or output is refused, since the program could open it again with other rights.",
			},
			{
				Name: "version", Kind: kind.Int, at: func(p *Policy) any { return &p.Landlock.Version },
				Doc: "The lowest version of Landlock that will do, where it is required. jail doctor tells which one the kernel has and what that lacks; without this key every version will do.",
			},
			{
				Name: "connect", Kind: kind.List, Elem: &Key{Kind: kind.Port}, at: func(p *Policy) any { return &p.Landlock.Connect },
				Doc:     "The only ports that the program may connect to by TCP, by their numbers; without entries all. It holds in every mode of the network, so with network: host as well, where network.allow can't, and is a second guard beside nat. Connections are made by the launcher, which looks at the port; where the program makes them itself, as with sockets: \"*\", Landlock does, from its version 4 on. A port is meant at every address: the jail's own loopback counts, so a server that a test starts at a port of the system's choice is out of reach of that test, and with filtered the ports of the relay, 53 and 1080, have to be listed where programs use them. That is why no mode of the network sets it by itself. Data in the first packet (MSG_FASTOPEN) and multipath TCP, which Landlock does not look at, are refused.",
				Caution: "Only TCP: with network: host and nat datagrams of UDP, and so names and HTTP/3, go to every port.",
			},
		},
	}
}

func identityKey() Key {
	return Key{
		Name: "identity", Kind: kind.Mapping, Doc: "Who and where the program believes to be.",
		Keys: []Key{
			{
				Name: "user", Kind: kind.UserName, Enum: []string{"keep", "root", "nobody"}, Default: "keep", at: func(p *Policy) any { return &p.Identity.User },
				Doc:     "The user inside: keep, root, nobody, or a uid.",
				Caution: "On the host it is always the caller: files that root makes in the jail belong to the caller. For a caller who is the host's root it is a user id that nobody has, and files in granted directories belong to root all the same.",
			},
			{
				Name: "groups", Kind: kind.Enum, Enum: []string{"masked", "keep", "dropped"}, Default: "masked", at: func(p *Policy) any { return &p.Identity.Groups },
				Doc: "The supplementary groups of the caller, such as docker or video. masked: a path that the caller can use only through one of them can't be granted. " +
					"dropped: the program does not have them; it takes newgidmap and a range in /etc/subgid, and without either the jail does not start. " +
					"keep: they work in the jail wherever a path is granted. A caller who is the host's root has none in a jail.",
				Caution: "Unless they are dropped the kernel still counts the groups: masked judges the paths that are granted and the directories on the way to them, not the files below a granted directory. jail plan lists the groups that count. " +
					"dropped takes about a millisecond or two more, and, since a file may also deny a group what it gives all others, opens such files.",
			},
			{
				Name: "hostname", Kind: kind.HostName, Default: "jail", at: func(p *Policy) any { return &p.Identity.Hostname },
				Doc: "The host name inside. It needs namespaces.uts.",
			},
			{
				Name: "machine-id", Kind: kind.MachineID, Enum: []string{"random", "host"}, Default: "random", at: func(p *Policy) any { return &p.Identity.MachineID },
				Doc: "The content of /etc/machine-id: random, host, or 32 hexadecimal digits.",
			},
		},
	}
}

// needsGroup is what a launch does about a limit that only a control group
// can hold.
const needsGroup = "It takes a control group: one that was delegated to the user, or a scope of the user's systemd. Without either the jail does not start."

func limitsKey() Key {
	return Key{
		Name: "limits", Kind: kind.Mapping, Doc: "How much the program may use. What is not given is not limited by jail.",
		Keys: []Key{
			{
				Name: "memory", Kind: kind.Size, at: func(p *Policy) any { return &p.Limits.Memory },
				Doc: "Memory of the whole jail, its files in memory included; none of it is swapped out. When it is used up, the kernel ends the process that has most. " + needsGroup,
			},
			{
				Name: "processes", Kind: kind.Int, at: func(p *Policy) any { return &p.Limits.Processes }, Doc: "Processes and threads of the whole jail at one time, its init included.",
				Caution: "The kernel counts no processes of root. In a jail that root starts it takes a control group: a limit of the user's own is refused without one, that of a shipped profile does nothing.",
			},
			{
				Name: "cpu", Kind: kind.Percent, at: func(p *Policy) any { return &p.Limits.CPU },
				Doc: "Processor time of the whole jail: 150% is one and a half processors. " + needsGroup,
			},
			{Name: "open-files", Kind: kind.Int, at: func(p *Policy) any { return &p.Limits.OpenFiles }, Doc: "Open files of each process."},
			{Name: "file-size", Kind: kind.Size, at: func(p *Policy) any { return &p.Limits.FileSize }, Doc: "The largest file that can be written."},
			{Name: "time", Kind: kind.Duration, at: func(p *Policy) any { return &p.Limits.Time }, Doc: "How long the program may run before it is ended."},
		},
	}
}

func testsKey() Key {
	return Key{
		Name: "tests", Kind: kind.List, at: func(p *Policy) any { return &p.Tests },
		Doc: "What jail test proves inside a real jail of this profile: each entry tries one thing and says what must come of it.",
		Elem: &Key{Kind: kind.TestEntry, Keys: []Key{
			{Name: "read", Kind: kind.PathRef, Doc: "Read this file."},
			{Name: "write", Kind: kind.PathRef, Doc: "Write this file."},
			{Name: "connect", Kind: kind.ConnectSpec, Doc: "Connect to this host and port."},
			{Name: "run", Kind: kind.List, Elem: &Key{Kind: kind.Text}, Doc: "Run this command."},
			{Name: "expect", Kind: kind.Enum, Enum: []string{"missing", "denied", "success", "failure"}, Required: true, Doc: "missing: it does not exist. denied: it is refused. success or failure: of whatever kind."},
		}},
	}
}
