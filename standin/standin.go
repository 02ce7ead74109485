// Package standin keeps names free on the host while a jail runs. A name that
// does not exist cannot be mounted over, and what is not mounted over can be
// made by a program that may write the directory. So something stands there in
// the name of what is protected: programs outside find nothing in it, the jail
// mounts its own nothing over it, and it goes when the last jail ends that
// needs it. It knows nothing of jails.
package standin

import (
	"golang.org/x/sys/unix"
)

// Kind is what stands in for a path.
type Kind uint8

// The kinds of stand-ins. All but Directory are as good as absent to programs
// that follow the name.
const (
	// Link is a symbolic link that leads nowhere: whoever opens it gets
	// ENOENT. Those who list the directory see it.
	Link Kind = iota
	// Socket is a socket that nobody listens on, with no permissions. It
	// can't be opened. git, which lists links, passes over it in silence.
	Socket
	// CommonDir is the file .git/commondir with the meaning that its absence
	// has. git dies of one that can't be read (gitrepository-layout(5)).
	CommonDir
	// Directory is a directory in which others stand. It is usable, and stays
	// when somebody has used it.
	Directory
)

// Target is where every Link leads: below /proc, where nobody can make
// anything.
const Target = "/proc/.nothing-kept-absent-by-jail"

const commonDirText = ".\n"

// Modes that nobody else gives to such files. On a directory of one owner, and
// on a plain file, the sticky bit means nothing.
const (
	socketMode    = unix.S_IFSOCK
	commonDirMode = unix.S_IFREG | unix.S_ISVTX | 0o444
	directoryMode = unix.S_IFDIR | unix.S_ISVTX | 0o700
)

// Like tells whether a file has the mode and size of a stand-in that is there
// to be taken for nothing. Links are told by where they lead, directories are
// what they seem.
func Like(st *unix.Stat_t) bool {
	switch st.Mode {
	case socketMode:
		return true
	case commonDirMode:
		return st.Size == int64(len(commonDirText))
	}
	return false
}

// Entry is one path to stand in for: absolute, without symbolic links before
// the last component.
type Entry struct {
	Path string
	Kind Kind
}
