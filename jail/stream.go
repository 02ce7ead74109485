package jail

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/jail-project/jail/diag"
	"github.com/jail-project/jail/landlock"
)

// Stream is what the caller passes as standard input, output or error.
type Stream struct {
	Kind        StreamKind
	Read, Write bool // what the descriptor is open for
}

// StreamKind tells what /proc/self/fd makes of a descriptor: it opens the file
// behind it anew, through the host's mount and with rights of the opener's
// choice.
type StreamKind uint8

// The kinds of streams.
const (
	StreamPipe      StreamKind = iota // and sockets: nothing with a name
	StreamFile                        // a file of the host
	StreamDevice                      // a device, such as a terminal
	StreamDirectory                   // a directory, or a descriptor by O_PATH: what it leads to can't be bounded
)

var streamNames = [...]string{"standard input", "standard output", "standard error"}

// ReadStreams looks at what this process would pass on.
func ReadStreams() [3]Stream { return [...]Stream{readStream(0), readStream(1), readStream(2)} }

// readStream looks at a descriptor of the launcher.
func readStream(number int) Stream {
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

// rights are those that the descriptor gives already.
func (s *Stream) rights() landlock.FS {
	if s.Kind != StreamFile && s.Kind != StreamDevice {
		return 0
	}
	var r landlock.FS
	if s.Read {
		r |= landlock.ReadFile
	}
	if s.Write {
		r |= landlock.WriteFile | landlock.Truncate
	}
	if s.Kind == StreamDevice {
		r |= landlock.IoctlDev
	}
	return r
}

// refuseStreams refuses standard input, output and error through which more
// could be reached than was passed on.
func (k *compiler) refuseStreams() {
	k.plan.fileStreams = k.landlock.abi > 0 && !k.landlock.open
	if k.problems.HasErrors() {
		return
	}
	at := &k.p.Landlock.Use.At
	if k.landlock.open {
		at = &k.p.Namespaces.User.At
	}
	for _, d := range streamProblems(&k.h.Stdio, k.plan.fileStreams) {
		d.Subject = *at
		if k.landlock.open && d.Subject.IsZero() {
			d.Subject = *k.view.root.grant.at
		}
		k.problems = append(k.problems, d)
	}
}

// streamProblems says what is wrong with standard streams; files tells whether
// Landlock bounds what a file can be opened again for.
func streamProblems(stdio *[3]Stream, files bool) diag.List {
	var out diag.List
	for i := range stdio {
		switch {
		case stdio[i].Kind == StreamDirectory:
			out = append(out, diag.Diagnostic{
				Code:    CodeStream,
				Summary: streamNames[i] + " is a directory or is open for nothing, and everything around it would be in reach",
				Remedy:  "grant the directory with --read or --write, and redirect " + streamNames[i] + " to /dev/null",
			})
		case stdio[i].Kind == StreamFile && !files:
			out = append(out, diag.Diagnostic{
				Code:    CodeStream,
				Summary: streamNames[i] + " is a file, and this jail has no Landlock that keeps the program from opening it again with other rights",
				Notes:   []diag.Note{{Text: "Landlock is off or missing, or the jail shows the root directory as a whole and has nested user namespaces"}},
				Remedy:  "use a pipe, as in `cat FILE | jail …` or `jail … | cat >FILE`",
			})
		}
	}
	return out
}

// streams adds rules about standard input, output and error, which lie
// outside the tree: what may be done with the descriptor may be done after
// opening it anew, and no more.
func (b *builder) streams(tree, writes Slot, handled landlock.FS, stdio *[3]Stream) {
	for i := range stdio {
		rights := handled & stdio[i].rights()
		b.because("let the program open again", streamNames[i], nil)
		b.stream(tree, i, rights)
		b.stream(writes, i, rights&^landlock.Looking)
	}
}

// stream accepts EBADFD: a memfd is of no file system that has names, and not
// restricted.
func (b *builder) stream(ruleset Slot, number int, rights landlock.FS) {
	if rights == 0 {
		return
	}
	attr := &Block{Bytes: landlock.PathBeneathAttr(rights, int32(number)), Show: "{" + rights.String() + ", " + strconv.Itoa(number) + "}"}
	b.call("landlock_add_rule", unix.SYS_LANDLOCK_ADD_RULE, NoSlot, fd(ruleset), pathBeneath(), block(attr), num(0, "")).Accept = unix.EBADFD
}
