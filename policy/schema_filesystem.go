package policy

import "github.com/jail-project/jail/policy/kind"

func filesystemKey() Key {
	return Key{
		Name: "filesystem", Kind: kind.Mapping,
		Doc: "What the program sees of the file system. Nothing is visible but what is granted here, a private /tmp, a minimal /dev and /proc. A current directory that nothing grants is empty and read-only. The most specific path decides; for one path the later layer does. Paths may use ~, ${HOME} and its kin, globs, and the groups @secrets and @startup.",
		Keys: []Key{
			pathsKey("read", Read, kind.PathPattern,
				"Paths that are visible and cannot be written. A path that does not exist on this host is skipped, unless it says required: true.",
				"List a path inside it under write, hide, tmpfs or overlay.",
				"A program that holds an open file keeps it: what the caller passes as standard input or output is not looked at."),
			pathsKey("write", Write, kind.PathPattern,
				"Paths that are visible and can be written. An entry may create the path on the host when it is missing.",
				"List a path inside it under read or hide; a directory above such a path cannot be renamed then. @startup stays read-only inside unless it is named exactly.",
				"What is written there stays on the host after the program has ended. A file that is granted without its directory can only be written in place: the kernel renames no other file over it, as editors and sed -i do."),
			pathsKey("hide", Hide, kind.PathPattern,
				"Paths that are invisible even where a wider rule shows them.",
				"List a path inside it under read or write.",
				"Another name of the same file, made before as a hard link, is not found."),
			pathsKey("tmpfs", Tmpfs, kind.PathRef,
				"Directories that are empty at the start, live in memory, and vanish with the jail.",
				"", "Without a size it holds 1G, without inodes 262144 files. At the path of the current directory, a rule that grants ${CWD} for writing counts more, unless the tmpfs is from the command line."),
			pathsKey("overlay", Overlay, kind.PathRef,
				"Directories of which the program reads the host's content while its changes go to a layer: thrown away (changes: discard, the default), or kept in a directory (keep: DIR).",
				"", ""),
			{
				Name: "root", Kind: kind.RootDir, Default: "host", at: func(p *Policy) any { return &p.Filesystem.Root },
				Doc:    "Where the visible paths come from: host, or a directory that holds a root file system of its own. That one is visible as a whole, read-only, and every path of the profile is then about it: looked up in it, with links that do not lead out of it. What jail itself makes, such as /proc, /dev and a home of the jail's own, needs a directory there to appear on.",
				Exempt: "An entry with from: host is about the host. write: [/] makes all of the root writable.",
			},
			{
				Name: "home", Kind: kind.Enum, Enum: []string{"host", "private", "empty"}, Default: "host", at: func(p *Policy) any { return &p.Filesystem.Home },
				Doc: "The home directory: host, of which only what is granted is visible; private, a directory that is kept for this profile; or empty, in memory. Paths granted below the home appear in each of them.",
			},
			startupKey(),
			{
				Name: "arguments", Kind: kind.Enum, Enum: []string{"no", "read", "write"}, Default: "no", at: func(p *Policy) any { return &p.Filesystem.Arguments },
				Doc:     "Whether files named on the command line become visible: no, read or write.",
				Caution: "A program that is given a name by other means does not see the file.",
				Later:   "files from the command line",
			},
		},
	}
}

// startupKey describes what becomes of the two classes of @startup.
func startupKey() Key {
	uses := []string{"block", "report", "quarantine"}
	return Key{
		Name: "startup", Kind: kind.Mapping, Short: "tools",
		Doc: "What becomes of @startup in directories that the program may write. block: what exists is read-only, and what is made is taken away at once. report: it may be changed and made, and jail says at the end what is new or changed. quarantine: what exists is read-only, and what is made is moved away when the program has ended. What was moved away is in jail's state directory, and jail changes lists it. startup: block is short for startup: {tools: block}.",
		Keys: []Key{
			{
				Name: "automatic", Kind: kind.Enum, Enum: uses, Default: "block", at: func(p *Policy) any { return &p.Filesystem.Startup.Automatic },
				Doc:     "What other programs run or obey without anyone choosing to: the start-up files of shells and desktops in a home, and in a project what git, hg and jj obey, which prompts call.",
				Exempt:  "Name a single path under write: it may be changed and made then.",
				Caution: "What does not exist yet can exist for the moment, usually less than a millisecond when a processor is free, until it is taken away.",
			},
			{
				Name: "tools", Kind: kind.Enum, Enum: uses, Default: "report", at: func(p *Policy) any { return &p.Filesystem.Startup.Tools },
				Doc:    "What a tool obeys when it is used on the project: settings of editors, hook managers, workflows.",
				Exempt: "Name a single path under write.",
			},
		},
	}
}

// pathsKey describes one of the lists of paths. The mapping form of an entry
// has the keys that mean something in this list.
func pathsKey(name string, access Access, path kind.Kind, doc, exempt, caution string) Key {
	elem := &Key{Kind: kind.PathElement, access: access, Keys: []Key{{
		Name: "path", Kind: path, Required: true, Doc: "The path itself.",
	}}}
	elem.Keys = append(elem.Keys, entryKeys(access)...)
	return Key{
		Name: name, Kind: kind.List, Elem: elem, Group: "paths", access: access,
		Doc: doc, Exempt: exempt, Caution: caution,
		at: func(p *Policy) any { return &p.Filesystem.Rules },
	}
}

// entryKeys are the keys of an entry beside its path.
func entryKeys(access Access) []Key {
	required := Key{Name: "required", Kind: kind.Bool, Default: "false", Doc: "A path that does not exist is an error. Paths from the command line are always required."}
	size := Key{Name: "size", Kind: kind.Size, Doc: "The most that can be stored, in bytes, or with K, M, G or T."}
	switch access {
	case Read:
		return []Key{required, fromKey()}
	case Hide:
		return []Key{required}
	case Write:
		return []Key{{
			Name: "create", Kind: kind.Enum, Enum: []string{"directory", "file"},
			Doc: "Make the path on the host when it is missing: a directory (mode 0700) or an empty file (0600).",
		}, required, fromKey()}
	case Tmpfs:
		return []Key{
			size,
			{Name: "inodes", Kind: kind.Int, Doc: "The most files and directories that can be made."},
			{Name: "mode", Kind: kind.Mode, Default: "0755", Doc: `The permission bits, in octal and in quotes: "1777".`},
		}
	case Overlay:
		return []Key{
			{Name: "changes", Kind: kind.Enum, Enum: []string{"discard"}, Doc: "discard: the changes are gone when the program ends."},
			{Name: "keep", Kind: kind.PathRef, Doc: "A directory on the host that keeps the changes from run to run, for one jail at a time."},
			size, required, fromKey(),
		}
	}
	return nil
}

// fromKey says whose path an entry means.
func fromKey() Key {
	return Key{
		Name: "from", Kind: kind.Enum, Enum: []string{"root", "host"}, Default: "root",
		Doc: "Where the path is looked up when filesystem.root names a directory: in that root, or on the host. What is the host's appears at the same path, where the root must have a file or a directory to mount it on, unless a tmpfs is around it.",
	}
}
