package launch

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// handed are directories of the jail that the child has opened for the launcher, by their
// number: see plan.StepHanded. A lock that one of them has ends with the launcher.
type handed struct {
	dirs map[int]int
	left map[int][]Entry
}

// Entry is a name in a directory of the jail.
type Entry struct {
	Name    string
	Regular bool // a file
	Pipe    bool // a socket or a named pipe, which holds nothing
}

func (h *handed) add(number, fd int) {
	if h == nil {
		_ = unix.Close(fd)
		return
	}
	if h.dirs == nil {
		h.dirs = map[int]int{}
	}
	h.dirs[number] = fd
}

// read lists the directories, when no process of the jail is left.
func (h *handed) read() {
	if h == nil {
		return
	}
	h.left = make(map[int][]Entry, len(h.dirs))
	for n, fd := range h.dirs {
		h.left[n] = entries(fd)
	}
}

func (h *handed) close() {
	if h == nil {
		return
	}
	for _, fd := range h.dirs {
		_ = unix.Close(fd)
	}
	h.dirs = nil
}

// Left is what the jail has left in a directory of Plan.Handed, as far as that was told
// before Wait returned.
func (p *Process) Left(number int) []Entry {
	if p.handed == nil {
		return nil
	}
	return p.handed.left[number]
}

// mostRead bounds what a program can make the launcher read.
const mostRead = 1 << 20

// entries lists an open directory: struct linux_dirent64 of getdents64(2).
func entries(fd int) (found []Entry) {
	const typeAt, nameAt = 18, 19
	buf := make([]byte, 32<<10)
	for read := 0; read < mostRead; {
		n, err := unix.Getdents(fd, buf)
		if err != nil || n <= 0 {
			break
		}
		read += n
		for rest := buf[:n]; len(rest) > nameAt; {
			size := int(binary.NativeEndian.Uint16(rest[16:]))
			if size <= nameAt || size > len(rest) {
				return found
			}
			name, _, _ := bytes.Cut(rest[nameAt:size], []byte{0})
			if s := string(name); s != "." && s != ".." {
				kind := rest[typeAt]
				found = append(found, Entry{s, kind == unix.DT_REG, kind == unix.DT_SOCK || kind == unix.DT_FIFO})
			}
			rest = rest[size:]
		}
	}
	return found
}
