// Package placeholder blocks the creation of files on the host while a jail runs.
// A name that does not exist cannot be mounted over, and a program that may write
// the directory can create it. So the launcher makes a placeholder of that name,
// which programs outside find no content in; the jail mounts a link that leads
// nowhere over it; and the last jail that needs the placeholder removes it. The
// package knows nothing of jails but the pids of their inits.
package placeholder

import (
	"golang.org/x/sys/unix"
)

// Kind is what a placeholder is.
type Kind uint8

// The kinds of placeholders. All but Directory are as good as absent to programs
// that follow the name.
const (
	// Link is a symbolic link that leads nowhere: open(2) gives ENOENT. A
	// listing of the directory shows it.
	Link Kind = iota
	// Socket is a socket that nobody listens on, with no permissions. It
	// can't be opened. git, which lists links, passes over it in silence.
	Socket
	// CommonDir is the file .git/commondir with a content that means the same as
	// no file. git dies of one that can't be read (gitrepository-layout(5)).
	CommonDir
	// Directory is a directory that holds other placeholders. Programs can use
	// it, and it stays when it holds anything else at the end.
	Directory
)

// Target is where every Link leads: below /proc, where nobody can make
// anything.
const Target = "/proc/.blocked-by-jail"

const commonDirText = ".\n"

// The modes of placeholders, which nobody else gives to such files. On a directory
// that only its owner can write, and on a plain file, the sticky bit does nothing.
const (
	socketMode    = unix.S_IFSOCK
	commonDirMode = unix.S_IFREG | unix.S_ISVTX | 0o444
	directoryMode = unix.S_IFDIR | unix.S_ISVTX | 0o700
)

// Like tells whether a file has the mode and size of a Socket or CommonDir. A Link
// is known by its target, and a Directory counts as an ordinary one.
func Like(st *unix.Stat_t) bool {
	switch st.Mode {
	case socketMode:
		return true
	case commonDirMode:
		return st.Size == int64(len(commonDirText))
	}
	return false
}

// Entry is one placeholder to make. Its path is absolute, without symbolic links
// before the last component.
type Entry struct {
	Path string
	Kind Kind
}
