package host

import (
	"golang.org/x/sys/unix"
)

// Stream is what the caller passes as standard input, output or error.
type Stream struct {
	Kind        StreamKind
	Read, Write bool // what the descriptor is open for
}

// StreamKind tells what open(2) of /proc/self/fd/N does: for some kinds it opens the file
// again, through the host's mount and with any access mode.
type StreamKind uint8

// The kinds of streams.
const (
	StreamPipe      StreamKind = iota // and sockets: nothing with a name
	StreamFile                        // a file of the host
	StreamDevice                      // a device, such as a terminal
	StreamDirectory                   // a directory, or a descriptor by O_PATH: what it leads to can't be bounded
)

// ReadStreams looks at what this process would pass on.
func ReadStreams() [3]Stream { return [...]Stream{ReadStream(0), ReadStream(1), ReadStream(2)} }

// ReadStream looks at a descriptor of the launcher.
func ReadStream(number int) Stream {
	var st unix.Stat_t
	if unix.Fstat(number, &st) != nil {
		return Stream{}
	}
	flags, err := unix.FcntlInt(uintptr(number), unix.F_GETFL, 0)
	if err != nil {
		return Stream{}
	}
	mode := flags & unix.O_ACCMODE
	s := Stream{Read: mode != unix.O_WRONLY, Write: mode != unix.O_RDONLY}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		s.Kind = StreamFile
	case unix.S_IFCHR, unix.S_IFBLK:
		s.Kind = StreamDevice
	case unix.S_IFDIR:
		s.Kind = StreamDirectory
	}
	if flags&unix.O_PATH != 0 {
		s.Kind = StreamDirectory
	}
	return s
}
